//! One node of the pair: coordinator, sender and receiver put together over one log.

mod active;
mod core;
#[cfg(test)]
mod tests;
mod trims;
mod words;

pub use self::core::{Found, Node, NodeConfig};
pub use self::words::{NodeAction, NodeEvent, NodeInput, PeerAddress, PeerReport};
