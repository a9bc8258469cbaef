//! Where snapshots are kept, and what is done with them.

use weir_codec::{EntryId, Snapshot};
use weir_event::Epoch;

use crate::door::StoreError;

/// Where snapshots are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPlace {
    /// The table, as `state.persistence.config.table` gives it.
    pub table: String,
    /// Whom the fence is for: the cluster group, or the node when it is alone.
    pub scope: String,
}

impl SnapshotPlace {
    /// The table that the original uses unless told otherwise.
    pub const TABLE: &str = "PERSISTENCE_TABLE";

    /// The usual table, fenced for `scope`.
    #[must_use]
    pub fn of_scope(scope: &str) -> Self {
        Self { table: Self::TABLE.to_owned(), scope: scope.to_owned() }
    }

    /// Refuses a table whose name would need quoting.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts = self.table.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if starts && self.table.len() <= 60 && self.table.chars().all(plain) {
            return Ok(());
        }
        let why = "a table's name is made of at most 60 letters, digits and `_`";
        let hint = "correct `state.persistence.config.table`";
        Err(StoreError::refused(&self.table, why, hint))
    }
}

/// A whole snapshot in the table, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The app.
    pub app: String,
    /// Its name among the app's snapshots.
    pub revision: String,
    /// The last entry in it.
    pub at: EntryId,
}

/// Snapshots of apps.
///
/// A snapshot is written in pieces, each in a transaction of its own, and counts once the last
/// piece is there. The last state of an app is the one of the highest (epoch, seq).
pub trait Snapshots: Send {
    /// Shuts all lower epochs out: nothing of theirs is saved or removed from now on. A new
    /// active node does this before it reads.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has done so already.
    fn raise_fence(&mut self, epoch: Epoch) -> Result<(), StoreError>;

    /// Saves a snapshot under an epoch and reads it back. Saving the same again does nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has raised the fence; what was written until
    /// then does not count.
    fn save(&mut self, under: Epoch, snapshot: &Snapshot) -> Result<(), StoreError>;

    /// The last state of an app.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn last(&mut self, app: &str) -> Result<Option<SnapshotRow>, StoreError>;

    /// All whole snapshots of an app, the last state first.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn revisions(&mut self, app: &str) -> Result<Vec<SnapshotRow>, StoreError>;

    /// The last state of every app.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn last_of_all(&mut self) -> Result<Vec<SnapshotRow>, StoreError>;

    /// Reads a snapshot and checks it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoRevision`], or [`StoreError::Unreadable`] with the reason.
    fn load(&mut self, app: &str, revision: &str) -> Result<Snapshot, StoreError>;

    /// Removes all but the newest snapshots of an app, of which at least one stays, and what
    /// was left of saves that failed before the last state. Answers how many were removed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has raised the fence.
    fn keep_newest(&mut self, under: Epoch, app: &str, keep: usize) -> Result<usize, StoreError>;

    /// Removes everything of an app.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has raised the fence.
    fn clear(&mut self, under: Epoch, app: &str) -> Result<(), StoreError>;
}
