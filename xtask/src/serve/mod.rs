//! `cargo xtask serve`: what a running `weir serve` costs, and how long it stands still.

mod client;
mod home;
mod node;
mod replication;
mod sink;
mod state;
mod throughput;

pub(crate) use replication::replication;
pub(crate) use state::{snapshots, snapshots_of_pair, takeovers};
pub(crate) use throughput::throughput;
