//! Queries at run time: rows in, selected rows out.

mod beside;
mod change;
mod checks;
mod delivery;
mod handler;
mod join;
mod join_index;
mod join_search;
mod plain;
#[expect(clippy::module_inception, reason = "the query itself, among its parts")]
mod query;
mod single;
mod state;

pub(crate) use beside::Part;
pub(crate) use change::{Change, Meant, Written};
pub(crate) use checks::check;
pub(crate) use delivery::{Delivery, Port};
pub(crate) use handler::{Handler, Seat};
pub(crate) use join::{Join, JoinSide, SideOrigin, is_steady};
pub(crate) use join_index::Index;
pub(crate) use query::{Asked, Query, QueryInput, World};
pub(crate) use single::Single;
pub(crate) use state::State;
