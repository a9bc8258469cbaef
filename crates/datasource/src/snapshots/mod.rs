//! Snapshots of apps in a database, behind a fence that only the newest epoch passes.

mod place;
mod sqlite;

pub use place::{SnapshotPlace, SnapshotRow, Snapshots};
pub(crate) use sqlite::SqliteSnapshots;

#[cfg(test)]
mod tests;
