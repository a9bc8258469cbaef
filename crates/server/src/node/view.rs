//! How a node is, for probes, for `weir status` and for logs.

use weir_codec::EntryId;
use weir_connectors::SourceState;

/// What a node does in its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It has not heard from its group yet.
    Starting,
    /// It holds the log and waits; why it does not take the lease.
    Passive(&'static str),
    /// It has the lease and brings its apps up.
    TakingOver,
    /// It takes events and sends outputs.
    Active,
    /// It is active, and cannot renew its lease: outputs wait.
    Suspended,
    /// It hands over.
    Draining,
    /// It has given its lease back.
    Released,
}

impl Role {
    /// One word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Passive(_) => "passive",
            Self::TakingOver => "taking over",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Draining => "handing over",
            Self::Released => "released",
        }
    }

    /// Whether clients should be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Active)
    }
}

/// A node at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its name.
    pub node: String,
    /// Its group; `None` when it runs alone.
    pub group: Option<String>,
    /// What it does.
    pub role: Role,
    /// The epoch of its lease, while it has one.
    pub epoch: Option<u64>,
    /// Every log that must hold the entries up to here does.
    pub committed: EntryId,
    /// How many logs hold every acknowledged event.
    pub in_sync: usize,
    /// Its apps.
    pub apps: Vec<AppView>,
}

/// An app at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppView {
    /// Its name.
    pub name: String,
    /// Why it does not run; `None` when it does, or waits on a passive node.
    pub failed: Option<String>,
    /// The last entry it has executed.
    pub applied: EntryId,
    /// Events taken.
    pub events: u64,
    /// Events left out because their idempotency key was known.
    pub repeated: u64,
    /// The entry of its last snapshot.
    pub snapshot: Option<EntryId>,
    /// Its sources: name, and how each is.
    pub sources: Vec<(String, Option<SourceState>)>,
    /// Its sinks.
    pub sinks: Vec<SinkView>,
}

/// A sink at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkView {
    /// Its name within the app.
    pub name: String,
    /// The number up to which outputs are confirmed or given up.
    pub mark: u64,
    /// Rows that wait.
    pub waiting_rows: usize,
    /// Rows confirmed since this node became active.
    pub delivered: u64,
    /// Rows given up since this node became active.
    pub given_up: u64,
    /// What is in its way.
    pub trouble: Option<String>,
}
