//! Runs a plan over a log: junctions, partitions, timers, faults, snapshots.

mod aggregation;
mod app;
mod beside_tables;
mod build;
mod deliver;
mod errors;
mod held;
mod named_window;
mod on_demand;
mod outputs;
mod partition;
mod pattern;
mod query;
mod schedule;
mod segment;
mod snapshot;
mod stored_periods;
mod stores;
mod timer;
mod together;
mod wiring;

pub use app::{App, EntryHead, Options};
pub use errors::{STORED_EVENTS_MAX, StoredError};
pub use held::Held;
pub use on_demand::{QueryError, Rows};
pub use outputs::{Emitted, Level, Outputs, TapId};
pub use segment::{Segment, SegmentBuilder};
pub use snapshot::LoadError;
pub use stores::NoStores;
