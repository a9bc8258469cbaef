//! In-memory tables with indexes, the store behind a table, and what is kept at hand of it.

mod cache;
mod condition;
mod key_index;
mod outside;
mod scan_order;
mod store;
mod table;

pub use cache::{CachePolicy, CacheSpec};
pub use condition::TableCondition;
pub use outside::Lent;
pub use store::{
    ChangedRow, Inserts, Lookup, OpenStores, Store, StoreAsk, StoreExpr, StoreFailure, StoreSpec,
    StoreStatement,
};
pub use table::{Refused, Table, TableSpec};
