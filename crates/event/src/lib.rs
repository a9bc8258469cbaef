//! Values, columns, batches, row kinds, ids and time: what every other room speaks in.

mod ids;

pub use ids::{Epoch, OutputNo, Seq, Time};
