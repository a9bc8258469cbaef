//! Positions in the log and moments in time, as types that cannot be mixed up.

/// A moment in milliseconds since the Unix epoch: the entry's time, never a clock of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

impl Time {
    /// This moment and `span_ms` more, stopping at the ends of the range.
    #[must_use]
    pub fn plus_ms(self, span_ms: i64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }
}

/// An entry's place in the log of its epoch's writer; it only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The lease's term: each take of the lease raises it, and whoever sees a lower one refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

/// The number of an output row of one sink: a function of the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OutputNo(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stops_at_the_end_of_its_range() {
        assert_eq!(Time(i64::MAX - 1).plus_ms(5), Time(i64::MAX));
        assert_eq!(Time(40).plus_ms(2), Time(42));
    }
}
