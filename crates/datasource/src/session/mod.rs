//! A connection to a database of any kind, as the rooms behind the door use it.

mod dialect;
mod link;
mod made;
mod plain;
mod transaction;

pub use dialect::Dialect;
pub(crate) use link::Link;
pub(crate) use made::{Wanted, make_missing};
pub(crate) use plain::{Cell, Found, Session};
pub(crate) use transaction::transact;
