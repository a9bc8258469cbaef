//! `time(t)`: holds what arrived within the last `t`.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::rows::{Keyed, Rows};
use super::{Mode, Window};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `time(t)`: holds what arrived within the last `t`.
///
/// With each arrival and each wake-up the oldest events leave, as long as their timestamp is `t`
/// or more behind the clock; an arrival itself comes after those it pushed out. Events are held
/// in order of arrival, so a late one waits behind those before it; and only an event newer than
/// all before it asks for a wake-up, so a late one alone waits for whatever comes next.
#[derive(Debug)]
pub(super) struct TimeWindow {
    time_ms: i64,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone)]
struct State {
    /// The rows in order of arrival.
    held: VecDeque<u32>,
    /// The newest timestamp so far.
    newest: i64,
    /// When the pending wake-up is due: that of the oldest row held, or of one that has left. A
    /// row at the front that asked for none is due already.
    awaited: Option<i64>,
}

impl Default for State {
    fn default() -> Self {
        Self { held: VecDeque::new(), newest: i64::MIN, awaited: None }
    }
}

impl State {
    /// Emits the rows at the front that are due.
    #[inline]
    fn expire(&mut self, rows: &mut Rows, time_ms: i64, now: i64, out: &mut Flow) {
        while let Some(oldest) = self.held.front().copied()
            && rows.store.timestamp(oldest).saturating_add(time_ms) <= now
        {
            self.held.pop_front();
            out.push(oldest, Kind::Expired, now);
            rows.leave(oldest);
        }
    }
}

impl TimeWindow {
    /// A window over rows of these types.
    pub(super) fn new(time_ms: i64, types: &[DataType]) -> Self {
        Self { time_ms, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for TimeWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let state = self.keys.at(chunk.key);
            for i in range {
                state.expire(&mut self.rows, self.time_ms, chunk.now, out);
                let (row, time) = (self.rows.arrived[i], input.times[i]);
                state.held.push_back(row);
                out.push(row, Kind::Current, time);
                if state.newest < time {
                    state.newest = time;
                    if state.awaited.is_none() {
                        let due = time.saturating_add(self.time_ms);
                        state.awaited = Some(due);
                        cx.wake_at(due, chunk.key);
                    }
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(state) = self.keys.get_mut(key) else { return };
        state.expire(&mut self.rows, self.time_ms, now, out);
        out.end_chunk(now, key);
        state.awaited = state.awaited.filter(|due| *due > now);
        if state.awaited.is_none()
            && let Some(oldest) = state.held.front()
        {
            let due = self.rows.store.timestamp(*oldest).saturating_add(self.time_ms);
            state.awaited = Some(due);
            cx.wake_at(due, key);
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
            rows.extend(&state.held);
        }
    }

    fn mode(&self) -> Mode {
        Mode::Slide
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.held.iter().for_each(|row| self.rows.leave(*row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            saved::write_rows(w, &self.rows.store, state.held.iter().copied());
            w.i64(state.newest);
            w.option(state.awaited, Writer::i64);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let held = saved::read_rows(r, &mut self.rows.store)?.into();
            self.keys.push(State { held, newest: r.i64()?, awaited: r.option(Reader::i64)? });
        }
        Ok(())
    }
}
