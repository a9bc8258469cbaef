//! What a node is told, what it asks for, and what it lets the rooms above know.

use std::collections::BTreeSet;

use bytes::Bytes;
use weir_codec::{Build, EntryId, LogId, RawEntry, Refusal};
use weir_event::{Epoch, Seq, Time};

use crate::coordinator::{Lease, LeaseWrite, Lost, Term, Unavailable, Waiting, Written};
use crate::ids::{ConnId, Moment, NodeId};
use crate::sync::{Fill, Packet};

/// Where a node listens for event sync, as it advertises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    pub node: NodeId,
    pub host: String,
    pub port: u16,
}

/// A node of the group as this one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerReport {
    pub address: PeerAddress,
    /// Whether it is connected, as far as an active node knows; a passive one does not dial.
    pub connected: Option<bool>,
    /// Up to where it holds our log, while it is connected.
    pub holds: Option<EntryId>,
    /// Its release, once it has been met.
    pub build: Option<Build>,
}

/// What happened to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeInput {
    Tick,
    LeaseRead(Result<Option<Lease>, Unavailable>),
    LeaseWritten(Written),
    /// The nodes of the group, as the database lists them.
    Peers(Vec<PeerAddress>),
    /// A [`NodeAction::Connect`] has come about.
    Connected(NodeId, ConnId),
    ConnectFailed(NodeId),
    /// A frame of any connection, whoever opened it.
    Heard(ConnId, Packet),
    Closed(ConnId),
    /// A [`NodeAction::Fill`] was sent and reached to here.
    Filled {
        conn: ConnId,
        through: Seq,
        bytes: usize,
    },
    /// New entries' contents, with the clock's time.
    Append(Vec<(Time, Bytes)>),
    /// The log is on disk up to here.
    Synced(EntryId),
    /// How large the log is now.
    LogBytes(u64),
    /// The last committed snapshot, and the highest entry time it knows: numbers go on above.
    Restored {
        at: EntryId,
        time: Time,
    },
    /// The apps that entries may concern.
    Apps(BTreeSet<String>),
    /// A snapshot of an app has committed and was read back.
    SnapshotCommitted {
        app: String,
        revision: String,
        seq: Seq,
    },
    /// Entries behind this one are still read here and may not go; nothing keeps them any more.
    KeepAfter(Option<Seq>),
    HandOver,
    Drained,
    AcceptLoss,
    /// Somebody wants a [`NodeEvent::Report`].
    Report,
}

/// What a node wants done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeAction {
    ReadLease,
    WriteLease(LeaseWrite),
    Connect(PeerAddress),
    Send(ConnId, Packet),
    /// Read entries, send them as one frame, and say [`NodeInput::Filled`].
    Fill(ConnId, Fill),
    /// Close the connection once what was sent before has left; `Closed` is not awaited.
    Close(ConnId, Refusal),
    /// Write these behind the last entry; they may not be lost by a crash of this process.
    Append(Vec<RawEntry>),
    /// Force the log to disk, and say [`NodeInput::Synced`] with this position.
    SyncLog(EntryId),
    CutAfter(EntryId),
    ResetTo(EntryId),
    TrimThrough(Seq),
    Tell(NodeEvent),
}

/// What the rooms above need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    /// The lease is ours: take over from what the log holds behind `base`.
    BecameActive { term: Term, base: EntryId, last: EntryId },
    /// Outputs may leave until then.
    Deadline(Moment),
    /// The database does not answer, and the term goes on by what the named logs promise; or it
    /// answers again.
    OnPromise(bool),
    /// Outputs wait: the lease could not be renewed in time.
    Suspended,
    /// The lease is lost: outputs, sources and ports stop at once.
    LostLease(Lost),
    /// Close sources, drain, snapshot, then say [`NodeInput::Drained`].
    Drain,
    /// The lease has been given back.
    Released,
    /// Why the lease is not taken.
    Waiting(Waiting),
    /// The answer to [`NodeInput::Append`].
    Appended(Vec<RawEntry>),
    /// The answer to [`NodeInput::Append`] on a node that is not active.
    NotActive,
    /// Every named log holds everything up to here.
    Committed(EntryId),
    /// The passive log has grown, or was cut or reset, to here.
    Received(EntryId),
    /// The logs that hold every acknowledged event.
    InSync(BTreeSet<LogId>),
    /// The active node has committed a snapshot.
    Trimmed { app: String, revision: String, seq: Seq },
    /// Another node was met, and runs this: on a passive node that is the active one.
    Met { peer: NodeId, build: Build },
    /// A connection of event sync ended, why, and in whose words.
    PeerEnded { peer: Option<NodeId>, why: Refusal, detail: String },
    /// Somebody knows of a higher epoch than this active node.
    Outdated(Epoch),
    /// The answer to [`NodeInput::Report`]: the other nodes of the group.
    Report(Vec<PeerReport>),
}
