//! The store behind a table: rows that are kept outside of the app.

mod asked;
mod compile;
mod words;

pub use asked::{Inserts, StoreAsk};
pub use words::{
    ChangedRow, Lookup, OpenStores, Store, StoreExpr, StoreFailure, StoreSpec, StoreStatement,
};
