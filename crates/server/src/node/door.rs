//! The pair as the node sees it: what it is told and tells, its log and its snapshots.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use weir_cluster::{Moment, NodeEvent, NodeInput};
use weir_codec::{EntryId, RawEntry, Snapshot};
use weir_event::{Epoch, Text};

/// The door to the group a node belongs to; a node without a pair is a group of one.
pub(crate) struct Group {
    /// What happens on this side.
    pub(crate) input: mpsc::UnboundedSender<NodeInput>,
    /// What the group decides.
    pub(crate) events: mpsc::UnboundedReceiver<NodeEvent>,
    /// Its log and snapshots.
    pub(crate) shelf: Arc<dyn Shelf>,
}

/// What is on disk and in the database. Calls block.
pub(crate) trait Shelf: Send + Sync {
    /// The entry before the first one that the log holds.
    fn base(&self) -> EntryId;

    /// Hands over the entries after one and up to another, in order; false from `each` ends it.
    fn read(
        &self,
        after: EntryId,
        through: EntryId,
        each: &mut dyn FnMut(RawEntry) -> bool,
    ) -> Result<(), ShelfError>;

    /// Refuses snapshots of any lower epoch from now on.
    fn raise_fence(&self, epoch: Epoch) -> Result<(), ShelfError>;

    /// The app's snapshot with the highest entry, complete and checked.
    fn last_snapshot(&self, app: &str) -> Result<Option<Snapshot>, ShelfError>;

    /// The entry and the name of the app's last snapshot.
    fn newest_snapshot(&self, app: &str) -> Result<Option<(EntryId, Text)>, ShelfError>;

    /// Keeps a snapshot under the epoch's fence, and reads it back.
    fn save_snapshot(&self, epoch: Epoch, snapshot: &Snapshot) -> Result<(), ShelfError>;

    /// A moment of the group's clock on the clock of this process.
    fn instant_of(&self, moment: Moment) -> Instant;
}

/// Why the disk or the database did not do as asked: what to tell the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ShelfError(pub(crate) String);
