//! How large a log and its segments may grow.

/// How large a segment grows before the next is begun, unless told otherwise: 64 MiB.
pub const SEGMENT_BYTES: u64 = 64 << 20;

/// How large a log grows before it takes no more, unless told otherwise: 4 GiB.
pub const TOTAL_BYTES_MAX: u64 = 4 << 30;

/// How large a log and its segments may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOptions {
    /// A segment that has reached this size is followed by the next.
    pub segment_bytes: u64,
    /// The log takes no entry that would make it larger.
    pub total_bytes_max: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES, total_bytes_max: TOTAL_BYTES_MAX }
    }
}

impl LogOptions {
    /// A log of at most this size, in at least eight segments.
    #[must_use]
    pub fn of_total(total_bytes_max: u64) -> Self {
        let segment_bytes = SEGMENT_BYTES.min(total_bytes_max / 8);
        Self { segment_bytes, total_bytes_max }
    }
}
