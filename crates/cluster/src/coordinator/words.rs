//! What the coordinator is told and what it asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use weir_codec::{Build, LogId};
use weir_event::Epoch;

use super::lease::{Lease, LeaseWrite, Unavailable, Written};
use crate::ids::{Moment, NodeId};

/// Who this node is in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub node: NodeId,
    pub log: LogId,
    pub build: Build,
}

/// How long things last. Both nodes of a pair must be given the same lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a lease lasts after its last renewal.
    pub lease: Duration,
    /// How often the holder renews it and the others look at it.
    pub renew_every: Duration,
    /// How long before the lease ends outputs stop: covers clocks that run at unlike speed.
    pub margin: Duration,
}

impl Timing {
    /// A lease of `lease`, renewed every `renew_every`, with a tenth of it as margin.
    #[must_use]
    pub fn new(lease: Duration, renew_every: Duration) -> Self {
        Self { lease, renew_every, margin: lease / 10 }
    }
}

impl Default for Timing {
    /// Two seconds, renewed every half second.
    fn default() -> Self {
        Self::new(Duration::from_secs(2), Duration::from_millis(500))
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time has moved on.
    Tick,
    /// The answer to [`Action::ReadLease`].
    LeaseRead(Result<Option<Lease>, Unavailable>),
    /// The answer to [`Action::WriteLease`].
    LeaseWritten(Written),
    /// A log holds every acknowledged event, and nothing is acknowledged without it any more.
    PeerHolds(LogId),
    /// A log is to be done without.
    PeerGone(LogId),
    /// The holder says that it has released the lease.
    PeerReleased,
    /// A log that was asked at that moment leaves the lease to us for one lease.
    PeerPromised { log: LogId, asked: Moment },
    /// Somebody knows of a higher epoch than this node.
    HigherEpoch(Epoch),
    /// An operator asks for a clean hand-over.
    HandOver,
    /// Sources are closed, outputs confirmed, the snapshot committed: the lease may go.
    Drained,
    /// An operator accepts the loss of what only absent logs hold.
    AcceptLoss,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read the row; one lease operation is under way at a time.
    ReadLease,
    /// Write the row, if it is as expected.
    WriteLease(LeaseWrite),
    /// Take entries and acknowledge them from this epoch on, and refuse lower ones.
    AcceptFrom(Epoch),
    /// The lease is ours: take over.
    BecomeActive(Term),
    /// Outputs may leave until then.
    Deadline(Moment),
    /// The deadline has passed and the lease is not renewed: outputs wait.
    Suspend,
    /// The database does not answer: ask the named logs to leave the lease to us, and answer each
    /// with [`Input::PeerPromised`].
    Ask,
    /// Whether the term goes on by promises, because the database does not answer.
    OnPromise(bool),
    /// What an acknowledgement needs has changed.
    Require(Membership),
    /// The lease is another's: stop at once.
    StepDown(Lost),
    /// Close sources, drain, snapshot, then say [`Input::Drained`].
    Drain,
    /// The lease has been released.
    Released,
    /// Why this node does not take a free lease; said when it changes.
    Wait(Waiting),
}

/// A term of office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub epoch: Epoch,
    /// Outputs may leave until then.
    pub deadline: Moment,
    /// The logs that the lease named before, when ours was not one of them.
    pub loss: Option<BTreeSet<LogId>>,
}

/// The logs that an acknowledgement needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    /// Every log that the row may name: an acknowledgement waits for them all.
    pub required: BTreeSet<LogId>,
    /// The logs that the row names for certain, whatever became of writes without an answer.
    pub certain: BTreeSet<LogId>,
}

/// Why the lease was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Another holds it, under this epoch.
    Taken(Epoch),
    /// The row is gone from the database.
    RowGone,
}

/// Why a node does not take the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Another holds it, or has not yet been silent for one lease.
    Held,
    /// It is free, but our log does not hold every acknowledged event.
    NotInSync,
    /// The database does not answer.
    Unavailable,
    /// It has not been renewed, but this node has promised to leave it to its holder for now.
    Promised,
    /// This node handed over and leaves the lease to others for a while.
    Resting,
    /// A take is under way.
    Taking,
}
