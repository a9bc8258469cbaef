//! The cluster tables in a SQLite file of their own.

use std::path::Path;

use rusqlite::{Row, params};
use weir_codec::LogId;
use weir_event::Time;

use super::rows::{ClusterTables, LeaseRow, LeaseVersion, NodeRow};
use crate::door::{DatabaseOptions, StoreError};
use crate::sqlite::{Sqlite, epoch_of, stored};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS CLUSTER_NODE (
        clusterGroup TEXT NOT NULL,
        nodeId TEXT NOT NULL,
        propertyMap TEXT NOT NULL,
        heartbeatTimestamp INTEGER NOT NULL,
        PRIMARY KEY (clusterGroup, nodeId)
    );
    CREATE TABLE IF NOT EXISTS CLUSTER_LEASE (
        clusterGroup TEXT NOT NULL PRIMARY KEY,
        nodeId TEXT,
        logId TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        renewals INTEGER NOT NULL,
        inSync TEXT NOT NULL
    );";

const HEARTBEAT: &str = "
    INSERT INTO CLUSTER_NODE (clusterGroup, nodeId, propertyMap, heartbeatTimestamp)
    VALUES (?, ?, ?, ?)
    ON CONFLICT (clusterGroup, nodeId) DO UPDATE
    SET propertyMap = excluded.propertyMap, heartbeatTimestamp = excluded.heartbeatTimestamp";

const NODES: &str = "
    SELECT nodeId, propertyMap, heartbeatTimestamp FROM CLUSTER_NODE
    WHERE clusterGroup = ? ORDER BY nodeId";

const FORGET: &str = "DELETE FROM CLUSTER_NODE WHERE clusterGroup = ? AND nodeId = ?";

const LEASE: &str = "
    SELECT nodeId, logId, epoch, renewals, inSync FROM CLUSTER_LEASE WHERE clusterGroup = ?";

const FIRST_LEASE: &str = "
    INSERT INTO CLUSTER_LEASE (nodeId, logId, epoch, renewals, inSync, clusterGroup)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (clusterGroup) DO NOTHING";

const NEXT_LEASE: &str = "
    UPDATE CLUSTER_LEASE SET nodeId = ?, logId = ?, epoch = ?, renewals = ?, inSync = ?
    WHERE clusterGroup = ? AND logId = ? AND epoch = ? AND renewals = ?";

/// The cluster tables in a SQLite file of their own.
#[derive(Debug)]
pub(crate) struct SqliteCluster {
    sqlite: Sqlite,
}

impl SqliteCluster {
    pub(crate) fn open(file: &Path, options: DatabaseOptions) -> Result<Self, StoreError> {
        let sqlite = Sqlite::open(file, options)?;
        sqlite.batch(TABLES)?;
        Ok(Self { sqlite })
    }

    fn damaged(&self, what: &str, why: impl ToString) -> StoreError {
        let why = format!("{what}: {}", why.to_string());
        StoreError::Damaged { database: self.sqlite.name().to_owned(), why }
    }

    fn log_id(&self, text: &str) -> Result<LogId, StoreError> {
        text.parse().map_err(|why| self.damaged("CLUSTER_LEASE", why))
    }
}

/// A lease as its columns are.
struct Columns {
    holder: Option<String>,
    log: String,
    epoch: i64,
    renewals: i64,
    in_sync: String,
}

impl Columns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            holder: row.get(0)?,
            log: row.get(1)?,
            epoch: row.get(2)?,
            renewals: row.get(3)?,
            in_sync: row.get(4)?,
        })
    }
}

impl ClusterTables for SqliteCluster {
    fn heartbeat(&mut self, group: &str, node: &NodeRow) -> Result<(), StoreError> {
        let properties = serde_json::to_string(&node.properties)
            .map_err(|why| self.damaged("propertyMap", why))?;
        let values = params![group, node.node, properties, node.heartbeat.0];
        self.sqlite.write(HEARTBEAT, values).map(drop)
    }

    fn nodes(&mut self, group: &str) -> Result<Vec<NodeRow>, StoreError> {
        let rows = self.sqlite.read(NODES, params![group], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?))
        })?;
        let node = |(node, properties, heartbeat): (String, String, i64)| {
            let properties = serde_json::from_str(&properties)
                .map_err(|why| self.damaged(&format!("propertyMap of node `{node}`"), why))?;
            Ok(NodeRow { node, properties, heartbeat: Time(heartbeat) })
        };
        rows.into_iter().map(node).collect()
    }

    fn forget(&mut self, group: &str, node: &str) -> Result<(), StoreError> {
        self.sqlite.write(FORGET, params![group, node]).map(drop)
    }

    fn lease(&mut self, group: &str) -> Result<Option<LeaseRow>, StoreError> {
        let mut rows = self.sqlite.read(LEASE, params![group], Columns::of)?;
        let Some(row) = rows.pop() else { return Ok(None) };
        let ids = row.in_sync.split(',').filter(|id| !id.is_empty());
        Ok(Some(LeaseRow {
            holder: row.holder,
            log: self.log_id(&row.log)?,
            epoch: epoch_of(row.epoch),
            renewals: u64::try_from(row.renewals)
                .map_err(|why| self.damaged("CLUSTER_LEASE", why))?,
            in_sync: ids.map(|id| self.log_id(id)).collect::<Result<_, _>>()?,
        }))
    }

    fn write_lease(
        &mut self,
        group: &str,
        expected: Option<LeaseVersion>,
        lease: &LeaseRow,
    ) -> Result<bool, StoreError> {
        let in_sync: Vec<_> = lease.in_sync.iter().map(ToString::to_string).collect();
        let (log, in_sync) = (lease.log.to_string(), in_sync.join(","));
        let (epoch, renewals) = (stored(lease.epoch.0)?, stored(lease.renewals)?);
        let changed = match expected {
            None => {
                let values = params![lease.holder, log, epoch, renewals, in_sync, group];
                self.sqlite.write(FIRST_LEASE, values)?
            }
            Some(it) => {
                let (old_epoch, old_renewals) = (stored(it.epoch.0)?, stored(it.renewals)?);
                let old_log = it.log.to_string();
                let (new, old) = ((log, epoch, renewals), (old_log, old_epoch, old_renewals));
                let values =
                    params![lease.holder, new.0, new.1, new.2, in_sync, group, old.0, old.1, old.2];
                self.sqlite.write(NEXT_LEASE, values)?
            }
        };
        Ok(changed == 1)
    }
}
