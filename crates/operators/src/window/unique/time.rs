//! `unique:time(key, t)`: holds the newest event of each key that arrived within the last `t`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::key::UniqueKey;
use super::newest::Newest;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `unique:time(key, t)`: holds the newest event of each key that arrived within the last `t`.
///
/// An arrival emits the event of its key as expired, then those whose timestamp is `t` or more
/// behind the clock, then itself.
#[derive(Debug)]
pub(super) struct TimeWindow {
    unique: UniqueKey,
    time_ms: i64,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone)]
struct State {
    held: Newest,
    /// The newest timestamp so far: only an event newer than all before asks for a wake-up.
    newest: i64,
    /// When the one wake-up that is pending is due.
    awaited: Option<i64>,
}

impl Default for State {
    fn default() -> Self {
        Self { held: Newest::default(), newest: i64::MIN, awaited: None }
    }
}

impl State {
    fn leave_due(&mut self, rows: &mut Rows, time_ms: i64, now: i64, out: &mut Flow) {
        while let Some(oldest) = self.held.front()
            && rows.store.timestamp(oldest).saturating_add(time_ms) <= now
        {
            self.held.pop_front();
            out.push(oldest, Kind::Expired, now);
            rows.leave(oldest);
        }
    }

    fn await_row(&mut self, cx: &mut Cx<'_>, time: i64, time_ms: i64, key: Key) {
        if self.awaited.is_none() {
            let due = time.saturating_add(time_ms);
            self.awaited = Some(due);
            cx.wake_at(due, key);
        }
    }
}

impl TimeWindow {
    /// A window over rows of these types.
    pub(super) fn new(unique: UniqueKey, time_ms: i64, types: &[DataType]) -> Self {
        Self { unique, time_ms, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for TimeWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let state = self.keys.at(chunk.key);
            for i in range {
                let (row, time) = (self.rows.arrived[i], input.times[i]);
                let key = match self.unique.of(cx, &self.rows.store, row, chunk.now) {
                    Ok(key) => key,
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                        continue;
                    }
                };
                if let Some(old) = state.held.put(key, row) {
                    out.push(old, Kind::Expired, chunk.now);
                    self.rows.leave(old);
                }
                if state.newest < time {
                    state.newest = time;
                    state.await_row(cx, time, self.time_ms, chunk.key);
                }
                state.leave_due(&mut self.rows, self.time_ms, chunk.now, out);
                out.push(row, Kind::Current, time);
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(state) = self.keys.get_mut(key) else { return };
        state.leave_due(&mut self.rows, self.time_ms, now, out);
        out.end_chunk(now, key);
        state.awaited = state.awaited.filter(|due| *due > now);
        if let Some(oldest) = state.held.front() {
            state.await_row(cx, self.rows.store.timestamp(oldest), self.time_ms, key);
        }
    }

    fn min_wait_ms(&self) -> Option<i64> {
        Some(self.time_ms)
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend(state.held.rows());
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.held.rows().for_each(|row| self.rows.leave(row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.held.save(w, &self.rows.store);
            w.i64(state.newest);
            w.option(state.awaited, Writer::i64);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let held = Newest::load(r, &mut self.rows.store)?;
            let (newest, awaited) = (r.i64()?, r.option(Reader::i64)?);
            self.keys.push(State { held, newest, awaited });
        }
        Ok(())
    }
}
