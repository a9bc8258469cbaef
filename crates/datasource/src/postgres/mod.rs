//! PostgreSQL: a connection that answers in time or is given up, its failures told by what to do.

mod cells;
mod fault;
mod numbered;
mod numeric;
mod place;
mod session;
mod tls;
mod wire;

pub(crate) use place::PostgresPlace;
pub(crate) use session::Postgres;
