//! The cluster tables in a database of any kind.

use weir_codec::LogId;
use weir_event::Time;

use super::rows::{ClusterTables, LeaseRow, LeaseVersion, NodeRow};
use crate::door::StoreError;
use crate::session::{Cell, Dialect, Session, Wanted, make_missing};

/// The longest names of groups and nodes: two of them fit into a key of each database.
const NAME_CHARS: u32 = 255;

const NODE_COLUMNS: &str = "clusterGroup, nodeId, propertyMap, heartbeatTimestamp";

const LEASE_COLUMNS: &str = "clusterGroup, nodeId, logId, epoch, renewals, inSync";

const HINT: &str = "name another database in `cluster.config.strategyConfig.datasource`";

const NODES: &str = "
    SELECT nodeId, propertyMap, heartbeatTimestamp FROM CLUSTER_NODE
    WHERE clusterGroup = ? ORDER BY nodeId";

const FORGET: &str = "DELETE FROM CLUSTER_NODE WHERE clusterGroup = ? AND nodeId = ?";

const LEASE: &str = "
    SELECT nodeId, logId, epoch, renewals, inSync FROM CLUSTER_LEASE WHERE clusterGroup = ?";

const FIRST_LEASE: &str = "
    INSERT INTO CLUSTER_LEASE (nodeId, logId, epoch, renewals, inSync, clusterGroup)
    VALUES (?, ?, ?, ?, ?, ?)";

const NEXT_LEASE: &str = "
    UPDATE CLUSTER_LEASE SET nodeId = ?, logId = ?, epoch = ?, renewals = ?, inSync = ?
    WHERE clusterGroup = ? AND logId = ? AND epoch = ? AND renewals = ?";

/// The cluster tables in a database.
pub(crate) struct SqlCluster {
    session: Box<dyn Session>,
    heartbeat: String,
}

impl SqlCluster {
    pub(crate) fn open(mut session: Box<dyn Session>) -> Result<Self, StoreError> {
        let dialect = session.dialect();
        for (name, columns, made_by) in [
            ("CLUSTER_NODE", NODE_COLUMNS, node_table(dialect)),
            ("CLUSTER_LEASE", LEASE_COLUMNS, lease_table(dialect)),
        ] {
            let wanted = Wanted { name, columns, made_by: &made_by, hint: HINT };
            make_missing(&mut *session, &wanted)?;
        }
        let mut heartbeat =
            format!("INSERT INTO CLUSTER_NODE ({NODE_COLUMNS}) VALUES (?, ?, ?, ?)");
        let others = ["propertyMap", "heartbeatTimestamp"];
        heartbeat.push_str(&dialect.or_replace("clusterGroup, nodeId", &others));
        Ok(Self { session, heartbeat })
    }

    fn damaged(&self, what: &str, why: impl ToString) -> StoreError {
        let why = format!("{what}: {}", why.to_string());
        StoreError::Damaged { database: self.session.name().to_owned(), why }
    }

    fn log_id(&self, text: &str) -> Result<LogId, StoreError> {
        text.parse().map_err(|why| self.damaged("CLUSTER_LEASE", why))
    }

    fn lease_of(&self, row: &[Cell]) -> Result<LeaseRow, StoreError> {
        let [holder, log, epoch, renewals, in_sync] = row else {
            return Err(self.damaged("CLUSTER_LEASE", "it has other columns"));
        };
        let ids = in_sync.as_text().unwrap_or_default().split(',').filter(|id| !id.is_empty());
        let renewals = renewals.as_int().and_then(|it| u64::try_from(it).ok());
        Ok(LeaseRow {
            holder: holder.as_text().map(str::to_owned),
            log: self.log_id(log.as_text().unwrap_or_default())?,
            epoch: epoch.as_epoch(),
            renewals: renewals
                .ok_or_else(|| self.damaged("CLUSTER_LEASE", "renewals is no count"))?,
            in_sync: ids.map(|id| self.log_id(id)).collect::<Result<_, _>>()?,
        })
    }
}

fn node_table(dialect: Dialect) -> String {
    let (key, text, end) = (dialect.key(NAME_CHARS), dialect.text(), dialect.table_end());
    format!(
        "CREATE TABLE CLUSTER_NODE (
            clusterGroup {key} NOT NULL,
            nodeId {key} NOT NULL,
            propertyMap {text} NOT NULL,
            heartbeatTimestamp BIGINT NOT NULL,
            PRIMARY KEY (clusterGroup, nodeId)
        ){end}"
    )
}

fn lease_table(dialect: Dialect) -> String {
    let (key, text, end) = (dialect.key(NAME_CHARS), dialect.text(), dialect.table_end());
    format!(
        "CREATE TABLE CLUSTER_LEASE (
            clusterGroup {key} NOT NULL PRIMARY KEY,
            nodeId {key},
            logId {key} NOT NULL,
            epoch BIGINT NOT NULL,
            renewals BIGINT NOT NULL,
            inSync {text} NOT NULL
        ){end}"
    )
}

/// A name as the tables hold it; one that does not fit is refused rather than cut.
fn name(what: &'static str, text: &str) -> Result<Cell, StoreError> {
    if text.chars().count() <= NAME_CHARS as usize {
        return Ok(text.into());
    }
    let why = format!("the name of a {what} has at most {NAME_CHARS} characters");
    Err(StoreError::refused(text, why, "give it a shorter one"))
}

impl ClusterTables for SqlCluster {
    fn heartbeat(&mut self, group: &str, node: &NodeRow) -> Result<(), StoreError> {
        let properties = serde_json::to_string(&node.properties)
            .map_err(|why| self.damaged("propertyMap", why))?;
        let (group, id) = (name("group", group)?, name("node", &node.node)?);
        let values = [group, id, Cell::Text(properties), Cell::Int(node.heartbeat.0)];
        self.session.write(&self.heartbeat, &values).map(drop)
    }

    fn nodes(&mut self, group: &str) -> Result<Vec<NodeRow>, StoreError> {
        let rows = self.session.read(NODES, &[group.into()])?.rows;
        let node = |row: Vec<Cell>| {
            let text = |at: usize| row[at].as_text().unwrap_or_default().to_owned();
            let node = text(0);
            let properties = serde_json::from_str(&text(1))
                .map_err(|why| self.damaged(&format!("propertyMap of node `{node}`"), why))?;
            let heartbeat = Time(row[2].as_int().unwrap_or_default());
            Ok(NodeRow { node, properties, heartbeat })
        };
        rows.into_iter().map(node).collect()
    }

    fn forget(&mut self, group: &str, node: &str) -> Result<(), StoreError> {
        self.session.write(FORGET, &[group.into(), node.into()]).map(drop)
    }

    fn lease(&mut self, group: &str) -> Result<Option<LeaseRow>, StoreError> {
        let found = self.session.read(LEASE, &[group.into()])?;
        found.rows.last().map(|row| self.lease_of(row)).transpose()
    }

    fn write_lease(
        &mut self,
        group: &str,
        expected: Option<LeaseVersion>,
        lease: &LeaseRow,
    ) -> Result<bool, StoreError> {
        let in_sync: Vec<_> = lease.in_sync.iter().map(ToString::to_string).collect();
        let holder = match &lease.holder {
            Some(holder) => name("node", holder)?,
            None => Cell::Null,
        };
        let mut values = vec![
            holder,
            Cell::Text(lease.log.to_string()),
            Cell::number(lease.epoch.0)?,
            Cell::number(lease.renewals)?,
            Cell::Text(in_sync.join(",")),
            name("group", group)?,
        ];
        let Some(it) = expected else {
            return match self.session.write(FIRST_LEASE, &values) {
                Err(StoreError::Conflict { .. }) => Ok(false),
                written => written.map(|changed| changed == 1),
            };
        };
        values.push(Cell::Text(it.log.to_string()));
        values.push(Cell::number(it.epoch.0)?);
        values.push(Cell::number(it.renewals)?);
        Ok(self.session.write(NEXT_LEASE, &values)? == 1)
    }
}
