//! What a node keeps: the log on disk, and the SQL databases behind one door.

mod file_log;

pub use file_log::{
    FileLog, LogError, LogOptions, PendingSync, Recovered, SEGMENT_BYTES, Synced, TOTAL_BYTES_MAX,
};
