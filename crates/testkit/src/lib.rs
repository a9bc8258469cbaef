//! A scenario player in virtual time, and the benchmark's workloads.

mod bench;
mod json;
mod lane;
mod player;
mod transports;

pub use bench::{BenchError, Figure, bench};
pub use player::{ReplayError, replay};
