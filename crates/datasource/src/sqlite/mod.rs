//! SQLite: one connection to a file, its failures told by what to do.

mod connection;
mod fault;
mod session;

pub(crate) use connection::Sqlite;
