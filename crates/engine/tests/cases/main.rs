//! Apps played step by step.

mod aggregations;
mod on_demand;
mod patterns;
mod player;
mod told;
