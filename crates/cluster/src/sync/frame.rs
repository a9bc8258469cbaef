//! What travels between two nodes, before it is bytes.

use std::fmt;

use weir_codec::{EntryId, LogId, RawEntry};
use weir_event::{Epoch, Seq};

use crate::ids::NodeId;
use crate::marks::Marks;

/// One message of event sync. The active node sends those with an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The first of a connection: who wants to send to whom.
    Open { group: String, node: NodeId, log: LogId, epoch: Epoch },
    /// What the passive node is, and the last entry it holds; also after a cut or a reset.
    Hello { node: NodeId, log: LogId, accepts: Epoch, last: EntryId },
    /// What stands after `keep` is not shared: cut it, and say hello again.
    Cut { epoch: Epoch, keep: EntryId },
    /// Nothing is shared that the active still holds: start anew behind `base`.
    Reset { epoch: Epoch, base: EntryId },
    /// The entries that follow `after`, and how far everything is committed.
    Entries { epoch: Epoch, after: EntryId, committed: EntryId, entries: Vec<RawEntry> },
    /// Nothing new; the passive answers with an `Ack`.
    Ping { epoch: Epoch, committed: EntryId },
    /// The passive holds everything up to here without a gap.
    Ack { last: EntryId },
    /// The passive's log is at its limit: entries after `last` were dropped.
    Full { last: EntryId },
    /// There is room again behind `last`.
    Ready { last: EntryId },
    /// A snapshot of `app` at `seq` is committed; entries up to `through` may go.
    Trim { epoch: Epoch, app: String, revision: String, seq: Seq, through: Seq },
    /// How far these sinks have confirmed; it takes the place of what was said of them before.
    Marks { epoch: Epoch, marks: Marks },
    /// The active has released the lease.
    Released { epoch: Epoch },
    /// The connection ends here, for this reason.
    Refused { accepts: Epoch, why: Refusal },
}

impl Frame {
    /// The epoch the frame was sent under, when the active node sent it.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Open { epoch, .. }
            | Self::Cut { epoch, .. }
            | Self::Reset { epoch, .. }
            | Self::Entries { epoch, .. }
            | Self::Ping { epoch, .. }
            | Self::Trim { epoch, .. }
            | Self::Marks { epoch, .. }
            | Self::Released { epoch } => Some(*epoch),
            Self::Hello { .. }
            | Self::Ack { .. }
            | Self::Full { .. }
            | Self::Ready { .. }
            | Self::Refused { .. } => None,
        }
    }
}

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The sender's epoch is below one this node knows of.
    LowerEpoch,
    /// This node has not read the lease yet, or is active itself.
    NotPassive,
    /// The other belongs to another cluster group.
    OtherGroup,
    /// A frame came that has no place here.
    OutOfTurn,
    /// The entries do not follow what this node holds.
    Gap,
    /// This node could not write its log.
    LogBroken,
    /// Another connection of the same kind has taken its place.
    Replaced,
    /// Nothing was heard for too long.
    Silent,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LowerEpoch => "the sender's epoch is over",
            Self::NotPassive => "this node is not passive",
            Self::OtherGroup => "the sender belongs to another cluster group",
            Self::OutOfTurn => "the frame has no place at this point",
            Self::Gap => "the entries do not follow the last one held",
            Self::LogBroken => "the log could not be written",
            Self::Replaced => "a newer connection has taken its place",
            Self::Silent => "nothing was heard for too long",
        })
    }
}
