//! `batch(n)`: each arriving chunk is a batch.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rows::{Keyed, Rows, emit_reset};
use super::tumbling::Tumbling;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `batch(n)`: each arriving chunk is a batch.
///
/// A chunk comes out as `EXPIRED(chunk before)* RESET CURRENT*`, the first only when expired rows
/// are wanted, the second not before the very first chunk. With `n` it is cut in pieces of `n`,
/// each a chunk of its own with a RESET in front; the expired rows come before the first piece.
/// A find sees the chunk before if expired rows are wanted, else nothing.
#[derive(Debug)]
pub(super) struct BatchWindow {
    length: usize,
    expired_wanted: bool,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    batch: Tumbling,
    /// Whether there was a chunk before.
    begun: bool,
}

impl BatchWindow {
    /// A window over rows of these types; pieces of `length`, or whole chunks when it is 0.
    pub(super) fn new(length: usize, expired_wanted: bool, types: &[DataType]) -> Self {
        Self { length, expired_wanted, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for BatchWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let state = self.keys.at(chunk.key);
            if self.expired_wanted {
                state.batch.expire(&mut self.rows, chunk.now, out);
            }
            let piece = if self.length == 0 { range.len() } else { self.length };
            for start in range.clone().step_by(piece.max(1)) {
                if std::mem::replace(&mut state.begun, true) {
                    emit_reset(out, chunk.now);
                }
                let end = range.end.min(start + piece);
                out.rows.extend_from_slice(&self.rows.arrived[start..end]);
                out.kinds.resize(out.rows.len(), Kind::Current);
                out.times.extend_from_slice(&input.times[start..end]);
                out.end_chunk(chunk.now, chunk.key);
            }
            if self.expired_wanted {
                state.batch.done.extend_from_slice(&self.rows.arrived[range]);
            } else {
                range.for_each(|i| self.rows.leave(self.rows.arrived[i]));
            }
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            state.batch.find(rows);
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
            w.bool(state.begun);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let batch = Tumbling::load(r, &mut self.rows.store)?;
            self.keys.push(State { batch, begun: r.bool()? });
        }
        Ok(())
    }
}
