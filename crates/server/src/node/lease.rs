//! The lease of a node's group in its database; a node alone keeps one for its epochs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_cluster::{Lease, LeaseStore, LeaseWrite, NodeId, PeerAddress, StoreTrouble};
use weir_datasource::{ClusterTables, LeaseRow, LeaseVersion, NodeRow, StoreError};

use super::ticker;

/// The column of `CLUSTER_NODE` that says where a node listens for event sync.
const HOST: &str = "host";
/// Its port.
const PORT: &str = "port";

type Tables = Mutex<Box<dyn ClusterTables>>;

/// The cluster tables, as one group sees them.
pub(crate) struct GroupTables {
    group: String,
    lease: Tables,
    /// A connection of its own, so that no announcement keeps a renewal waiting.
    nodes: Tables,
}

impl GroupTables {
    /// The tables of a group, over two connections.
    pub(crate) fn new(
        group: &str,
        lease: Box<dyn ClusterTables>,
        nodes: Box<dyn ClusterTables>,
    ) -> Self {
        Self { group: group.to_owned(), lease: Mutex::new(lease), nodes: Mutex::new(nodes) }
    }
}

impl GroupTables {
    /// Takes a node that has stopped out of the table.
    pub(crate) fn forget(&self, node: &str) -> Result<(), StoreError> {
        lock(&self.nodes).forget(&self.group, node)
    }
}

fn lock(tables: &Tables) -> MutexGuard<'_, Box<dyn ClusterTables>> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}

fn trouble(error: StoreError) -> StoreTrouble {
    StoreTrouble(error.to_string())
}

impl LeaseStore for GroupTables {
    fn read(&self) -> Result<Option<Lease>, StoreTrouble> {
        let row = lock(&self.lease).lease(&self.group).map_err(trouble)?;
        Ok(row.map(|row| Lease {
            holder: row.holder.as_deref().map(NodeId::new),
            log: row.log,
            epoch: row.epoch,
            renewals: row.renewals,
            in_sync: row.in_sync,
        }))
    }

    fn write(&self, write: &LeaseWrite) -> Result<bool, StoreTrouble> {
        let LeaseWrite { expected, lease } = write;
        let expected =
            expected.map(|it| LeaseVersion { log: it.log, epoch: it.epoch, renewals: it.renewals });
        let row = LeaseRow {
            holder: lease.holder.as_ref().map(ToString::to_string),
            log: lease.log,
            epoch: lease.epoch,
            renewals: lease.renewals,
            in_sync: lease.in_sync.clone(),
        };
        lock(&self.lease).write_lease(&self.group, expected, &row).map_err(trouble)
    }

    fn announce(&self, me: &PeerAddress) -> Result<(), StoreTrouble> {
        let properties = BTreeMap::from([
            (HOST.to_owned(), me.host.clone()),
            (PORT.to_owned(), me.port.to_string()),
        ]);
        let row = NodeRow { node: me.node.to_string(), properties, heartbeat: ticker::now() };
        lock(&self.nodes).heartbeat(&self.group, &row).map_err(trouble)
    }

    fn peers(&self) -> Result<Vec<PeerAddress>, StoreTrouble> {
        let rows = lock(&self.nodes).nodes(&self.group).map_err(trouble)?;
        let peer = |row: NodeRow| {
            Some(PeerAddress {
                node: NodeId::new(&row.node),
                host: row.properties.get(HOST)?.clone(),
                port: row.properties.get(PORT)?.parse().ok()?,
            })
        };
        Ok(rows.into_iter().filter_map(peer).collect())
    }
}

/// The lease of a node without a group: nobody else may have it, as its log is locked. What a
/// crash left behind is therefore free at once.
pub(crate) struct SoleTables {
    tables: GroupTables,
    taken: AtomicBool,
}

impl SoleTables {
    /// The lease of the node that `tables` is named after.
    pub(crate) fn new(tables: GroupTables) -> Self {
        Self { tables, taken: AtomicBool::new(false) }
    }
}

impl LeaseStore for SoleTables {
    fn read(&self) -> Result<Option<Lease>, StoreTrouble> {
        let lease = self.tables.read()?;
        if self.taken.load(Ordering::Acquire) {
            return Ok(lease);
        }
        Ok(lease.map(|it| Lease { holder: None, ..it }))
    }

    fn write(&self, write: &LeaseWrite) -> Result<bool, StoreTrouble> {
        self.taken.store(true, Ordering::Release);
        self.tables.write(write)
    }

    fn announce(&self, _me: &PeerAddress) -> Result<(), StoreTrouble> {
        Ok(())
    }

    fn peers(&self) -> Result<Vec<PeerAddress>, StoreTrouble> {
        Ok(Vec::new())
    }
}
