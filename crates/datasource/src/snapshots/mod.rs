//! Snapshots of apps in a database, behind a fence that only the newest epoch passes.

mod parted;
mod parts;
mod place;
mod tables;

pub use place::{SnapshotPlace, SnapshotRow, Snapshots};
pub(crate) use tables::SqlSnapshots;
