//! Snapshots of an app: an envelope in pieces, each small enough for a short transaction.

mod pieces;

pub use pieces::{
    SNAPSHOT_BYTES_MAX, SNAPSHOT_PIECE_BYTES, Snapshot, SnapshotAssembly, SnapshotPieces,
};

#[cfg(test)]
mod tests;
