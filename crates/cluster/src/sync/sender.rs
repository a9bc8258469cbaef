//! The active node's side of one peer: what the peer holds, and what to send it next.

use std::collections::VecDeque;
use std::time::Duration;

use weir_codec::{Build, EntryId, LogId, Message, Refusal};
use weir_event::{Epoch, Seq};

use super::packet::{Packet, opt_unlike, reason};
use super::shape::Shape;
use crate::coordinator::Identity;
use crate::ids::{Moment, NodeId};

/// How much may be under way, and how long silence is borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderLimits {
    /// Bytes sent and not yet acknowledged.
    pub window_bytes: usize,
    /// Bytes of one frame of entries, a single large entry apart.
    pub frame_bytes: usize,
    /// A ping follows this long after the last frame.
    pub ping_every: Duration,
    /// The connection ends after hearing nothing for this long.
    pub silence_max: Duration,
}

impl Default for SenderLimits {
    fn default() -> Self {
        Self {
            window_bytes: 16 << 20,
            frame_bytes: 1 << 20,
            ping_every: Duration::from_millis(200),
            silence_max: Duration::from_secs(1),
        }
    }
}

/// Read entries after `after`, send them as one frame, and say [`SenderInput::Filled`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    pub epoch: Epoch,
    pub after: EntryId,
    pub committed: EntryId,
    pub bytes_max: usize,
}

/// What happened on the way to the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderInput {
    /// The connection stands.
    Opened,
    /// The peer said this.
    Heard(Packet),
    /// The connection is gone, and with it every acknowledgement.
    Closed,
    /// A [`Fill`] was sent, and reached to here.
    Filled { through: Seq, bytes: usize },
    /// The log grew, or time moved on.
    Tick,
}

/// What to do for the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderAction {
    Send(Packet),
    Fill(Fill),
    /// The peer is known by name and log, and is being sent the log.
    Met(NodeId, LogId),
    /// The peer's log leaves the lease to us; it was asked at that moment.
    Promised(LogId, Moment),
    /// The peer knows of a higher epoch.
    Outdated(Epoch),
    /// The peer has said which release it runs.
    Runs(NodeId, Build),
    /// End the connection, for this reason and in these words; its `Closed` follows.
    End(Refusal, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Away,
    Greeting,
    Aligning,
    Streaming,
}

/// Sends one peer the log, in order, and counts what it acknowledges.
#[derive(Debug)]
pub struct Sender {
    group: String,
    me: Identity,
    epoch: Epoch,
    limits: SenderLimits,
    phase: Phase,
    peer: Option<LogId>,
    build: Option<Build>,
    acked: EntryId,
    sent: Seq,
    filling: bool,
    full: bool,
    in_flight: VecDeque<(Seq, usize)>,
    in_flight_bytes: usize,
    heard: Moment,
    spoke: Moment,
}

impl Sender {
    /// For a peer that is not connected yet.
    #[must_use]
    pub fn new(group: &str, me: Identity, epoch: Epoch, limits: SenderLimits) -> Self {
        Self {
            group: group.to_owned(),
            me,
            epoch,
            limits,
            phase: Phase::Away,
            peer: None,
            build: None,
            acked: EntryId::NONE,
            sent: Seq(0),
            filling: false,
            full: false,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            heard: Moment::default(),
            spoke: Moment::default(),
        }
    }

    /// The peer's log, and up to where it holds ours: as long as the connection lasts.
    #[must_use]
    pub fn holds(&self) -> Option<(LogId, EntryId)> {
        match (self.phase, self.peer) {
            (Phase::Streaming, Some(log)) => Some((log, self.acked)),
            (Phase::Away | Phase::Greeting | Phase::Aligning | Phase::Streaming, _) => None,
        }
    }

    /// The peer's log as it was last named, connected or not.
    #[must_use]
    pub fn peer_log(&self) -> Option<LogId> {
        self.peer
    }

    /// The peer's release, as it last said, connected or not.
    #[must_use]
    pub fn peer_build(&self) -> Option<&Build> {
        self.build.as_ref()
    }

    /// When the peer was last heard.
    #[must_use]
    pub fn heard(&self) -> Moment {
        self.heard
    }

    /// When to call again with `Tick`, at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Option<Moment> {
        match self.phase {
            Phase::Away => None,
            Phase::Greeting | Phase::Aligning => Some(self.heard.plus(self.limits.silence_max)),
            Phase::Streaming => {
                let ping = self.spoke.plus(self.limits.ping_every);
                Some(ping.min(self.heard.plus(self.limits.silence_max)))
            }
        }
    }

    /// Takes in what happened, given the log's shape and how far all is committed.
    pub fn step(
        &mut self,
        now: Moment,
        input: SenderInput,
        shape: &Shape,
        committed: EntryId,
    ) -> Vec<SenderAction> {
        let mut out = Vec::new();
        match input {
            SenderInput::Opened => self.opened(now, &mut out),
            SenderInput::Heard(packet) => self.on_packet(now, packet, shape, &mut out),
            SenderInput::Closed => self.phase = Phase::Away,
            SenderInput::Filled { through, bytes } => self.filled(now, through, bytes),
            SenderInput::Tick => {}
        }
        self.go_on(now, shape, committed, &mut out);
        out
    }

    fn opened(&mut self, now: Moment, out: &mut Vec<SenderAction>) {
        self.phase = Phase::Greeting;
        self.heard = now;
        self.spoke = now;
        let Identity { node, log, build } = self.me.clone();
        let (group, node) = (self.group.clone(), node.to_string());
        out.push(self.say(Message::Open { group, node, log, build }));
    }

    fn on_packet(
        &mut self,
        now: Moment,
        packet: Packet,
        shape: &Shape,
        out: &mut Vec<SenderAction>,
    ) {
        self.heard = now;
        if packet.epoch > self.epoch {
            out.push(SenderAction::Outdated(packet.epoch));
            out.push(end(Refusal::LowerEpoch));
            return;
        }
        match (self.phase, packet.message) {
            (Phase::Greeting | Phase::Aligning, Message::Hello { node, log, last, build }) => {
                let node = NodeId::new(&node);
                if self.greeted(&node, build, out) {
                    self.align(now, (node, log, last), shape, out);
                }
            }
            (Phase::Streaming, Message::Ack { last }) => self.acked_to(last, shape, out),
            (Phase::Streaming, Message::Full { last }) => {
                self.full = true;
                self.rewind(last.seq);
            }
            (Phase::Streaming, Message::Ready { last }) => {
                self.full = false;
                self.rewind(last.seq);
            }
            (Phase::Streaming, Message::Promise { asked }) => {
                let asked = Moment(Duration::from_micros(asked));
                out.extend(self.peer.map(|log| SenderAction::Promised(log, asked)));
            }
            (_, Message::Refused { why, detail, .. }) => {
                out.push(SenderAction::End(why, detail));
            }
            (Phase::Away, _) => {}
            (Phase::Greeting | Phase::Aligning | Phase::Streaming, _) => {
                out.push(end(Refusal::OutOfTurn));
            }
        }
    }

    /// Whether the peer's release can be talked to.
    fn greeted(&mut self, node: &NodeId, build: Build, out: &mut Vec<SenderAction>) -> bool {
        if let Some(why) = opt_unlike(&self.me.build, &build) {
            out.push(SenderAction::End(Refusal::OtherProtocol, why));
            return false;
        }
        if self.phase == Phase::Greeting {
            out.push(SenderAction::Runs(node.clone(), build.clone()));
        }
        self.build = Some(build);
        true
    }

    fn align(
        &mut self,
        now: Moment,
        (node, log, last): (NodeId, LogId, EntryId),
        shape: &Shape,
        out: &mut Vec<SenderAction>,
    ) {
        self.peer = Some(log);
        self.spoke = now;
        match shape.floor(last) {
            Some(shared) if shared == last => {
                self.phase = Phase::Streaming;
                self.acked = last;
                self.full = false;
                self.filling = false;
                self.rewind(last.seq);
                out.push(SenderAction::Met(node, log));
            }
            Some(keep) => {
                self.phase = Phase::Aligning;
                out.push(self.say(Message::Cut { keep }));
            }
            None => {
                self.phase = Phase::Aligning;
                out.push(self.say(Message::Reset { base: shape.base() }));
            }
        }
    }

    fn say(&self, message: Message) -> SenderAction {
        SenderAction::Send(Packet::new(self.epoch, message))
    }

    fn rewind(&mut self, to: Seq) {
        self.sent = to;
        self.in_flight.clear();
        self.in_flight_bytes = 0;
    }

    fn acked_to(&mut self, last: EntryId, shape: &Shape, out: &mut Vec<SenderAction>) {
        let ours = shape.floor(last) == Some(last) || last <= shape.base();
        if !ours || last < self.acked {
            out.push(end(Refusal::OutOfTurn));
            return;
        }
        self.acked = last;
        while let Some(&(through, bytes)) = self.in_flight.front()
            && through <= last.seq
        {
            self.in_flight.pop_front();
            self.in_flight_bytes -= bytes;
        }
    }

    fn filled(&mut self, now: Moment, through: Seq, bytes: usize) {
        if self.phase != Phase::Streaming || !self.filling {
            return;
        }
        self.filling = false;
        self.spoke = now;
        self.sent = through;
        self.in_flight.push_back((through, bytes));
        self.in_flight_bytes += bytes;
    }

    fn go_on(
        &mut self,
        now: Moment,
        shape: &Shape,
        committed: EntryId,
        out: &mut Vec<SenderAction>,
    ) {
        if self.phase == Phase::Away {
            return;
        }
        if now.since(self.heard) >= self.limits.silence_max {
            out.push(end(Refusal::Silent));
            return;
        }
        if self.phase != Phase::Streaming {
            return;
        }
        if self.sent < shape.base().seq {
            // What the peer lacks has been trimmed: it must start behind a snapshot.
            out.push(end(Refusal::Gap));
            return;
        }
        let more = self.sent < shape.last().seq;
        let room = self.in_flight_bytes < self.limits.window_bytes;
        if more && room && !self.filling && !self.full {
            if let Some(after) = shape.position(self.sent) {
                self.filling = true;
                let bytes_max = self.limits.frame_bytes;
                let epoch = self.epoch;
                out.push(SenderAction::Fill(Fill { epoch, after, committed, bytes_max }));
            }
        } else if now.since(self.spoke) >= self.limits.ping_every {
            self.spoke = now;
            out.push(self.say(Message::Ping { committed }));
        }
    }
}

fn end(why: Refusal) -> SenderAction {
    SenderAction::End(why, reason(why).to_owned())
}
