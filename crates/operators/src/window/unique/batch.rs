//! What unique windows that emit whole batches hold for one key.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Kind, RowStore, Value};

use super::super::rows::{Rows, emit_at, emit_reset};
use super::collected::Collected;
use crate::flow::Flow;
use crate::saved;

/// Which event of a key a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The first.
    First,
    /// The newest.
    Newest,
}

/// The batch being collected, and the one before it.
#[derive(Debug, Clone, Default)]
pub(super) struct UniqueBatch {
    pub(super) collecting: Collected,
    /// Rows emitted, which expire with the next batch.
    pub(super) done: Vec<u32>,
}

impl UniqueBatch {
    /// Takes a row in, or leaves it out.
    pub(super) fn add(&mut self, which: Which, key: Value, row: u32, rows: &mut Rows) {
        if which == Which::First && self.collecting.contains(&key) {
            rows.leave(row);
        } else if let Some(replaced) = self.collecting.put(key, row) {
            rows.leave(replaced);
        }
    }

    /// Completes the batch: `EXPIRED(batch before)* RESET CURRENT(batch)*`, all stamped `now`;
    /// the last two only for a batch that has rows.
    pub(super) fn flush(&mut self, rows: &mut Rows, now: i64, out: &mut Flow) {
        emit_at(out, &self.done, Kind::Expired, now);
        rows.leave_all(&self.done);
        self.done.clear();
        if self.collecting.len() == 0 {
            return;
        }
        emit_reset(out, now);
        self.done = self.collecting.hashed();
        self.collecting.clear();
        for row in &self.done {
            rows.store.set_timestamp(*row, now);
        }
        emit_at(out, &self.done, Kind::Current, now);
    }

    pub(super) fn forget(&self, rows: &mut Rows) {
        rows.leave_all(self.collecting.rows());
        rows.leave_all(&self.done);
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        self.collecting.save(w, store);
        saved::write_rows(w, store, self.done.iter().copied());
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        Ok(Self { collecting: Collected::load(r, store)?, done: saved::read_rows(r, store)? })
    }
}
