//! Entries that wait for the engine, kept as columns so that they can be taken together.

use std::ops::Range;
use std::sync::Arc;

use weir_event::{Batch, BatchBuilder, Epoch, Schema, Seq};

use crate::app::EntryHead;

/// A batch of at least so many rows is not copied behind others but stays as it is.
const OWN_SEGMENT_ROWS: usize = 64;

/// Entries of one stream, side by side in one batch.
#[derive(Debug, Clone)]
pub struct Segment {
    /// The rows of all entries.
    pub batch: Batch,
    /// The entries, in order.
    pub heads: Vec<EntryHead>,
}

/// Collects entries of one stream: small ones behind each other, large ones as they are.
#[derive(Debug)]
pub struct SegmentBuilder {
    schema: Schema,
    done: Vec<Segment>,
    open: BatchBuilder,
    /// Rows that come after those of `open`, side by side in a larger batch, not copied yet.
    read: Option<(Arc<Batch>, Range<usize>)>,
    heads: Vec<EntryHead>,
    /// Rows of the entries in `heads`.
    open_rows: usize,
    rows: usize,
}

impl SegmentBuilder {
    /// Nothing collected yet.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let open = BatchBuilder::new(&schema);
        let (done, heads) = (Vec::new(), Vec::new());
        Self { schema, done, open, read: None, heads, open_rows: 0, rows: 0 }
    }

    /// How many rows wait.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds one entry.
    pub fn push(&mut self, seq: Seq, epoch: Epoch, time: i64, batch: Batch) {
        self.rows += batch.len();
        if batch.len() >= OWN_SEGMENT_ROWS {
            self.close();
            let head = EntryHead { seq, epoch, time, end: batch.len() as u32 };
            self.done.push(Segment { batch, heads: vec![head] });
            return;
        }
        self.copy_read();
        self.open.extend(&batch);
        self.enter(seq, epoch, time, batch.len());
    }

    /// Adds one entry whose rows are a part of a larger batch, as when a source read several
    /// messages at once.
    #[inline]
    pub fn push_rows(
        &mut self,
        seq: Seq,
        epoch: Epoch,
        time: i64,
        batch: &Arc<Batch>,
        rows: Range<usize>,
    ) {
        let count = rows.len();
        self.rows += count;
        match &mut self.read {
            Some((from, before)) if before.end == rows.start && Arc::ptr_eq(from, batch) => {
                before.end = rows.end;
            }
            Some(_) | None => {
                self.copy_read();
                self.read = Some((Arc::clone(batch), rows));
            }
        }
        self.enter(seq, epoch, time, count);
    }

    #[inline]
    fn enter(&mut self, seq: Seq, epoch: Epoch, time: i64, rows: usize) {
        self.open_rows += rows;
        self.heads.push(EntryHead { seq, epoch, time, end: self.open_rows as u32 });
    }

    fn copy_read(&mut self) {
        if let Some((batch, rows)) = self.read.take() {
            self.open.extend_rows(&batch, rows);
        }
    }

    fn close(&mut self) {
        self.copy_read();
        if self.heads.is_empty() {
            return;
        }
        // What comes next is likely to be as much.
        let next = BatchBuilder::with_capacity(&self.schema, self.open_rows);
        let open = std::mem::replace(&mut self.open, next);
        let next = Vec::with_capacity(self.heads.len());
        let heads = std::mem::replace(&mut self.heads, next);
        self.open_rows = 0;
        self.done.push(Segment { batch: open.finish(), heads });
    }

    /// Takes all that waits.
    #[must_use]
    pub fn take(&mut self) -> Vec<Segment> {
        self.close();
        self.rows = 0;
        std::mem::take(&mut self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::{Attribute, DataType, Value};

    #[test]
    fn small_entries_share_a_batch_and_large_ones_keep_theirs() {
        let schema: Schema = vec![Attribute { name: "n".into(), data_type: DataType::Int }].into();
        let batch = |rows: i32| {
            let mut builder = BatchBuilder::new(&schema);
            (0..rows).for_each(|n| builder.push_row(0, [Value::Int(n)]));
            builder.finish()
        };
        let mut segments = SegmentBuilder::new(schema.clone());
        for (seq, rows) in [1, 2, 100, 3].into_iter().enumerate() {
            segments.push(Seq(seq as u64), Epoch(1), 0, batch(rows));
        }
        assert_eq!(segments.rows(), 106);
        let taken = segments.take();
        let ends: Vec<Vec<u32>> =
            taken.iter().map(|it| it.heads.iter().map(|head| head.end).collect()).collect();
        assert_eq!(ends, [vec![1, 3], vec![100], vec![3]]);
        assert_eq!(segments.rows(), 0);
    }
}
