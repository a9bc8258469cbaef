//! The door: a JDBC URL in, a database out, and what can go wrong on the way.

mod database;
mod error;
mod login;
mod server_url;
mod sql;
mod url;

pub use database::{Database, DatabaseOptions, JdbcUrl};
pub use error::StoreError;
pub use login::Login;
#[cfg(feature = "mysql")]
pub(crate) use server_url::ServerKind;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use server_url::ServerUrl;
pub use sql::{Once, QUERY_ROWS_MAX, Rows, Sql, Statement, WriteMark};

#[cfg(test)]
mod tests;
