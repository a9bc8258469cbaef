//! `delay(t)`: holds every event back for `t`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::ageing::Ageing;
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `delay(t)`: holds every event back for `t`.
///
/// An event comes out as current, stamped with the clock, once its timestamp is `t` or more behind
/// it; nothing expires. Events come out in order of arrival, so a late one waits behind those
/// before it, and one that is not newer than all before it asks for no wake-up of its own.
#[derive(Debug)]
pub(super) struct DelayWindow {
    time_ms: i64,
    rows: Rows,
    /// A row at the front for which no wake-up is pending is due already.
    keys: Keyed<Ageing>,
}

impl DelayWindow {
    /// A window over rows of these types.
    pub(super) fn new(time_ms: i64, types: &[DataType]) -> Self {
        Self { time_ms, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for DelayWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let state = self.keys.at(chunk.key);
            for i in range {
                state.leave_due(&mut self.rows, self.time_ms, Kind::Current, chunk.now, out);
                state.held.push_back(self.rows.arrived[i]);
                if state.is_newest(input.times[i]) {
                    state.await_row(cx, input.times[i], self.time_ms, chunk.key);
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(state) = self.keys.get_mut(key) else { return };
        state.leave_due(&mut self.rows, self.time_ms, Kind::Current, now, out);
        out.end_chunk(now, key);
        state.woken(cx, &self.rows.store, self.time_ms, now, key);
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
