//! `deployment.yaml` as users of the original have it: as written, then as checked.

mod auth;
mod carbon;
mod cluster;
mod datasources;
mod deployment;
mod ha;
mod keys;
mod own;
mod persistence;
mod placeholder;
mod problem;
mod siddhi;
#[cfg(test)]
mod tests;
mod transport;
mod yaml;

pub use auth::Auth;
pub use carbon::Carbon;
pub use cluster::Cluster;
pub use datasources::{DatabasePlace, Datasource, Secret};
pub use deployment::{Deployment, Home};
pub use ha::Ha;
pub use own::Own;
pub use persistence::Persistence;
pub use placeholder::Surroundings;
pub use problem::{ConfigError, ConfigProblem, Place};
pub use transport::Listener;
