//! The door: a JDBC URL in, a database out, and what can go wrong on the way.

mod database;
mod error;
mod sql;
mod url;

pub use database::{Database, DatabaseOptions};
pub use error::StoreError;
pub use sql::{Once, QUERY_ROWS_MAX, Rows, Sql, Statement, WriteMark};
pub(crate) use sql::{bound, value_of};

#[cfg(test)]
mod tests;
