//! In-memory tables with indexes, and the store behind a table.

mod condition;
mod key_index;
mod outside;
mod scan_order;
mod store;
mod table;

pub use condition::TableCondition;
pub use store::{
    ChangedRow, Inserts, Lookup, OpenStores, Store, StoreAsk, StoreExpr, StoreFailure, StoreSpec,
    StoreStatement,
};
pub use table::{Refused, Table, TableSpec};
