//! What the sources and sinks of one process share: the host makes one and passes it in.

use std::sync::Arc;

use crate::broker::Broker;

/// What the sources and sinks of one process share.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The topics of `inMemory`.
    pub broker: Arc<Broker>,
}
