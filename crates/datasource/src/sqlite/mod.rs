//! SQLite: one connection to a file, its failures told by what to do.

mod connection;
mod fault;
mod statements;

pub(crate) use connection::{Sqlite, Stopped, epoch_of, seq_of, stored};
