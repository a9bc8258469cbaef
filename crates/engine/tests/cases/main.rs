//! Apps played step by step.

mod aggregations;
mod patterns;
mod player;
mod told;
