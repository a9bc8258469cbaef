//! The log on disk: what a segment starts with, and its records. The files are not here.

mod record;
mod segment;

pub use record::{LogRecord, RECORD_HEAD_BYTES, RecordHead, find_record};
pub use segment::{SEGMENT_HEADER_BYTES, SegmentHeader};

#[cfg(test)]
mod tests;
