//! How a node is, for probes, for `weir status` and for logs.

use std::time::Duration;

use weir_codec::EntryId;
use weir_connectors::SourceState;
use weir_event::Time;

use super::standby::Standby;
use super::waits::Waits;

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
    /// The release it runs.
    pub release: String,
    /// What it does.
    pub role: Role,
    /// What it does with the log while another node is active; as things stand, with the reason
    /// where that is not what it was told.
    pub standby: (Standby, Option<String>),
    /// The epoch of its lease, while it has one.
    pub epoch: Option<u64>,
    /// Every log that must hold the entries up to here does.
    pub committed: EntryId,
    /// How many logs hold every acknowledged event.
    pub in_sync: usize,
    /// The last entry it has.
    pub last: EntryId,
    /// The other nodes of its group.
    pub peers: Vec<PeerView>,
    /// Its apps.
    pub apps: Vec<AppView>,
    /// How long entries took from their way into the log to their acknowledgement.
    pub waits: Waits,
    /// How long this node would take to bring its apps up if it had the lease now; `None` where
    /// it is active or that is not known.
    pub takeover: Option<Duration>,
}

/// Another node of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// Its name.
    pub node: String,
    /// Where it listens for event sync.
    pub at: String,
    /// Whether it is connected; `None` on a passive node, which does not dial.
    pub connected: Option<bool>,
    /// How many entries it is behind, while it is connected.
    pub lag: Option<u64>,
    /// The release it runs, once it was met.
    pub release: Option<String>,
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
    /// How much of what its sources brought waits to be executed, in KiB.
    pub queued_kib: u64,
    /// About how many bytes of state it holds.
    pub held_bytes: u64,
    /// How long the entries since its last snapshot took to execute.
    pub unsaved: Duration,
    /// Its last snapshot.
    pub snapshot: Option<SnapshotView>,
    /// Its sources.
    pub sources: Vec<SourceLook>,
    /// Its sinks.
    pub sinks: Vec<SinkView>,
}

/// A source at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLook {
    /// Its name within the app.
    pub name: String,
    /// The stream that it feeds.
    pub stream: String,
    /// What it said last.
    pub state: Option<SourceState>,
    /// Events that are in the log, since this node became active.
    pub taken: u64,
    /// Messages that could not be read since then.
    pub unread: u64,
}

/// A snapshot that is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotView {
    /// Its name among the app's snapshots.
    pub revision: String,
    /// The last entry in it.
    pub at: EntryId,
    /// When it was taken, on this node's clock.
    pub taken: Time,
    /// How large it is; `None` where another node has taken it.
    pub bytes: Option<u64>,
    /// For how long the app executed nothing because of it.
    pub pause: Duration,
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
