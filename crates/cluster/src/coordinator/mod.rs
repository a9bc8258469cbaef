//! Decides which node may act: takes, keeps, shares out and gives back the lease.

mod core;
mod holding;
mod lease;
mod seeking;
#[cfg(test)]
mod tests;
mod words;

pub use self::core::Coordinator;
pub use self::lease::{Lease, LeaseVersion, LeaseWrite, Unavailable, Written};
pub use self::words::{Action, Identity, Input, Lost, Membership, Term, Timing, Waiting};
