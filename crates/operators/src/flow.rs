//! Rows on their way from one operator of a query to the next, named by their numbers.

use weir_event::{Chunk, Key, Kind};

/// Rows of one source (a batch or a row store), in order, cut into chunks.
///
/// A [`Kind::Reset`] row stands for no event: its number is [`weir_event::NO_ROW`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// The row numbers.
    pub rows: Vec<u32>,
    /// What each row is.
    pub kinds: Vec<Kind>,
    /// The timestamp each row shows: for an expired one, when it left its window.
    pub times: Vec<i64>,
    /// Where the chunks end. Invariant: ends rise, and the last one is the number of rows.
    pub chunks: Vec<Chunk>,
}

/// Where chunks that end at these row numbers end among rows that are in order.
pub fn ends_among(rows: &[u32], ends: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
    let mut next = 0;
    ends.map(move |end| {
        if rows.last().is_some_and(|row| *row < end) {
            next = rows.len();
        }
        while rows.get(next).is_some_and(|row| *row < end) {
            next += 1;
        }
        next as u32
    })
}

impl Flow {
    /// Forgets all rows and chunks, keeping the memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.kinds.clear();
        self.times.clear();
        self.chunks.clear();
    }

    /// Makes room for so many more rows and chunks.
    pub fn reserve(&mut self, rows: usize, chunks: usize) {
        self.rows.reserve(rows);
        self.kinds.reserve(rows);
        self.times.reserve(rows);
        self.chunks.reserve(chunks);
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row to the chunk that is being filled.
    #[inline]
    pub fn push(&mut self, row: u32, kind: Kind, time: i64) {
        self.rows.push(row);
        self.kinds.push(kind);
        self.times.push(time);
    }

    /// Ends the chunk that is being filled; one without rows is left out.
    #[inline]
    pub fn end_chunk(&mut self, now: i64, key: Key) {
        let end = self.rows.len() as u32;
        if self.chunks.last().map_or(0, |chunk| chunk.end) < end {
            self.chunks.push(Chunk { end, now, key });
        }
    }

    /// The chunks with the range of rows each holds.
    pub fn chunk_ranges(&self) -> impl Iterator<Item = (std::ops::Range<usize>, Chunk)> + '_ {
        let mut start = 0;
        self.chunks.iter().map(move |chunk| {
            let range = start..chunk.end as usize;
            start = chunk.end as usize;
            (range, *chunk)
        })
    }
}
