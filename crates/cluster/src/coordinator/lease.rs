//! The lease: one row a group in the cluster database, changed only by conditional writes.

use std::collections::BTreeSet;

use weir_codec::LogId;
use weir_event::Epoch;

use crate::ids::NodeId;

/// The row `CLUSTER_LEASE (clusterGroup, nodeId, logId, epoch, renewals, inSync)` of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; nobody after a release.
    pub holder: Option<NodeId>,
    /// The log of the node that wrote the row last.
    pub log: LogId,
    /// Raised by each take.
    pub epoch: Epoch,
    /// Raised by each other write of the holder.
    pub renewals: u64,
    /// The logs that hold every acknowledged event: only they may take the lease.
    pub in_sync: BTreeSet<LogId>,
}

impl Lease {
    /// What a conditional write compares.
    #[must_use]
    pub fn version(&self) -> LeaseVersion {
        LeaseVersion { log: self.log, epoch: self.epoch, renewals: self.renewals }
    }
}

/// The columns that every write of the row changes, and is conditional on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseVersion {
    pub log: LogId,
    pub epoch: Epoch,
    pub renewals: u64,
}

/// A conditional write of the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseWrite {
    /// The row must be so, or absent.
    pub expected: Option<LeaseVersion>,
    pub lease: Lease,
}

/// What became of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The row is as written.
    Done,
    /// The row was not as expected, and is untouched.
    Refused,
    /// No answer: the write may have happened, or may yet happen.
    Unknown,
}

/// The database did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;
