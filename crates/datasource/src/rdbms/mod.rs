//! `@store(type='rdbms')`: a table of an app whose rows are in a database.

mod compile;
mod open;
mod options;
mod shape;
mod store;

pub use open::{NamedDatabase, RdbmsStores, WritingEpoch};
