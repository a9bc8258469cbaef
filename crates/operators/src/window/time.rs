//! `time(t)`: holds what arrived within the last `t`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::ageing::Ageing;
use super::rows::{Keyed, Rows};
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
    /// A row at the front for which no wake-up is pending is due already.
    keys: Keyed<Ageing>,
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
                state.leave_due(&mut self.rows, self.time_ms, Kind::Expired, chunk.now, out);
                let (row, time) = (self.rows.arrived[i], input.times[i]);
                state.held.push_back(row);
                out.push(row, Kind::Current, time);
                if state.is_newest(time) {
                    state.await_row(cx, time, self.time_ms, chunk.key);
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(state) = self.keys.get_mut(key) else { return };
        state.leave_due(&mut self.rows, self.time_ms, Kind::Expired, now, out);
        out.end_chunk(now, key);
        state.woken(cx, &self.rows.store, self.time_ms, now, key);
    }

    fn min_wait_ms(&self) -> Option<i64> {
        Some(self.time_ms)
    }

    fn expires_on_arrival(&self) -> bool {
        true
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend(&state.held);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.forget(&mut self.rows);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.save(w, &self.rows.store);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(Ageing::load(r, &mut self.rows.store)?);
        }
        Ok(())
    }
}
