//! Every database behind the door does the same, each on a real one.
//!
//! `cargo xtask databases run -- cargo test -p weir-datasource` starts private servers and says
//! in the environment where they are. Without them only SQLite is tried, and that is said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is tests")]

mod bed;
mod cluster;
mod error_store;
mod kept_log;
mod servers;
mod snapshots;
mod sqlite;
mod statements;
