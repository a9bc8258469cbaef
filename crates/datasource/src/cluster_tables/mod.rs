//! The nodes of a cluster and the lease they compete for.

mod rows;
mod tables;

pub use rows::{ClusterTables, LeaseRow, LeaseVersion, NodeRow};
pub(crate) use tables::SqlCluster;
