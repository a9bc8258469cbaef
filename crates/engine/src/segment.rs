//! Entries that wait for the engine, kept as columns so that they can be taken together.

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
    heads: Vec<EntryHead>,
    rows: usize,
}

impl SegmentBuilder {
    /// Nothing collected yet.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let open = BatchBuilder::new(&schema);
        Self { schema, done: Vec::new(), open, heads: Vec::new(), rows: 0 }
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
        self.open.extend(&batch);
        self.heads.push(EntryHead { seq, epoch, time, end: self.open.len() as u32 });
    }

    /// Adds one entry whose rows are a part of a larger batch, as when a source read several
    /// messages at once.
    pub fn push_rows(
        &mut self,
        seq: Seq,
        epoch: Epoch,
        time: i64,
        batch: &Batch,
        rows: std::ops::Range<usize>,
    ) {
        self.rows += rows.len();
        self.open.extend_rows(batch, rows);
        self.heads.push(EntryHead { seq, epoch, time, end: self.open.len() as u32 });
    }

    fn close(&mut self) {
        if self.heads.is_empty() {
            return;
        }
        let open = std::mem::replace(&mut self.open, BatchBuilder::new(&self.schema));
        let heads = std::mem::take(&mut self.heads);
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
