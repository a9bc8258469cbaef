//! The rows of `CLUSTER_NODE` and `CLUSTER_LEASE`, and what is done with them.

use std::collections::{BTreeMap, BTreeSet};

use weir_codec::LogId;
use weir_event::{Epoch, Time};

use crate::door::StoreError;

/// A row of `CLUSTER_NODE`: a node says that it is there, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// The node's id, as `wso2.carbon.id` gives it.
    pub node: String,
    /// Where it is reached, and the like.
    pub properties: BTreeMap<String, String>,
    /// Its own clock when it wrote this. For people: nothing expires by it.
    pub heartbeat: Time,
}

/// A row of `CLUSTER_LEASE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// Who holds it; nobody after a release.
    pub holder: Option<String>,
    /// The log of the node that wrote the row last.
    pub log: LogId,
    /// Raised by each take.
    pub epoch: Epoch,
    /// Raised by each other write of the holder.
    pub renewals: u64,
    /// The logs that hold every acknowledged event.
    pub in_sync: BTreeSet<LogId>,
}

impl LeaseRow {
    /// What a conditional write compares.
    #[must_use]
    pub fn version(&self) -> LeaseVersion {
        LeaseVersion { log: self.log, epoch: self.epoch, renewals: self.renewals }
    }
}

/// The columns that every write of a lease changes, and is conditional on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseVersion {
    /// [`LeaseRow::log`].
    pub log: LogId,
    /// [`LeaseRow::epoch`].
    pub epoch: Epoch,
    /// [`LeaseRow::renewals`].
    pub renewals: u64,
}

/// The tables of a cluster database.
///
/// After an error of [`Self::write_lease`] nobody knows whether the row was written: read it.
pub trait ClusterTables: Send {
    /// Says that a node is there: its row is added or replaced.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn heartbeat(&mut self, group: &str, node: &NodeRow) -> Result<(), StoreError>;

    /// The nodes of a group, by name.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn nodes(&mut self, group: &str) -> Result<Vec<NodeRow>, StoreError>;

    /// Takes a node out of the table, as a clean stop does.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn forget(&mut self, group: &str, node: &str) -> Result<(), StoreError>;

    /// The lease of a group; none before anybody took it.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn lease(&mut self, group: &str) -> Result<Option<LeaseRow>, StoreError>;

    /// Writes the lease if it is as expected (or absent, where nothing is expected), in one
    /// statement; answers whether it was.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn write_lease(
        &mut self,
        group: &str,
        expected: Option<LeaseVersion>,
        lease: &LeaseRow,
    ) -> Result<bool, StoreError>;
}
