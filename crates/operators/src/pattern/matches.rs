//! Complete matches on their way to the selection.

use std::sync::Arc;

use weir_event::{Chunk, Key, Kind, NO_ROW};
use weir_expr::{Chains, Fault, Input, Rows, Source};

use super::condition::{Seen, single, which};
use super::kept::Kept;
use super::partial::{Head, Partials};
use super::spec::ViewOf;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::select::{Selected, Selector};

/// One slot of the selection.
#[derive(Debug)]
struct View {
    seen: Seen,
    stream: usize,
    /// Whether anything looks at it.
    used: bool,
    counted: bool,
    /// One row a match or, for all events of an element, the number of a chain.
    rows: Vec<u32>,
    chain_ends: Vec<u32>,
    chain_rows: Vec<u32>,
}

/// Complete matches of one call, in order, each with the events that the selection looks at.
#[derive(Debug, Default)]
pub(super) struct Matches {
    views: Vec<View>,
    flow: Flow,
    /// Where the matches end that leave as one chunk.
    groups: Vec<u32>,
    /// The rows that are held until the next call.
    held: Vec<(usize, u32)>,
}

impl Matches {
    pub(super) fn new(views: impl Iterator<Item = (Seen, usize, bool, bool)>) -> Self {
        let view = |(seen, stream, counted, used)| View {
            seen,
            stream,
            used,
            counted,
            rows: Vec::new(),
            chain_ends: Vec::new(),
            chain_rows: Vec::new(),
        };
        Self { views: views.map(view).collect(), ..Self::default() }
    }

    /// Starts a call: what the one before put out is let go.
    pub(super) fn begin(&mut self, kept: &mut [Kept]) {
        for (stream, row) in self.held.drain(..) {
            kept[stream].release(row);
        }
        if self.flow.is_empty() {
            return;
        }
        self.flow.clear();
        self.groups.clear();
        for view in &mut self.views {
            view.rows.clear();
            view.chain_ends.clear();
            view.chain_rows.clear();
        }
    }

    /// Adds a match; `joins` says whether it leaves in one chunk with the one before.
    pub(super) fn add(
        &mut self,
        partial: u32,
        partials: &Partials,
        kept: &mut [Kept],
        place: (i64, Key, bool),
    ) {
        self.add_views(partial, partials, kept);
        self.reserve(partials.head(partial), place);
    }

    /// Notes the events of the next match that has a place but no events yet.
    pub(super) fn add_views(&mut self, partial: u32, partials: &Partials, kept: &mut [Kept]) {
        for view in &mut self.views {
            if !view.used {
                continue;
            }
            let Seen { step, which: of } = view.seen;
            if view.counted && of == ViewOf::All {
                view.rows.push(view.chain_ends.len() as u32);
                let chain = partials.chain(partial, step);
                view.chain_rows.extend_from_slice(chain);
                view.chain_ends.push(view.chain_rows.len() as u32);
                for row in chain {
                    kept[view.stream].hold(*row);
                    self.held.push((view.stream, *row));
                }
                continue;
            }
            let row = if view.counted {
                which(partials.chain(partial, step), of)
            } else {
                single(partials.slot(partial, step), of)
            };
            if row != NO_ROW {
                kept[view.stream].hold(row);
                self.held.push((view.stream, row));
            }
            view.rows.push(row);
        }
    }

    /// Makes a place for a match whose events follow.
    pub(super) fn reserve(&mut self, head: &Head, (now, key, joins): (i64, Key, bool)) {
        let kind = if head.expired { Kind::Expired } else { Kind::Current };
        self.flow.push(0, kind, head.time);
        self.flow.end_chunk(now, key);
        if joins && let Some(last) = self.groups.last_mut() {
            *last += 1;
        } else {
            self.groups.push(self.flow.len() as u32);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.flow.len()
    }

    /// The match at a place shows this time.
    pub(super) fn settle(&mut self, place: u32, time: i64) {
        self.flow.times[place as usize] = time;
    }

    /// What the selector makes of the matches: each is a chunk for it.
    pub(super) fn select(
        &self,
        cx: &Cx<'_>,
        kept: &[Kept],
        selector: &mut Selector,
    ) -> Result<Selected, Fault> {
        if self.flow.is_empty() {
            return Ok(Selected::default());
        }
        if self.groups.len() == self.flow.len() {
            return self.select_range(0, self.flow.len(), cx, kept, selector);
        }
        let mut whole = Selected::default();
        let mut start = 0;
        let mut at = 0;
        while at < self.groups.len() {
            let mut end = self.groups[at] as usize;
            at += 1;
            let several = end > start + 1;
            while !several
                && let Some(next) = self.groups.get(at)
                && *next as usize == end + 1
            {
                end += 1;
                at += 1;
            }
            let mut part = self.select_range(start, end, cx, kept, selector)?;
            start = end;
            if several && let Some(last) = part.chunks.pop() {
                part.chunks.clear();
                part.chunks.push(last);
            }
            append(&mut whole, part);
        }
        Ok(whole)
    }

    fn select_range(
        &self,
        start: usize,
        end: usize,
        cx: &Cx<'_>,
        kept: &[Kept],
        selector: &mut Selector,
    ) -> Result<Selected, Fault> {
        let inputs: Vec<Input<'_>> = self
            .views
            .iter()
            .map(|view| {
                if !view.used {
                    return Input::NOTHING;
                }
                let rows = Rows::List(&view.rows[start..end]);
                let all = view.counted && view.seen.which == ViewOf::All;
                let chain =
                    all.then_some(Chains { ends: &view.chain_ends, rows: &view.chain_rows });
                let source = Source::Store(&kept[view.stream].store);
                Input { source, rows, shown_at: None, chain }
            })
            .collect();
        if start == 0 && end == self.flow.len() {
            return selector.select(cx, &inputs, &self.flow);
        }
        let mut flow = Flow::default();
        for at in start..end {
            flow.push(0, self.flow.kinds[at], self.flow.times[at]);
            let Chunk { now, key, .. } = self.flow.chunks[at];
            flow.end_chunk(now, key);
        }
        selector.select(cx, &inputs, &flow)
    }
}

/// Adds the rows of `part` behind those of `whole`.
fn append(whole: &mut Selected, part: Selected) {
    if part.batch.is_empty() {
        return;
    }
    if whole.batch.is_empty() {
        *whole = part;
        return;
    }
    let before = whole.batch.len() as u32;
    let rows = 0..part.batch.len();
    Arc::make_mut(&mut whole.batch.timestamps).extend_from_slice(&part.batch.timestamps);
    for (column, from) in whole.batch.columns.iter_mut().zip(&part.batch.columns) {
        std::sync::Arc::make_mut(column).extend_rows(from, rows.clone());
    }
    whole.kinds.extend(part.kinds);
    whole.groups.extend(part.groups);
    whole.chunks.extend(part.chunks.into_iter().map(|it| Chunk { end: it.end + before, ..it }));
}
