//! In-memory tables with indexes, and the store behind a table.

mod condition;
mod key_index;
mod table;

pub use condition::TableCondition;
pub use table::{Refused, Table, TableSpec};
