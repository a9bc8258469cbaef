//! A scenario player in virtual time, cases told by the reference, and the benchmark's workloads.

mod bench;
mod json;
mod lane;
mod player;
mod told;
mod transports;

pub use bench::{BenchError, Figure, bench};
pub use player::{ReplayError, replay};
pub use told::{Done, Told, ToldStep, read_row, told, write_row};
