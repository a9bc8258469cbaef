//! Aggregators: add on current rows, remove on expired ones, start again on reset.

mod aggregates;
mod best;
mod collect;
mod concat;
mod extreme;
mod gather;
mod number;
mod peak;

pub(super) use aggregates::Rows;
pub use aggregates::{AggregateSpec, Aggregates};
