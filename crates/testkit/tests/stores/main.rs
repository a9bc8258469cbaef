//! A table whose rows are in a database answers as one in memory does, on each database.
//!
//! `cargo xtask databases run -- cargo test -p weir-testkit` starts private servers and says in
//! the environment where they are. Without them only SQLite is tried, and that is said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is tests")]

mod bed;
mod cached;
mod kept;
mod periods;
mod refused;
mod same;
mod snapshots;
