//! `unique:ever(key…)`: holds the newest event of each key.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::collected::Collected;
use super::key::UniqueKey;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `unique:ever(key…)`: holds the newest event of each key.
///
/// An arrival first emits the event of its key that it replaces as expired, stamped with the
/// current time.
#[derive(Debug)]
pub(super) struct EverWindow {
    unique: UniqueKey,
    rows: Rows,
    keys: Keyed<Collected>,
}

impl EverWindow {
    /// A window over rows of these types.
    pub(super) fn new(unique: UniqueKey, types: &[DataType]) -> Self {
        Self { unique, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for EverWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let held = self.keys.at(chunk.key);
            for i in range {
                let row = self.rows.arrived[i];
                match self.unique.of(cx, &self.rows.store, row, chunk.now) {
                    Ok(key) => {
                        if let Some(old) = held.put(key, row) {
                            out.push(old, Kind::Expired, chunk.now);
                            self.rows.leave(old);
                        }
                        out.push(row, Kind::Current, input.times[i]);
                    }
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                    }
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
        if let Some(held) = self.keys.get(key) {
            rows.extend(held.hashed());
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(held) = self.keys.remove(key) {
            self.rows.leave_all(held.rows());
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for held in self.keys.all() {
            held.save(w, &self.rows.store);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(Collected::load(r, &mut self.rows.store)?);
        }
        Ok(())
    }
}
