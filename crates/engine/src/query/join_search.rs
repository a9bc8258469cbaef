//! How a row of one side of a join finds its partners on the other.

use std::ops::Range;
use std::sync::Arc;

use weir_event::{Batch, Chunk, Key, Kind, NO_ROW, RowStore};
use weir_expr::{Expr, Fault, Input, Rows, Scope, Source};
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow};

use super::World;
use super::handler::{Held, ending};
use super::join::{JoinSide, Joined, SideOrigin};
use super::join_index::Index;
use crate::aggregation::{Asked, NamedAggregation, read};

/// How one side's rows look for partners.
#[derive(Clone, Copy)]
pub(super) struct Trigger {
    /// Whether a row without a partner goes on alone.
    pub kept: bool,
    /// The side holds nothing: aggregates start again after each of its events.
    pub windowless: bool,
}

/// Looks for partners of one side's rows on the other side.
pub(super) struct Search<'a> {
    pub side: usize,
    pub other: &'a JoinSide,
    pub on: Option<&'a Expr>,
    pub equality: Option<[usize; 2]>,
    pub exact: bool,
    pub expired_wanted: bool,
    pub world: World<'a>,
}

/// The rows of an aggregation or a store that one chunk's triggers asked for.
#[derive(Default)]
struct Drawn {
    batch: Batch,
    /// What was asked last, and where its rows are.
    last: Option<(Asked, Range<u32>)>,
}

impl Drawn {
    /// The rows of the aggregation for one trigger.
    fn rows(&mut self, aggregation: &NamedAggregation, asked: Asked) -> Result<Range<u32>, Fault> {
        if let Some((before, rows)) = &self.last
            && *before == asked
        {
            return Ok(rows.clone());
        }
        let rows = self.add(read(aggregation, asked)?);
        self.last = Some((asked, rows.clone()));
        Ok(rows)
    }

    /// Adds rows; where they are.
    fn add(&mut self, more: Batch) -> Range<u32> {
        let start = self.batch.len() as u32;
        let rows = start..start + more.len() as u32;
        if self.batch.columns.is_empty() {
            self.batch = more;
        } else {
            Arc::make_mut(&mut self.batch.timestamps).extend_from_slice(&more.timestamps);
            for (column, from) in self.batch.columns.iter_mut().zip(&more.columns) {
                Arc::make_mut(column).extend(from);
            }
        }
        rows
    }

    fn source(&self) -> Source<'_> {
        Source::Batch { columns: &self.batch.columns, timestamps: &self.batch.timestamps }
    }
}

impl Search<'_> {
    pub(super) fn run(
        &self,
        how: Trigger,
        cx: &Cx<'_>,
        held: &Held<'_>,
        flow: &Flow,
        selector: &mut Selector,
        scratch: &mut Vec<u32>,
    ) -> Result<Selected, Fault> {
        let mut all = Selected::default();
        let mine = held.source();
        if let Some(joined) = self.by_key(how, cx, mine, flow, selector)? {
            if joined.flow.is_empty() {
                return Ok(all);
            }
            return selector.select(
                cx,
                &self.inputs(mine, &joined, &Drawn::default()),
                &joined.flow,
            );
        }
        for (range, chunk) in flow.chunk_ranges() {
            let (mut joined, mut drawn) = (Joined::default(), Drawn::default());
            for place in range {
                scratch.clear();
                if self.is_joined(flow.kinds[place]) {
                    self.partners(flow.rows[place], cx, mine, chunk, scratch, &mut drawn)?;
                }
                self.trigger(place, how, flow, chunk, scratch, &mut joined);
            }
            if joined.flow.is_empty() {
                continue;
            }
            let inputs = self.inputs(mine, &joined, &drawn);
            let mut selected = selector.select(cx, &inputs, &joined.flow)?;
            // The rows of all triggers of a chunk leave as one chunk.
            if let Some(last) = selected.chunks.last().copied() {
                selected.chunks = vec![ending(last, selected.batch.len())];
            }
            append(&mut all, selected);
        }
        Ok(all)
    }

    /// The inputs of the selector: the joined rows of both sides.
    fn inputs<'j>(
        &'j self,
        mine: Source<'j>,
        joined: &'j Joined,
        drawn: &'j Drawn,
    ) -> [Input<'j>; 2] {
        let input = |source, rows| Input {
            source,
            rows: Rows::List(rows),
            shown_at: Some(&joined.flow.times[..]),
            chain: None,
        };
        let mine = input(mine, &joined.mine);
        let other = input(self.other_source(drawn), &joined.other);
        if self.side == 0 { [mine, other] } else { [other, mine] }
    }

    /// All rows at once with the one row of a table that has their key, where the rows' chunks
    /// make no difference.
    fn by_key(
        &self,
        how: Trigger,
        cx: &Cx<'_>,
        mine: Source<'_>,
        flow: &Flow,
        selector: &Selector,
    ) -> Result<Option<Joined>, Fault> {
        let SideOrigin::Table(table, Some(condition)) = &self.other.origin else { return Ok(None) };
        let table = &self.world.tables[*table];
        let plain = flow.kinds.iter().all(|kind| *kind == Kind::Current);
        let rowwise = plain && selector.is_rowwise() && !self.expired_wanted && !how.windowless;
        let Some(key) = table.single_key(condition).filter(|_| rowwise) else { return Ok(None) };
        let me = Input::new(mine, Rows::List(&flow.rows));
        let inputs = self.alone(me);
        let env = cx.env(flow.chunks.last().map_or(0, |chunk| chunk.now));
        let keys = key.eval(&Scope { inputs: &inputs, len: flow.len(), env: &env })?;
        let mut found = Vec::with_capacity(flow.len());
        table.find_each(&keys, flow.len(), &mut found);
        let mut joined = Joined::default();
        for (range, chunk) in flow.chunk_ranges() {
            for place in range {
                if found[place] != NO_ROW || how.kept {
                    joined.flow.push(flow.rows[place], Kind::Current, flow.times[place]);
                    joined.mine.push(flow.rows[place]);
                    joined.other.push(found[place]);
                }
            }
            joined.flow.end_chunk(chunk.now, chunk.key);
        }
        Ok(Some(joined))
    }

    /// Whether rows of a kind are joined.
    fn is_joined(&self, kind: Kind) -> bool {
        match kind {
            Kind::Current => true,
            Kind::Expired => self.expired_wanted,
            Kind::Timer | Kind::Reset => false,
        }
    }

    /// One row of a chunk with its partners.
    fn trigger(
        &self,
        place: usize,
        how: Trigger,
        flow: &Flow,
        chunk: Chunk,
        partners: &[u32],
        joined: &mut Joined,
    ) {
        let (row, kind, time) = (flow.rows[place], flow.kinds[place], flow.times[place]);
        match kind {
            Kind::Timer => return,
            Kind::Reset => joined.push(NO_ROW, NO_ROW, Kind::Reset, time),
            Kind::Expired if !self.expired_wanted => return,
            Kind::Current | Kind::Expired => {
                let kinds: &[Kind] = match (how.windowless, self.expired_wanted) {
                    (true, true) => &[Kind::Current, Kind::Expired],
                    (true, false) | (false, _) => std::slice::from_ref(&flow.kinds[place]),
                };
                for kind in kinds {
                    // Without a window an event leaves at once, by the clock.
                    let leaves = how.windowless && *kind == Kind::Expired;
                    let time = if leaves { chunk.now } else { time };
                    for partner in partners {
                        joined.push(row, *partner, *kind, time);
                    }
                    if partners.is_empty() && how.kept {
                        joined.push(row, NO_ROW, *kind, time);
                    }
                    // Each trigger's rows are a chunk of their own for the selector.
                    joined.flow.end_chunk(chunk.now, chunk.key);
                }
                if how.windowless {
                    joined.push(NO_ROW, NO_ROW, Kind::Reset, time);
                }
            }
        }
        joined.flow.end_chunk(chunk.now, chunk.key);
    }

    fn other_source<'j>(&'j self, drawn: &'j Drawn) -> Source<'j> {
        match &self.other.origin {
            SideOrigin::Stream => match &self.other.single.window {
                Some(window) => Source::Store(window.store()),
                None => Source::Nothing,
            },
            SideOrigin::Window(window) => Source::Store(self.world.windows[*window].window.store()),
            SideOrigin::Table(table, _) if self.world.tables[*table].is_outside() => drawn.source(),
            SideOrigin::Table(table, _) => Source::Store(self.world.tables[*table].store()),
            SideOrigin::Aggregation(_) => drawn.source(),
        }
    }

    /// The index of the other side, over which rows, and under which key they are there.
    fn indexed(&self, key: Key) -> Option<(&Index, &RowStore, Key, [usize; 2])> {
        let columns = self.equality?;
        match &self.other.origin {
            SideOrigin::Stream => {
                let window = self.other.single.window.as_ref()?;
                Some((self.other.index.as_ref()?, window.store(), key, columns))
            }
            SideOrigin::Window(window) => {
                let window = &self.world.windows[*window];
                let index = window.index(columns[1 - self.side])?;
                Some((index, window.window.store(), Key(0), columns))
            }
            SideOrigin::Table(..) | SideOrigin::Aggregation(_) => None,
        }
    }

    /// The inputs while only this side's row is known.
    fn alone<'j>(&self, me: Input<'j>) -> [Input<'j>; 2] {
        if self.side == 0 { [me, Input::NOTHING] } else { [Input::NOTHING, me] }
    }

    /// The rows of the other side that belong to a row of this one, in the order they are held.
    fn partners(
        &self,
        row: u32,
        cx: &Cx<'_>,
        mine: Source<'_>,
        chunk: Chunk,
        rows: &mut Vec<u32>,
        drawn: &mut Drawn,
    ) -> Result<(), Fault> {
        let env = cx.env(chunk.now);
        let me = Input::new(mine, Rows::Same(row));
        if let SideOrigin::Table(table, condition) = &self.other.origin {
            let table = &self.world.tables[*table];
            let Some(condition) = condition else {
                table.all(rows);
                return Ok(());
            };
            let inputs = self.alone(me);
            let scope = Scope { inputs: &inputs, len: 1, env: &env };
            if table.is_outside() {
                rows.extend(drawn.add(table.draw(condition, &scope, 0)?));
                return Ok(());
            }
            return table.find(condition, &scope, 0, rows);
        }
        if let Some((index, store, key, columns)) = self.indexed(chunk.key) {
            let value = mine.value(row, columns[self.side]);
            if let Some(probe) = Index::probe_value(key, &value) {
                rows.extend(index.find(store, probe));
            }
            if self.exact || rows.is_empty() {
                return Ok(());
            }
        } else {
            match &self.other.origin {
                SideOrigin::Window(window) => {
                    self.world.windows[*window].window.find(Key(0), rows);
                }
                SideOrigin::Stream => {
                    if let Some(window) = &self.other.single.window {
                        window.find(chunk.key, rows);
                    }
                }
                SideOrigin::Aggregation(asking) => {
                    let inputs = self.alone(me);
                    let asked = asking.asked(&Scope { inputs: &inputs, len: 1, env: &env }, 0)?;
                    let aggregation = &self.world.aggregations[asking.aggregation];
                    rows.extend(drawn.rows(aggregation, asked)?);
                }
                SideOrigin::Table(..) => {}
            }
        }
        let Some(on) = self.on else { return Ok(()) };
        if rows.is_empty() {
            return Ok(());
        }
        let mut places = Vec::new();
        let they = Input::new(self.other_source(drawn), Rows::List(rows));
        let inputs = if self.side == 0 { [me, they] } else { [they, me] };
        on.select(&Scope { inputs: &inputs, len: rows.len(), env: &env }, &mut places)?;
        let kept: Vec<u32> = places.iter().map(|place| rows[*place as usize]).collect();
        *rows = kept;
        Ok(())
    }
}

/// Puts one selection behind another.
pub(super) fn append(all: &mut Selected, more: Selected) {
    if all.batch.is_empty() {
        *all = more;
        return;
    }
    let before = all.batch.len() as u32;
    Arc::make_mut(&mut all.batch.timestamps).extend_from_slice(&more.batch.timestamps);
    for (column, from) in all.batch.columns.iter_mut().zip(&more.batch.columns) {
        std::sync::Arc::make_mut(column).extend(from);
    }
    all.kinds.extend(more.kinds);
    all.groups.extend(more.groups);
    all.chunks.extend(more.chunks.iter().map(|it| Chunk { end: it.end + before, ..*it }));
}
