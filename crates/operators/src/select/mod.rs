//! The selector: aggregates, select, having, order by, offset and limit, chunk by chunk.

mod aggregator;
mod group;
mod order;
mod selector;

pub use aggregator::{AggregateSpec, Aggregates};
pub use order::OrderSpec;
pub use selector::{EventTypes, SelectSpec, Selected, Selector};
