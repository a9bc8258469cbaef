//! MySQL and MariaDB: a connection, its failures told by what to do.

mod cells;
mod fault;
mod place;
mod session;

pub(crate) use place::MysqlPlace;
pub(crate) use session::Mysql;
