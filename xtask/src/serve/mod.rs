//! `cargo xtask serve`: what a running `weir serve` costs an event, fed over HTTP.

mod client;
mod home;
mod node;
mod throughput;

pub(crate) use throughput::throughput;
