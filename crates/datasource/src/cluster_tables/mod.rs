//! The nodes of a cluster and the lease they compete for.

mod rows;
mod sqlite;

pub use rows::{ClusterTables, LeaseRow, LeaseVersion, NodeRow};
pub(crate) use sqlite::SqliteCluster;

#[cfg(test)]
mod tests;
