//! `unique:timeBatch`, `unique:firstTimeBatch` and `unique:timeLengthBatch`: emit what came
//! within `t`, one event a key.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, RowStore};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::batch::{UniqueBatch, Which};
use super::key::UniqueKey;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// What a window of batches by time was asked to do.
#[derive(Debug, Clone)]
pub(super) struct UniqueTimes {
    pub(super) unique: UniqueKey,
    pub(super) which: Which,
    /// How long a batch is; more than 0.
    pub(super) time_ms: i64,
    /// What the ticks are aligned to.
    pub(super) start_ms: Option<i64>,
    /// With how many keys a batch is complete before its time.
    pub(super) length: Option<usize>,
}

/// Emits what came within `t`, one event a key.
///
/// A key's first event starts a clock that ticks every `t` for ever. Each tick emits
/// `EXPIRED(batch before)* RESET CURRENT(batch)*`. With a length the batch comes as soon as it has
/// so many keys; then all else is left out up to the next tick, which emits nothing.
#[derive(Debug)]
pub(super) struct TimeBatchWindow {
    asked: UniqueTimes,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    batch: UniqueBatch,
    /// When the next tick is due; `None` before the first event.
    next_tick: Option<i64>,
    /// Whether the batch of this tick was complete before its time.
    sent: bool,
}

impl TimeBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(asked: UniqueTimes, types: &[DataType]) -> Self {
        Self { asked, rows: Rows::new(types), keys: Keyed::new() }
    }

    fn first_tick(&self, now: i64) -> i64 {
        let (start_ms, time_ms) = (self.asked.start_ms, self.asked.time_ms);
        let passed = start_ms.map_or(0, |start| now.wrapping_sub(start) % time_ms);
        now.saturating_add(time_ms - passed)
    }

    /// Whether the tick of a key is due; then the next one is asked for.
    fn tick(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) -> bool {
        let time_ms = self.asked.time_ms;
        let Some(state) = self.keys.get_mut(key) else { return false };
        let Some(due) = state.next_tick.filter(|due| now >= *due) else { return false };
        let next = due.saturating_add(time_ms);
        state.next_tick = Some(next);
        cx.wake_at(next, key);
        true
    }

    /// Takes the rows that arrived with a chunk in; whether they complete the batch.
    fn collect(&mut self, cx: &mut Cx<'_>, arrived: &[u32], now: i64, key: Key) -> bool {
        let state = self.keys.at(key);
        for (i, row) in arrived.iter().copied().enumerate() {
            match self.asked.unique.of(cx, &self.rows.store, row, now) {
                Ok(unique) => state.batch.add(self.asked.which, unique, row, &mut self.rows),
                Err(fault) => {
                    cx.faults.push(fault);
                    self.rows.leave(row);
                }
            }
            if self.asked.length == Some(state.batch.collecting.len()) {
                self.rows.leave_all(&arrived[i + 1..]);
                return true;
            }
        }
        false
    }
}

impl Window for TimeBatchWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let (now, key) = (chunk.now, chunk.key);
            if self.keys.at(key).next_tick.is_none() {
                let first = self.first_tick(now);
                self.keys.at(key).next_tick = Some(first);
                cx.wake_at(first, key);
            }
            // A tick that is late in live time takes the events that find it so with it.
            let due = self.tick(cx, now, key);
            if self.keys.at(key).sent {
                self.keys.at(key).sent = !due;
                self.rows.leave_arrived(range);
                continue;
            }
            let arrived = self.rows.arrived[range].to_vec();
            let complete = self.collect(cx, &arrived, now, key);
            let state = self.keys.at(key);
            state.sent = complete;
            if due || complete {
                state.batch.flush(&mut self.rows, now, out);
            }
            out.end_chunk(now, key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        if self.tick(cx, now, key) {
            let state = self.keys.at(key);
            if !std::mem::take(&mut state.sent) {
                state.batch.flush(&mut self.rows, now, out);
                out.end_chunk(now, key);
            }
        }
    }

    fn min_wait_ms(&self) -> Option<i64> {
        Some(if self.asked.start_ms.is_some() { 1 } else { self.asked.time_ms })
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend_from_slice(&state.batch.done);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.batch.forget(&mut self.rows);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.batch.save(w, &self.rows.store);
            w.option(state.next_tick, Writer::i64);
            w.bool(state.sent);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let batch = UniqueBatch::load(r, &mut self.rows.store)?;
            let next_tick = r.option(Reader::i64)?;
            self.keys.push(State { batch, next_tick, sent: r.bool()? });
        }
        Ok(())
    }
}
