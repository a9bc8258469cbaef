//! `timeLength(t, n)`: holds the newest `n` events of the last `t`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::ageing::Ageing;
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `timeLength(t, n)`: holds the newest `n` events of the last `t`.
///
/// As `time(t)`, and when `n` events are held the oldest leaves too: `EXPIRED(too old)*
/// EXPIRED(oldest) CURRENT`. Every event asks for a wake-up. `timeLength(t, 0)` holds nothing and
/// lets every event pass.
#[derive(Debug)]
pub(super) struct TimeLengthWindow {
    time_ms: i64,
    length: usize,
    rows: Rows,
    keys: Keyed<Ageing>,
}

impl TimeLengthWindow {
    /// A window over rows of these types.
    pub(super) fn new(time_ms: i64, length: usize, types: &[DataType]) -> Self {
        Self { time_ms, length, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for TimeLengthWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let (now, key) = (chunk.now, chunk.key);
            let state = self.keys.at(key);
            for i in range {
                state.leave_due(&mut self.rows, self.time_ms, Kind::Expired, now, out);
                let row = self.rows.arrived[i];
                if self.length == 0 {
                    self.rows.leave(row);
                } else {
                    if state.held.len() >= self.length
                        && let Some(oldest) = state.held.pop_front()
                    {
                        out.push(oldest, Kind::Expired, now);
                        self.rows.leave(oldest);
                    }
                    state.held.push_back(row);
                    if state.held.len() == 1 {
                        state.await_row(cx, input.times[i], self.time_ms, key);
                    }
                }
                out.push(row, Kind::Current, input.times[i]);
            }
            out.end_chunk(now, key);
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
