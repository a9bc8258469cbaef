//! What travels between two nodes: a message under its sender's epoch.

use weir_codec::{Build, Message, Refusal};
use weir_event::Epoch;

/// A message and the epoch it was sent under: the active node's own, and of the passive node the
/// lowest that it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub epoch: Epoch,
    pub message: Message,
}

impl Packet {
    /// `message` under `epoch`.
    #[must_use]
    pub fn new(epoch: Epoch, message: Message) -> Self {
        Self { epoch, message }
    }

    /// The end of a connection by a node that accepts `accepts` and above, in these words.
    #[must_use]
    pub fn refusal_because(accepts: Epoch, why: Refusal, detail: String) -> Self {
        Self { epoch: accepts, message: Message::Refused { accepts, why, detail } }
    }

    /// The end of a connection, by a node that accepts `accepts` and above.
    #[must_use]
    pub fn refusal(accepts: Epoch, why: Refusal) -> Self {
        Self::refusal_because(accepts, why, reason(why).to_owned())
    }
}

/// Why a connection ended, for a person.
#[must_use]
pub fn reason(why: Refusal) -> &'static str {
    match why {
        Refusal::LowerEpoch => "the sender's epoch is over: another node has taken the lease",
        Refusal::NotPassive => "this node is not passive, or has not read the lease yet",
        Refusal::OtherGroup => "the sender belongs to another cluster group",
        Refusal::OutOfTurn => "the message has no place at this point",
        Refusal::Gap => "the entries do not follow the last one held",
        Refusal::LogBroken => "the log could not be written",
        Refusal::Replaced => "a newer connection has taken its place",
        Refusal::Silent => "nothing was heard for too long",
        Refusal::NotProven => "the other side does not know the shared secret",
        Refusal::Unreadable => "what came is not a frame of event sync",
        Refusal::OtherProtocol => "the two releases speak no common version of event sync",
    }
}

/// What to say to a peer whose release cannot be talked to; nothing when it can.
pub(super) fn opt_unlike(ours: &Build, theirs: &Build) -> Option<String> {
    if ours.protocols.opt_shared(theirs.protocols).is_some() {
        return None;
    }
    let name = |it: &Build| {
        let (oldest, newest) = (it.protocols.oldest, it.protocols.newest);
        format!("release {} speaks versions {oldest} to {newest} of event sync", it.release)
    };
    let (theirs, ours) = (name(theirs), name(ours));
    Some(format!("{theirs} and {ours}: upgrade by way of a release that shares one with each"))
}
