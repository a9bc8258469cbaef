//! The log on disk: segments of records, recovered after a crash, cut, trimmed and bounded.

mod error;
mod log;
mod options;
mod recovery;
mod segment;
mod sync;

pub use error::LogError;
pub use log::FileLog;
pub use options::{LogOptions, SEGMENT_BYTES, TOTAL_BYTES_MAX};
pub use recovery::Recovered;
pub use sync::{PendingSync, Synced};

#[cfg(test)]
mod tests;
