//! What leaves the engine: numbered rows for whoever listens, and notes for the log.

use std::ops::Range;

use weir_event::{Batch, Chunk, Kind, OutputNo};

/// The number of a listener: a sink, or somebody who watches a stream or a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId(pub u32);

/// Rows that leave for one listener, in order.
#[derive(Debug, Clone, Copy)]
pub struct Emitted<'a> {
    /// The columns the rows are in.
    pub batch: &'a Batch,
    /// Which rows of it.
    pub rows: (usize, usize),
    /// What each row of the batch is; `None` when all are current.
    pub kinds: Option<&'a [Kind]>,
    /// The chunks, their ends counted as rows of the batch.
    pub chunks: &'a [Chunk],
    /// Which of the rows they are, where it is not all of them; never set for whoever does not
    /// say [`Outputs::takes_picked`].
    pub picked: Option<&'a [u32]>,
    /// The number of the first row; the others follow.
    pub first: OutputNo,
}

impl Emitted<'_> {
    /// How many rows leave.
    #[must_use]
    pub fn len(&self) -> usize {
        self.picked.map_or(self.rows.1 - self.rows.0, <[u32]>::len)
    }

    /// Whether no row leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of each chunk, as a batch of their own.
    pub fn chunk_batches(&self) -> impl Iterator<Item = Batch> + '_ {
        let mut left = self.picked;
        self.chunk_ranges().map(move |(range, chunk)| match &mut left {
            Some(left) => {
                let rows = left.iter().take_while(|row| **row < chunk.end).count();
                let chunk;
                (chunk, *left) = left.split_at(rows);
                self.batch.gather(chunk)
            }
            None => self.batch.part(range),
        })
    }

    /// The rows as a range; all of them leave where `picked` is not set.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.rows.0..self.rows.1
    }

    /// The chunks as ranges of rows.
    pub fn chunk_ranges(&self) -> impl Iterator<Item = (Range<usize>, Chunk)> + '_ {
        let mut start = self.rows.0;
        self.chunks.iter().map(move |chunk| {
            let range = start..chunk.end as usize;
            start = chunk.end as usize;
            (range, *chunk)
        })
    }
}

/// How urgent a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// For the record.
    Info,
    /// Something was lost or refused as the app says it should be.
    Warn,
    /// A person must look.
    Error,
}

/// Takes what leaves the engine while an entry is applied.
pub trait Outputs {
    /// Rows for a listener.
    fn rows(&mut self, tap: TapId, emitted: &Emitted<'_>);

    /// Whether rows may be handed over where they lie, by [`Emitted::picked`].
    fn takes_picked(&self) -> bool {
        false
    }

    /// Something to log about the app.
    fn note(&mut self, level: Level, text: &str);
}
