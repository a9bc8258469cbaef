//! Rate limits: how often what a query selected leaves, kept for each partition key.

mod events;
mod limit;
mod row;
mod snapshot;
mod time;

pub use limit::{RateLimit, RateSpec, Which};
pub use snapshot::Picture;
