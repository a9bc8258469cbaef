//! Runs a plan over a log: junctions, partitions, timers, faults, snapshots.

mod app;
mod build;
mod deliver;
mod named_window;
mod outputs;
mod partition;
mod query;
mod snapshot;
mod timer;
mod together;

pub use app::{App, EntryHead, Options};
pub use outputs::{Emitted, Level, Outputs, TapId};
pub use snapshot::LoadError;
