//! `unique:lengthBatch(key, n)` and `unique:firstLengthBatch(key, n)`: emit events of `n` keys.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, RowStore};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::batch::{UniqueBatch, Which};
use super::key::UniqueKey;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `unique:lengthBatch(key, n)`: emits the newest events of `n` keys together, `firstLengthBatch`
/// the first ones.
///
/// The batch is complete when it has `n` keys: `EXPIRED(batch before)* RESET CURRENT(batch)*`.
/// A find sees the batch that is being collected.
#[derive(Debug)]
pub(super) struct LengthBatchWindow {
    unique: UniqueKey,
    which: Which,
    length: usize,
    rows: Rows,
    keys: Keyed<UniqueBatch>,
}

impl LengthBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(unique: UniqueKey, which: Which, length: usize, types: &[DataType]) -> Self {
        Self { unique, which, length, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for LengthBatchWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let state = self.keys.at(chunk.key);
            for i in range {
                let row = self.rows.arrived[i];
                match self.unique.of(cx, &self.rows.store, row, chunk.now) {
                    Ok(key) => state.add(self.which, key, row, &mut self.rows),
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                    }
                }
                if state.collecting.len() == self.length {
                    state.flush(&mut self.rows, chunk.now, out);
                }
            }
            out.end_chunk(chunk.now, chunk.key);
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
            rows.extend(state.collecting.hashed());
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
            self.keys.push(UniqueBatch::load(r, &mut self.rows.store)?);
        }
        Ok(())
    }
}
