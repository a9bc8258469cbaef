//! `cron(expression)`: holds events back until the next moment of a cron expression.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rows::{Keyed, Rows, emit_at};
use crate::cron::Cron;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `cron(expression)`: holds events back until the next moment of a cron expression.
///
/// At such a moment the batch before leaves, stamped with the clock, and what has come since comes
/// out as current, with its own timestamps and without a reset, a chunk for each key. Where nothing
/// has come, nothing happens and the batch before stays. Nobody finds anything here.
#[derive(Debug)]
pub(super) struct CronWindow {
    cron: Cron,
    rows: Rows,
    keys: Keyed<Batches>,
}

/// The rows of one key.
#[derive(Debug, Default)]
struct Batches {
    waiting: Vec<u32>,
    shown: Vec<u32>,
}

impl CronWindow {
    /// A window over rows of these types.
    pub(super) fn new(cron: Cron, types: &[DataType]) -> Self {
        Self { cron, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for CronWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, _out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            self.keys.at(chunk.key).waiting.extend_from_slice(&self.rows.arrived[range]);
        }
    }

    /// The moment came, for all keys.
    fn on_timer(&mut self, _cx: &mut Cx<'_>, now: i64, _key: Key, out: &mut Flow) {
        self.rows.begin();
        for (key, batches) in self.keys.all_mut().iter_mut().enumerate() {
            if batches.waiting.is_empty() {
                continue;
            }
            emit_at(out, &batches.shown, Kind::Expired, now);
            self.rows.leave_all(&batches.shown);
            self.rows.emit_own(out, &batches.waiting, Kind::Current);
            std::mem::swap(&mut batches.waiting, &mut batches.shown);
            batches.waiting.clear();
            out.end_chunk(now, Key(key as u32));
        }
    }

    fn cron(&self) -> Option<&Cron> {
        Some(&self.cron)
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, _key: Key, _rows: &mut Vec<u32>) {}

    fn drop_key(&mut self, key: Key) {
        if let Some(batches) = self.keys.remove(key) {
            self.rows.leave_all(&batches.waiting);
            self.rows.leave_all(&batches.shown);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for batches in self.keys.all() {
            saved::write_rows(w, &self.rows.store, batches.waiting.iter().copied());
            saved::write_rows(w, &self.rows.store, batches.shown.iter().copied());
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let waiting = saved::read_rows(r, &mut self.rows.store)?;
            let shown = saved::read_rows(r, &mut self.rows.store)?;
            self.keys.push(Batches { waiting, shown });
        }
        Ok(())
    }
}
