//! Two or three nodes, a database and a network under seeds: promises checked at each step.

mod app;
mod checks;
mod database;
mod disk;
mod faults;
mod network;
mod office;
mod rng;
mod world;

pub use checks::Violation;
pub use world::{Mutant, Outcome, Setup, Stats, Weather, run};
