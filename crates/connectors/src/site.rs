//! What the sources and sinks of one process share: the host makes one and passes it in.

use std::fmt;
use std::sync::Arc;

use crate::broker::Broker;
#[cfg(feature = "http")]
use crate::http::Listeners;

/// What the sources and sinks of one process share.
#[derive(Clone, Default)]
pub struct Site {
    /// The topics of `inMemory`.
    pub broker: Arc<Broker>,
    /// The HTTP ports that sources listen on.
    #[cfg(feature = "http")]
    pub listeners: Arc<Listeners>,
    /// Who may send to a source that asks for authentication; without one, nobody.
    pub doorkeeper: Option<Arc<dyn Doorkeeper>>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// Knows who may send to sources that ask for authentication.
pub trait Doorkeeper: Send + Sync {
    /// Whether the value of an `Authorization` header names someone who may.
    fn allows(&self, authorization: &str) -> bool;
}
