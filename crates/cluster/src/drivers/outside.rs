//! What the driver needs from the rooms beside it: the lease's database and the log.

use std::sync::Arc;

use weir_codec::{EntryId, LogId, RawEntry};
use weir_event::Seq;

use crate::coordinator::{Lease, LeaseWrite};
use crate::node::PeerAddress;

/// The cluster database, as one group sees it. Calls block; one at a time comes from the lease,
/// and one beside it from the node table.
pub trait LeaseStore: Send + Sync + 'static {
    /// The group's lease row, if there is one.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    fn read(&self) -> Result<Option<Lease>, StoreTrouble>;

    /// Writes the row if it is as `write.expected` says, in one step; false when it is not.
    ///
    /// # Errors
    ///
    /// When it is not known whether the row was written.
    fn write(&self, write: &LeaseWrite) -> Result<bool, StoreTrouble>;

    /// Says that this node is there and where it listens for event sync.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    fn announce(&self, me: &PeerAddress) -> Result<(), StoreTrouble>;

    /// The nodes of the group and where they listen; this one may be among them.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    fn peers(&self) -> Result<Vec<PeerAddress>, StoreTrouble>;
}

impl<T: LeaseStore> LeaseStore for Arc<T> {
    fn read(&self) -> Result<Option<Lease>, StoreTrouble> {
        (**self).read()
    }

    fn write(&self, write: &LeaseWrite) -> Result<bool, StoreTrouble> {
        (**self).write(write)
    }

    fn announce(&self, me: &PeerAddress) -> Result<(), StoreTrouble> {
        (**self).announce(me)
    }

    fn peers(&self) -> Result<Vec<PeerAddress>, StoreTrouble> {
        (**self).peers()
    }
}

/// The database did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreTrouble(pub String);

/// The log on disk. Calls block, but only [`EntryLog::start_sync`]'s work may wait for the disk.
pub trait EntryLog: Send + 'static {
    /// What a sync that has run leaves to be noted.
    type Synced: Send + 'static;

    fn id(&self) -> LogId;

    /// The entry before the first one held.
    fn base(&self) -> EntryId;

    /// The last entry held; the base when there is none.
    fn last(&self) -> EntryId;

    /// The first entry held of each epoch, in order.
    fn runs(&self) -> Vec<EntryId>;

    /// The last entry that is known to be on disk.
    fn durable_last(&self) -> EntryId;

    /// How many bytes it takes.
    fn bytes(&self) -> u64;

    /// Whether about so many bytes more fit below its limit.
    fn has_room(&self, bytes: u64) -> bool;

    /// Writes entries at the end: all of them or none.
    ///
    /// # Errors
    ///
    /// [`LogTrouble::Passing`] when trying again later may help.
    fn append(&mut self, entries: &[RawEntry]) -> Result<(), LogTrouble>;

    /// The work that brings everything written so far to disk; it runs on another thread.
    ///
    /// # Errors
    ///
    /// When the log takes no more.
    fn start_sync(&self) -> Result<SyncWork<Self::Synced>, LogTrouble>;

    /// Notes a sync that has run.
    fn confirm(&mut self, synced: Self::Synced);

    /// The entries after `after`: about `bytes_max` of them, and at least one if there is one.
    ///
    /// # Errors
    ///
    /// When `after` is neither held nor the base, or the disk fails.
    fn read_after(&self, after: EntryId, bytes_max: usize) -> Result<Vec<RawEntry>, LogTrouble>;

    /// Drops what stands after `keep`.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn cut_after(&mut self, keep: EntryId) -> Result<(), LogTrouble>;

    /// Drops everything; the next entry will follow `base`.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn reset_to(&mut self, base: EntryId) -> Result<(), LogTrouble>;

    /// Drops what stands at or before `through`, or some of it.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    fn trim_through(&mut self, through: Seq) -> Result<(), LogTrouble>;
}

/// Work that brings a log to disk.
pub type SyncWork<T> = Box<dyn FnOnce() -> Result<T, LogTrouble> + Send>;

/// The log did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogTrouble {
    /// Nothing was written; later it may be.
    #[error("{0}")]
    Passing(String),
    /// The log takes no more.
    #[error("{0}")]
    Broken(String),
}
