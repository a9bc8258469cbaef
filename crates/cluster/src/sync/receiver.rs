//! The passive node's side: takes the active node's log, and says what it holds.

use weir_codec::{Build, EntryId, Message, RawEntry, Refusal};
use weir_event::{Epoch, Seq};

use super::packet::{Packet, opt_unlike, reason};
use super::shape::Shape;
use crate::coordinator::Identity;
use crate::ids::{ConnId, NodeId};

/// What to do about a packet, in this order: an acknowledgement follows its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverAction {
    Send(ConnId, Packet),
    /// The connection ends, for this reason and in these words.
    Close(ConnId, Refusal, String),
    /// The active node has said who it is and which release it runs.
    Met(NodeId, Build),
    Append(Vec<RawEntry>),
    CutAfter(EntryId),
    ResetTo(EntryId),
    /// A snapshot of `app` is committed; entries up to `through` may go.
    Trim {
        app: String,
        revision: String,
        seq: Seq,
        through: Seq,
    },
    Committed(EntryId),
    /// The active node asks for a promise.
    Asked {
        from: Reception,
        asked: u64,
    },
    /// The active node has released the lease.
    PeerReleased,
}

/// Whom the passive node listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    pub conn: ConnId,
    pub epoch: Epoch,
}

/// Takes entries from the one active node, and refuses lower epochs.
#[derive(Debug)]
pub struct Receiver {
    group: String,
    me: Identity,
    /// As the coordinator allows; nothing is accepted before the lease has been read.
    accepts: Option<Epoch>,
    /// The highest epoch that was accepted: it never falls.
    met: Epoch,
    from: Option<Reception>,
    /// Who that is, and which release it runs.
    active: Option<(NodeId, Build)>,
    /// Entries are dropped until those after our last come.
    full: bool,
    skipping: bool,
}

impl Receiver {
    #[must_use]
    pub fn new(group: &str, me: Identity) -> Self {
        Self {
            group: group.to_owned(),
            me,
            accepts: None,
            met: Epoch(0),
            from: None,
            active: None,
            full: false,
            skipping: false,
        }
    }

    /// Whom this node listens to now.
    #[must_use]
    pub fn listens_to(&self) -> Option<Reception> {
        self.from
    }

    /// The node that is listened to, and its release.
    #[must_use]
    pub fn active(&self) -> Option<&(NodeId, Build)> {
        self.active.as_ref().filter(|_| self.from.is_some())
    }

    /// Entries of this epoch on are accepted, of lower ones refused.
    pub fn accept_from(&mut self, epoch: Epoch) -> Vec<ReceiverAction> {
        self.accepts = Some(epoch);
        match self.from {
            Some(from) if from.epoch < self.lowest() => self.refuse(from.conn, Refusal::LowerEpoch),
            Some(_) | None => Vec::new(),
        }
    }

    /// This node is no longer passive: nothing is accepted any more.
    pub fn stop(&mut self) -> Vec<ReceiverAction> {
        self.accepts = None;
        match self.from {
            Some(from) => self.refuse(from.conn, Refusal::NotPassive),
            None => Vec::new(),
        }
    }

    /// A connection is gone.
    pub fn closed(&mut self, conn: ConnId) {
        if self.from.is_some_and(|from| from.conn == conn) {
            self.from = None;
        }
    }

    /// The log has room again.
    pub fn made_room(&mut self, shape: &Shape) -> Vec<ReceiverAction> {
        match self.from {
            Some(from) if self.full => {
                self.full = false;
                vec![self.say(from.conn, Message::Ready { last: shape.last() })]
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Takes in a packet. `room` says whether the log may grow.
    pub fn step(
        &mut self,
        conn: ConnId,
        packet: Packet,
        shape: &mut Shape,
        room: bool,
    ) -> Vec<ReceiverAction> {
        if self.accepts.is_none() {
            return self.refuse(conn, Refusal::NotPassive);
        }
        let Packet { epoch, message } = packet;
        if epoch < self.lowest() {
            return self.refuse(conn, Refusal::LowerEpoch);
        }
        if let Message::Open { group, node, build, .. } = message {
            if group != self.group {
                return self.refuse(conn, Refusal::OtherGroup);
            }
            if let Some(why) = opt_unlike(&self.me.build, &build) {
                return self.refuse_because(conn, Refusal::OtherProtocol, why);
            }
            return self.open(Reception { conn, epoch }, (NodeId::new(&node), build), shape);
        }
        if self.from != Some(Reception { conn, epoch }) {
            return self.refuse(conn, Refusal::OutOfTurn);
        }
        self.on_message(conn, message, shape, room)
    }

    fn on_message(
        &mut self,
        conn: ConnId,
        message: Message,
        shape: &mut Shape,
        room: bool,
    ) -> Vec<ReceiverAction> {
        match message {
            Message::Cut { keep, .. } => self.cut(conn, keep, shape),
            Message::Reset { base, .. } => {
                *shape = Shape::after(base);
                vec![ReceiverAction::ResetTo(base), self.hello(conn, shape)]
            }
            Message::Entries { after, committed, entries, .. } => {
                self.entries(conn, (after, committed, entries), shape, room)
            }
            Message::Ping { committed, .. } => vec![
                ReceiverAction::Committed(committed),
                self.say(conn, Message::Ack { last: shape.last() }),
            ],
            Message::Trim { app, revision, seq, through, .. } => {
                vec![ReceiverAction::Trim { app, revision, seq, through }]
            }
            Message::Released => vec![ReceiverAction::PeerReleased],
            Message::Ask { asked } => {
                self.from.map(|from| ReceiverAction::Asked { from, asked }).into_iter().collect()
            }
            Message::Open { .. }
            | Message::Hello { .. }
            | Message::Ack { .. }
            | Message::Full { .. }
            | Message::Ready { .. }
            | Message::Promise { .. }
            | Message::Refused { .. }
            | Message::Challenge { .. }
            | Message::Proof { .. } => self.refuse(conn, Refusal::OutOfTurn),
        }
    }

    fn open(
        &mut self,
        from: Reception,
        (node, build): (NodeId, Build),
        shape: &Shape,
    ) -> Vec<ReceiverAction> {
        let mut out = match self.from {
            Some(old) if old.conn != from.conn => self.refuse(old.conn, Refusal::Replaced),
            Some(_) | None => Vec::new(),
        };
        self.met = self.met.max(from.epoch);
        self.from = Some(from);
        self.active = Some((node.clone(), build.clone()));
        self.full = false;
        self.skipping = false;
        out.push(ReceiverAction::Met(node, build));
        out.push(self.hello(from.conn, shape));
        out
    }

    fn cut(&mut self, conn: ConnId, keep: EntryId, shape: &mut Shape) -> Vec<ReceiverAction> {
        let done = match shape.floor(keep) {
            Some(keep) => {
                shape.cut_after(keep);
                ReceiverAction::CutAfter(keep)
            }
            // Nothing of ours is as old as that: say so, and be told where to start.
            None => {
                *shape = Shape::after(EntryId::NONE);
                ReceiverAction::ResetTo(EntryId::NONE)
            }
        };
        vec![done, self.hello(conn, shape)]
    }

    fn entries(
        &mut self,
        conn: ConnId,
        (after, committed, entries): (EntryId, EntryId, Vec<RawEntry>),
        shape: &mut Shape,
        room: bool,
    ) -> Vec<ReceiverAction> {
        let last = shape.last();
        if after != last {
            return if self.skipping && after > last {
                Vec::new()
            } else {
                self.refuse(conn, Refusal::Gap)
            };
        }
        if self.full || !room {
            self.full = true;
            self.skipping = true;
            return vec![self.say(conn, Message::Full { last })];
        }
        self.skipping = false;
        let mut grown = shape.clone();
        if !entries.iter().all(|entry| grown.push(entry.id)) {
            return self.refuse(conn, Refusal::Gap);
        }
        *shape = grown;
        vec![
            ReceiverAction::Append(entries),
            ReceiverAction::Committed(committed),
            self.say(conn, Message::Ack { last: shape.last() }),
        ]
    }

    /// The promise that was asked for.
    pub fn promise(&self, from: Reception, asked: u64) -> ReceiverAction {
        self.say(from.conn, Message::Promise { asked })
    }

    fn hello(&self, conn: ConnId, shape: &Shape) -> ReceiverAction {
        let Identity { node, log, build } = self.me.clone();
        let (node, last) = (node.to_string(), shape.last());
        self.say(conn, Message::Hello { node, log, last, build })
    }

    fn say(&self, conn: ConnId, message: Message) -> ReceiverAction {
        ReceiverAction::Send(conn, Packet::new(self.lowest(), message))
    }

    fn refuse(&mut self, conn: ConnId, why: Refusal) -> Vec<ReceiverAction> {
        self.refuse_because(conn, why, reason(why).to_owned())
    }

    fn refuse_because(
        &mut self,
        conn: ConnId,
        why: Refusal,
        detail: String,
    ) -> Vec<ReceiverAction> {
        self.closed(conn);
        let packet = Packet::refusal_because(self.lowest(), why, detail.clone());
        vec![ReceiverAction::Send(conn, packet), ReceiverAction::Close(conn, why, detail)]
    }

    fn lowest(&self) -> Epoch {
        self.accepts.map_or(self.met, |accepts| accepts.max(self.met))
    }
}
