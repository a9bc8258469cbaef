//! `weir serve`: a node of a home, from its configuration to its end.

mod apps;
mod desk;
mod error;
mod errors;
mod guard;
mod health;
mod metrics;
mod release;
mod report;
mod server;
mod siddhi_apps;
mod stores;

pub use error::StartError;
pub use server::{ServeOptions, Server, ServerStopper};
