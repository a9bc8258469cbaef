//! When the batches of a tumbling window are complete, for a query that needs no more of them than
//! their aggregates.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Key;

use super::rows::Keyed;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// The clock of a `timeBatch`: its first event starts it, and it ticks for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    /// How long a batch is; more than 0.
    pub(super) time_ms: i64,
    /// What the ticks are aligned to.
    pub(super) start_ms: Option<i64>,
}

impl Ticks {
    /// Starts the clock with the first event of a key.
    pub(super) fn start(self, cx: &mut Cx<'_>, next: &mut Option<i64>, now: i64, key: Key) {
        if next.is_none() {
            let passed = self.start_ms.map_or(0, |start| now.wrapping_sub(start) % self.time_ms);
            let first = now.saturating_add(self.time_ms - passed);
            *next = Some(first);
            cx.wake_at(first, key);
        }
    }

    /// Whether the tick of a key is due; then the next one is asked for.
    pub(super) fn tick(self, cx: &mut Cx<'_>, next: &mut Option<i64>, now: i64, key: Key) -> bool {
        let Some(due) = next.filter(|due| now >= *due) else { return false };
        let after = due.saturating_add(self.time_ms);
        *next = Some(after);
        cx.wake_at(after, key);
        true
    }

    /// As [`super::Window::min_wait_ms`].
    pub(super) fn min_wait_ms(self) -> i64 {
        if self.start_ms.is_some() { 1 } else { self.time_ms }
    }
}

/// A batch of one key is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The place after its last row.
    pub end: u32,
    /// The clock then.
    pub now: i64,
    /// Whose batch.
    pub key: Key,
}

/// When the batches of a tumbling window are complete; its rows are nowhere.
#[derive(Debug)]
pub struct Rounds(Kind);

#[derive(Debug)]
enum Kind {
    /// After so many events; by key, how many of them have come.
    Length(u32, Keyed<u32>),
    /// At each tick; by key, when the next one is due.
    Time(Ticks, Keyed<Option<i64>>),
}

impl Rounds {
    /// Those of `lengthBatch(length)`.
    pub(super) fn of_length(length: u32) -> Self {
        Self(Kind::Length(length.max(1), Keyed::new()))
    }

    /// Those of `timeBatch`.
    pub(super) fn of_time(ticks: Ticks) -> Self {
        Self(Kind::Time(ticks, Keyed::new()))
    }

    /// Takes arriving rows and adds where batches become complete.
    pub fn take(&mut self, cx: &mut Cx<'_>, flow: &Flow, cuts: &mut Vec<Cut>) {
        for (range, chunk) in flow.chunk_ranges() {
            let (now, key) = (chunk.now, chunk.key);
            match &mut self.0 {
                Kind::Length(length, counts) => {
                    let count = counts.at(key);
                    let (mut from, end) = (range.start as u32, range.end as u32);
                    while end - from >= *length - *count {
                        from += *length - *count;
                        *count = 0;
                        cuts.push(Cut { end: from, now, key });
                    }
                    *count += end - from;
                }
                Kind::Time(ticks, next) => {
                    let next = next.at(key);
                    ticks.start(cx, next, now, key);
                    // A tick that is late in live time takes the events that find it so with it.
                    if ticks.tick(cx, next, now, key) {
                        cuts.push(Cut { end: range.end as u32, now, key });
                    }
                }
            }
        }
    }

    /// Whether the batch of a key is complete, now that its clock shows `now`.
    pub fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) -> bool {
        match &mut self.0 {
            Kind::Length(..) => false,
            Kind::Time(ticks, next) => {
                next.get_mut(key).is_some_and(|next| ticks.tick(cx, next, now, key))
            }
        }
    }

    /// As [`super::Window::min_wait_ms`].
    #[must_use]
    pub fn min_wait_ms(&self) -> Option<i64> {
        match &self.0 {
            Kind::Length(..) => None,
            Kind::Time(ticks, _) => Some(ticks.min_wait_ms()),
        }
    }

    /// Forgets everything of one key.
    pub fn drop_key(&mut self, key: Key) {
        match &mut self.0 {
            Kind::Length(_, counts) => drop(counts.remove(key)),
            Kind::Time(_, next) => drop(next.remove(key)),
        }
    }

    /// Writes the state of all keys.
    pub fn save(&self, w: &mut Writer) {
        w.u8(1);
        match &self.0 {
            Kind::Length(_, counts) => {
                w.len(counts.all().len());
                counts.all().iter().for_each(|count| w.u32(*count));
            }
            Kind::Time(_, next) => {
                w.len(next.all().len());
                next.all().iter().for_each(|next| w.option(*next, Writer::i64));
            }
        }
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a state.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        let count = r.len()?;
        match &mut self.0 {
            Kind::Length(length, counts) => {
                counts.clear();
                for _ in 0..count {
                    // Always less than a batch.
                    counts.push(r.u32()?.min(*length - 1));
                }
            }
            Kind::Time(_, next) => {
                next.clear();
                for _ in 0..count {
                    next.push(r.option(Reader::i64)?);
                }
            }
        }
        Ok(())
    }
}
