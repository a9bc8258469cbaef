//! Rows on their way to a query, and which of its inputs they feed.

use weir_event::{Batch, Chunk, Kind};
use weir_operators::{Flow, ends_among};

/// Rows that arrive: part of a batch, cut into chunks whose ends are counted as rows of the batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub batch: &'a Batch,
    pub start: u32,
    /// What each row of the batch is; `None` when all are current.
    pub kinds: Option<&'a [Kind]>,
    pub chunks: &'a [Chunk],
    /// Which of the rows they are, where it is not all of them: all current, in order.
    pub picked: Option<&'a [u32]>,
}

impl Delivery<'_> {
    /// The row after the last one.
    pub(crate) fn end(&self) -> u32 {
        self.chunks.last().map_or(self.start, |chunk| chunk.end)
    }

    pub(crate) fn len(&self) -> usize {
        self.picked.map_or((self.end() - self.start) as usize, <[u32]>::len)
    }

    /// The numbers of its rows.
    pub(crate) fn rows(&self) -> Vec<u32> {
        self.picked.map_or_else(|| (self.start..self.end()).collect(), <[u32]>::to_vec)
    }

    /// Whether it is all of its batch.
    pub(crate) fn is_whole(&self) -> bool {
        self.picked.is_none() && self.start == 0 && self.end() as usize == self.batch.len()
    }

    pub(crate) fn now(&self) -> i64 {
        self.chunks.last().map_or(0, |chunk| chunk.now)
    }

    /// The rows as a flow over the batch.
    pub(crate) fn fill(&self, flow: &mut Flow) {
        flow.clear();
        if let Some(picked) = self.picked {
            let ends = ends_among(picked, self.chunks.iter().map(|it| it.end));
            flow.rows.extend_from_slice(picked);
            flow.kinds.resize(picked.len(), Kind::Current);
            flow.times.extend(picked.iter().map(|row| self.batch.timestamps[*row as usize]));
            flow.chunks.extend(self.chunks.iter().zip(ends).map(|(it, end)| Chunk { end, ..*it }));
            return;
        }
        let (start, end) = (self.start as usize, self.end() as usize);
        flow.rows.extend(self.start..self.end());
        match self.kinds {
            Some(kinds) => flow.kinds.extend_from_slice(&kinds[start..end]),
            None => flow.kinds.resize(end - start, Kind::Current),
        }
        flow.times.extend_from_slice(&self.batch.timestamps[start..end]);
        flow.chunks.extend(self.chunks.iter().map(|it| Chunk { end: it.end - self.start, ..*it }));
    }
}

/// Which input of a query a stream feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// The only one.
    Only,
    /// The left side of a join.
    Left,
    /// The right side of a join.
    Right,
    /// This stream of a pattern.
    Stream(u16),
    /// Both sides of a join of a stream with itself: each chunk goes to the left side first.
    Both,
}
