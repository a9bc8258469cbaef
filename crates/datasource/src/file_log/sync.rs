//! Syncing apart from writing: a sync may run on another thread while entries are appended.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_codec::EntryId;

use super::error::LogError;

/// What is to be brought to disk; [`PendingSync::run`] does it and may wait for long.
#[derive(Debug)]
#[must_use = "nothing is on disk until it has run and was confirmed"]
pub struct PendingSync {
    pub(super) files: Vec<(PathBuf, File)>,
    pub(super) synced: Synced,
    pub(super) broken: Arc<AtomicBool>,
}

/// What is known to be on disk, to be told to the log.
#[derive(Debug, Clone, Copy)]
pub struct Synced {
    pub(super) through: u64,
    pub(super) last: EntryId,
    /// How often the log had been cut: a cut makes an earlier sync say nothing.
    pub(super) cuts: u64,
}

impl PendingSync {
    /// Waits until everything that was written before is on disk.
    ///
    /// # Errors
    ///
    /// After a failure nobody knows what is on disk: the log takes no more.
    pub fn run(self) -> Result<Synced, LogError> {
        for (path, file) in &self.files {
            if let Err(error) = file.sync_data() {
                self.broken.store(true, Ordering::Release);
                return Err(LogError::io("sync", path)(error));
            }
        }
        Ok(self.synced)
    }
}
