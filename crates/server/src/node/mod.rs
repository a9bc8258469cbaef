//! A node at work: its apps on their threads, its sources and sinks, and its place in the group.

mod active;
mod answers;
mod app;
mod conductor;
mod disk;
mod door;
mod engine;
mod entries;
mod feed;
mod follow;
mod handover;
mod kept;
mod keys;
mod lane;
mod lease;
mod look;
mod machine;
mod pace;
mod past;
mod pump;
mod request;
mod run;
mod saved;
mod saving;
mod standby;
mod statistics;
mod stores;
mod takeover;
mod term;
#[cfg(test)]
mod tests;
mod ticker;
#[cfg(test)]
mod told;
mod undelivered;
mod view;
mod waits;

pub(crate) use active::{BuiltApp, Shared};
pub(crate) use conductor::{Asked, Command, Conductor, Settings};
pub(crate) use disk::{DiskLog, DiskShelf};
pub(crate) use door::{Group, Shelf};
pub(crate) use engine::{machine, name_of_file};
pub(crate) use kept::{Adopted, KeepingStore, Kept, adopt, wait_of};
pub(crate) use lease::{GroupTables, SoleTables};
pub(crate) use machine::AppText;
pub(crate) use pump::Gate;
pub(crate) use saved::SNAPSHOT_FORMAT;
pub use standby::Standby;
pub(crate) use stores::StorePlaces;
pub(crate) use ticker::now as ticker_now;
pub(crate) use undelivered::{Undelivered, shown};
pub use view::{AppView, NodeView, PeerView, Role, SinkView, SnapshotView, SourceLook};
pub(crate) use waits::STEPS_US;
pub use waits::Waits;
