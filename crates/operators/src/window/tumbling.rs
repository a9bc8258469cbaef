//! What windows that emit whole batches hold for one key.

use std::cell::Cell;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Kind, RowStore};

use super::rows::{Rows, emit_at, emit_reset};
use crate::flow::Flow;
use crate::saved;

/// What becomes of the rows of a batch that was emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// They are forgotten: nobody asks for them again.
    Nothing,
    /// They are held until they leave as expired rows, after the next batch.
    Last,
    /// They are held until the next batch, for whoever may search the window, and never expire.
    Shown,
    /// They are held for ever. Expired rows are not wanted, so none ever leaves, but somebody
    /// searches the window: the original then shows every batch completed so far.
    Everything,
}

/// The batch being collected and the rows of those before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tumbling {
    /// Rows not emitted yet, in order of arrival.
    pub(super) collecting: Vec<u32>,
    /// Rows emitted and still held: what a find sees.
    pub(super) done: Vec<u32>,
    /// How many of `done` the last find saw: when they expire, they keep their own timestamps,
    /// since the original does not rewind its queue.
    searched: Cell<u32>,
}

impl Tumbling {
    /// Emits the rows held as expired ones and forgets them.
    pub(super) fn expire(&mut self, rows: &mut Rows, now: i64, out: &mut Flow) {
        let (seen, unseen) =
            self.done.split_at((self.searched.get() as usize).min(self.done.len()));
        rows.emit_own(out, seen, Kind::Expired);
        emit_at(out, unseen, Kind::Expired, now);
        rows.leave_all(&self.done);
        self.done.clear();
        self.searched.set(0);
    }

    /// Emits the rows held as expired ones if they are wanted, and forgets what is not kept longer.
    pub(super) fn close(&mut self, rows: &mut Rows, keep: Keep, now: i64, out: &mut Flow) {
        match keep {
            Keep::Last => self.expire(rows, now, out),
            Keep::Shown => {
                rows.leave_all(&self.done);
                self.done.clear();
            }
            Keep::Nothing | Keep::Everything => {}
        }
    }

    /// Takes rows that were emitted before their batch is complete.
    pub(super) fn passed(&mut self, rows: &mut Rows, keep: Keep, passed: std::ops::Range<usize>) {
        match keep {
            Keep::Last | Keep::Shown | Keep::Everything => {
                self.done.extend_from_slice(&rows.arrived[passed]);
            }
            Keep::Nothing => rows.leave_arrived(passed),
        }
    }

    /// Completes the batch: `EXPIRED(batch before)* RESET CURRENT(batch)*`, the first only when
    /// expired rows are wanted, the second only for a batch that has rows.
    pub(super) fn flush(&mut self, rows: &mut Rows, keep: Keep, now: i64, out: &mut Flow) {
        if self.collecting.is_empty() {
            if keep == Keep::Last {
                self.expire(rows, now, out);
            }
            return;
        }
        self.close(rows, keep, now, out);
        emit_reset(out, now);
        rows.emit_own(out, &self.collecting, Kind::Current);
        match keep {
            Keep::Nothing => {
                rows.leave_all(&self.collecting);
                self.collecting.clear();
            }
            Keep::Last | Keep::Shown => std::mem::swap(&mut self.collecting, &mut self.done),
            Keep::Everything => self.done.append(&mut self.collecting),
        }
    }

    /// What a find sees.
    pub(super) fn find(&self, rows: &mut Vec<u32>) {
        self.searched.set(self.done.len() as u32);
        rows.extend_from_slice(&self.done);
    }

    pub(super) fn forget(self, rows: &mut Rows) {
        rows.leave_all(&self.collecting);
        rows.leave_all(&self.done);
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        saved::write_rows(w, store, self.collecting.iter().copied());
        saved::write_rows(w, store, self.done.iter().copied());
        w.u32(self.searched.get());
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        Ok(Self {
            collecting: saved::read_rows(r, store)?,
            done: saved::read_rows(r, store)?,
            searched: Cell::new(r.u32()?),
        })
    }
}
