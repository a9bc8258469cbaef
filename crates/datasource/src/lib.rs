//! What a node keeps: the log on disk, and the SQL databases behind one door.

mod cluster_tables;
mod door;
mod error_store;
mod file_log;
mod kept_log;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod rdbms;
mod session;
mod snapshots;
mod sqlite;
mod statements;

pub use cluster_tables::{ClusterTables, LeaseRow, LeaseVersion, NodeRow};
pub use door::{
    Database, DatabaseOptions, JdbcUrl, Login, Once, QUERY_ROWS_MAX, Rows, Sql, Statement,
    StoreError, WriteMark,
};
pub use error_store::{ErrorStore, StoredError};
pub use file_log::{
    FileLog, LogError, LogOptions, PendingSync, Recovered, SEGMENT_BYTES, Synced, TOTAL_BYTES_MAX,
};
pub use kept_log::{KeptHead, KeptLog};
pub use rdbms::{NamedDatabase, RdbmsStores, WritingEpoch};
pub use session::Dialect;
pub use snapshots::{SnapshotPlace, SnapshotRow, Snapshots};
