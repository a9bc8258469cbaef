//! A node: configuration, apps and the pair wired together.

mod config;
mod memory;
mod node;
mod serve;

pub use config::{
    Auth, Carbon, Cluster, ConfigError, ConfigProblem, DatabasePlace, Datasource, Deployment, Ha,
    Home, Listener, Own, Persistence, Place, Secret, Surroundings,
};
pub use memory::state_max_bytes;
pub use node::{
    AppView, NodeView, PeerView, Role, SinkView, SnapshotView, SourceLook, Standby, Waits,
};
pub use serve::{ServeOptions, Server, ServerStopper, StartError};
