//! Carries out what a node decides: lease, log and event sync over TCP, on tokio.

mod clock;
mod conn;
mod dial;
mod drive;
mod error;
mod lease;
mod listen;
mod outside;
mod pair;
mod secret;
mod tail;
mod tls;

pub use clock::BootClock;
pub use error::PairError;
pub use outside::{EntryLog, LeaseStore, LogTrouble, StoreTrouble, SyncWork};
pub use pair::{LogReader, Pair, PairConfig, Running};
pub use secret::Secret;
pub use tls::SyncTls;
