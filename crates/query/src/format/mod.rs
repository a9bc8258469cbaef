//! The layout of a text: a line for each clause, comments kept where they stand.

mod entry;
mod layout;
mod line;

pub use entry::format_source;
pub(crate) use entry::{lay_out_app, lay_out_on_demand, lay_out_query};
