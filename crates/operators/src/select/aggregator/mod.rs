//! Aggregators: add on current rows, remove on expired ones, start again on reset.

mod aggregates;
mod best;
mod collect;
mod extreme;
mod number;

pub(super) use aggregates::Rows;
pub use aggregates::{AggregateSpec, Aggregates};
