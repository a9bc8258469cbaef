//! Apps played step by step.

mod aggregations;
mod player;
mod told;
