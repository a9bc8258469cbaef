//! The selector: aggregates, select, having, order by, offset and limit, chunk by chunk.

mod aggregator;
mod group;
mod order;
mod pending;
mod plain;
mod running;
mod selector;
mod stage;

pub use aggregator::{AggregateSpec, Aggregates};
pub use order::OrderSpec;
pub use plain::Plain;
pub(crate) use running::Running;
pub use selector::{EventTypes, SelectSpec, Selected, Selector};
