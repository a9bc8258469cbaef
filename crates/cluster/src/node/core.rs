//! The node's step: hands each input to the machine it concerns and joins their answers.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use weir_codec::{EntryId, Message, RawEntry, Refusal};
use weir_event::{Seq, Time};

use super::active::{Active, News};
use super::words::{NodeAction, NodeEvent, NodeInput, PeerAddress, PeerReport};
use crate::coordinator::{Action, Coordinator, Identity, Input, Term, Timing};
use crate::ids::{ConnId, Moment};
use crate::sync::{Packet, Receiver, ReceiverAction, SenderInput, SenderLimits, Shape};

/// What a node is told once.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    pub group: String,
    pub me: Identity,
    pub timing: Timing,
    pub limits: SenderLimits,
    /// A named log that has not been heard for this long is struck off.
    pub strike_after: Duration,
    /// The log grows no further than this; the passive then makes the active wait.
    pub log_bytes_max: u64,
}

/// One node, without clock, disk, socket or database: [`Node::step`] decides, a driver does.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    coordinator: Coordinator,
    receiver: Receiver,
    shape: Shape,
    durable: EntryId,
    syncing: bool,
    committed: EntryId,
    last_time: Time,
    log_bytes: u64,
    /// Up to where the log may go, and up to where somebody here has read it.
    trim: Seq,
    keep_after: Option<Seq>,
    peers: Vec<PeerAddress>,
    apps: BTreeSet<String>,
    active: Option<Active>,
}

/// What a node finds in its log when it opens it.
#[derive(Debug, Clone)]
pub struct Found {
    pub shape: Shape,
    /// The time of the last entry.
    pub last_time: Time,
}

impl Node {
    /// A node that has just opened its log.
    #[must_use]
    pub fn new(config: NodeConfig, found: Found, now: Moment) -> Self {
        let Found { shape, last_time } = found;
        let highest = shape.last().epoch;
        Self {
            coordinator: Coordinator::new(config.me.clone(), config.timing, highest, now),
            receiver: Receiver::new(&config.group, config.me.clone()),
            durable: shape.base(),
            syncing: false,
            committed: shape.base(),
            shape,
            last_time,
            log_bytes: 0,
            trim: Seq(0),
            keep_after: None,
            peers: Vec::new(),
            apps: BTreeSet::new(),
            active: None,
            config,
        }
    }

    /// Takes in what happened at `now` and answers what to do about it, in order.
    pub fn step(&mut self, now: Moment, input: NodeInput) -> Vec<NodeAction> {
        let mut out = Vec::new();
        // A deadline that has passed counts before whatever else has come.
        if now >= self.coordinator.wake_at() {
            self.coordinate(now, Input::Tick, &mut out);
        }
        self.take_in(now, input, &mut out);
        self.go_on(now, &mut out);
        out
    }

    /// When to call again with [`NodeInput::Tick`], at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Moment {
        let coordinator = self.coordinator.wake_at();
        let peers = self.active.as_ref().and_then(Active::wake_at);
        peers.map_or(coordinator, |peers| peers.min(coordinator))
    }

    /// The log's outline.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How far every named log holds everything, as far as this node knows.
    #[must_use]
    pub fn committed(&self) -> EntryId {
        self.committed
    }

    fn take_in(&mut self, now: Moment, input: NodeInput, out: &mut Vec<NodeAction>) {
        match input {
            NodeInput::Tick => {}
            NodeInput::LeaseRead(answer) => self.coordinate(now, Input::LeaseRead(answer), out),
            NodeInput::LeaseWritten(it) => self.coordinate(now, Input::LeaseWritten(it), out),
            NodeInput::HandOver => self.coordinate(now, Input::HandOver, out),
            NodeInput::Report => out.push(NodeAction::Tell(NodeEvent::Report(self.report()))),
            NodeInput::AcceptLoss => self.coordinate(now, Input::AcceptLoss, out),
            NodeInput::Drained => {
                if let Some(active) = &mut self.active {
                    active.drained = true;
                }
            }
            NodeInput::Peers(peers) => {
                if let Some(active) = &mut self.active {
                    active.peers(now, &peers);
                }
                self.peers = peers;
            }
            NodeInput::Connected(node, conn) => {
                let wanted = self.active.as_mut().is_some_and(|it| it.connected(&node, conn));
                if wanted {
                    self.send(now, conn, SenderInput::Opened, out);
                } else {
                    out.push(NodeAction::Close(conn, Refusal::Replaced));
                }
            }
            NodeInput::ConnectFailed(node) => {
                let retry_at = now.plus(self.config.timing.renew_every);
                if let Some(active) = &mut self.active {
                    active.connect_failed(&node, retry_at);
                }
            }
            NodeInput::Heard(conn, packet) => self.heard(now, conn, packet, out),
            NodeInput::Closed(conn) => {
                self.receiver.closed(conn);
                self.send(now, conn, SenderInput::Closed, out);
            }
            NodeInput::Filled { conn, through, bytes } => {
                self.send(now, conn, SenderInput::Filled { through, bytes }, out);
            }
            NodeInput::Append(items) => self.append(items, out),
            NodeInput::Synced(through) => {
                self.syncing = false;
                if self.shape.floor(through) == Some(through) {
                    self.durable = self.durable.max(through);
                }
            }
            NodeInput::LogBytes(bytes) => self.log_bytes = bytes,
            NodeInput::KeepAfter(after) => {
                self.keep_after = after;
                self.trim_through(self.trim, out);
            }
            NodeInput::Restored { at, time } => self.restored(now, at, time, out),
            NodeInput::Apps(apps) => {
                if let Some(active) = &mut self.active {
                    active.trims.set_apps(apps.clone());
                }
                self.apps = apps;
            }
            NodeInput::SnapshotCommitted { app, revision, seq } => {
                self.snapshot(app, revision, seq, out);
            }
        }
    }

    fn heard(&mut self, now: Moment, conn: ConnId, packet: Packet, out: &mut Vec<NodeAction>) {
        if self.active.as_ref().is_some_and(|active| active.owns(conn)) {
            self.send(now, conn, SenderInput::Heard(packet), out);
            return;
        }
        self.coordinate(now, Input::HigherEpoch(packet.epoch), out);
        let room = self.log_bytes < self.config.log_bytes_max;
        let actions = self.receiver.step(conn, packet, &mut self.shape, room);
        self.receive(now, actions, out);
    }

    fn receive(&mut self, now: Moment, actions: Vec<ReceiverAction>, out: &mut Vec<NodeAction>) {
        for action in actions {
            match action {
                ReceiverAction::Send(conn, packet) => out.push(NodeAction::Send(conn, packet)),
                ReceiverAction::Met(peer, build) => {
                    out.push(NodeAction::Tell(NodeEvent::Met { peer, build }));
                }
                ReceiverAction::Close(conn, why, detail) => {
                    out.push(NodeAction::Close(conn, why));
                    let ended = NodeEvent::PeerEnded { peer: None, why, detail };
                    out.push(NodeAction::Tell(ended));
                }
                ReceiverAction::Append(entries) => {
                    if let Some(last) = entries.last() {
                        self.last_time = self.last_time.max(last.time);
                        let last = last.id;
                        out.push(NodeAction::Append(entries));
                        out.push(NodeAction::Tell(NodeEvent::Received(last)));
                    }
                }
                ReceiverAction::CutAfter(keep) => {
                    self.forget_after(keep);
                    out.push(NodeAction::CutAfter(keep));
                    out.push(NodeAction::Tell(NodeEvent::Received(keep)));
                }
                ReceiverAction::ResetTo(base) => {
                    self.durable = base;
                    self.committed = base;
                    self.trim = base.seq;
                    out.push(NodeAction::ResetTo(base));
                    out.push(NodeAction::Tell(NodeEvent::Received(base)));
                }
                ReceiverAction::Trim { app, revision, seq, through } => {
                    if let Some(at) = self.shape.position(through) {
                        self.passive_committed(at, out);
                    }
                    self.trim_through(through, out);
                    out.push(NodeAction::Tell(NodeEvent::Trimmed { app, revision, seq }));
                }
                ReceiverAction::Committed(at) => self.passive_committed(at, out),
                ReceiverAction::Asked { from, asked } => {
                    if self.coordinator.promise(now, from.epoch) {
                        let promise = self.receiver.promise(from, asked);
                        self.receive(now, vec![promise], out);
                    }
                }
                ReceiverAction::PeerReleased => self.coordinate(now, Input::PeerReleased, out),
            }
        }
    }

    /// What the active calls committed counts here as far as we hold it.
    fn passive_committed(&mut self, at: EntryId, out: &mut Vec<NodeAction>) {
        let held = self.shape.floor(at).unwrap_or(self.shape.base());
        if held > self.committed {
            self.committed = held;
            out.push(NodeAction::Tell(NodeEvent::Committed(held)));
        }
    }

    fn forget_after(&mut self, keep: EntryId) {
        self.durable = self.durable.min(keep);
        self.committed = self.committed.min(keep);
        self.trim = self.trim.min(keep.seq);
    }

    fn trim_through(&mut self, through: Seq, out: &mut Vec<NodeAction>) {
        self.trim = self.trim.max(through);
        let before = self.shape.base();
        let through = self.keep_after.map_or(through, |kept| through.min(kept));
        let base = self.shape.trim_through(through);
        if base != before {
            self.durable = self.durable.max(base);
            self.committed = self.committed.max(base);
            out.push(NodeAction::TrimThrough(base.seq));
        }
    }

    fn append(&mut self, items: Vec<(Time, Bytes)>, out: &mut Vec<NodeAction>) {
        let Some(active) = &self.active else {
            out.push(NodeAction::Tell(NodeEvent::NotActive));
            return;
        };
        let mut entries = Vec::with_capacity(items.len());
        for (time, payload) in items {
            self.last_time = self.last_time.max(time);
            let id = EntryId { epoch: active.epoch, seq: self.shape.last().seq.next() };
            let follows = self.shape.push(id);
            // What the outline does not take must not reach the disk either.
            assert!(follows, "the next number of the highest epoch follows");
            entries.push(RawEntry { id, time: self.last_time, payload });
        }
        out.push(NodeAction::Append(entries.clone()));
        out.push(NodeAction::Tell(NodeEvent::Appended(entries)));
    }

    /// Numbers go on above the snapshot; a log that does not share it has nothing to add to it.
    fn restored(&mut self, now: Moment, at: EntryId, time: Time, out: &mut Vec<NodeAction>) {
        let Some(active) = &self.active else { return };
        if at.epoch > active.epoch {
            // Another node has saved it: this log holds none of it and must not pretend to, and
            // nothing of our epoch could follow it.
            self.coordinate(now, Input::HigherEpoch(at.epoch), out);
            return;
        }
        self.last_time = self.last_time.max(time);
        let shared = at.seq < self.shape.base().seq || self.shape.position(at.seq) == Some(at);
        if !shared {
            self.shape = Shape::after(at);
            self.durable = at;
            self.committed = at;
            self.trim = at.seq;
            out.push(NodeAction::ResetTo(at));
        }
    }

    fn snapshot(&mut self, app: String, revision: String, seq: Seq, out: &mut Vec<NodeAction>) {
        let Some(active) = &mut self.active else { return };
        let all = active.trims.snapshot(&app, seq).unwrap_or(self.shape.base().seq);
        let through = all.min(self.committed.seq);
        active.broadcast(&Message::Trim { app, revision, seq, through }, out);
        self.trim_through(through, out);
    }

    fn send(&mut self, now: Moment, conn: ConnId, input: SenderInput, out: &mut Vec<NodeAction>) {
        let Some(active) = &mut self.active else { return };
        let news = active.step(now, conn, input, (&self.shape, self.committed), out);
        self.pass_on(now, news, out);
    }

    fn pass_on(&mut self, now: Moment, news: Vec<News>, out: &mut Vec<NodeAction>) {
        for it in news {
            match it {
                News::Holds(log) => self.coordinate(now, Input::PeerHolds(log), out),
                News::Gone(log) => self.coordinate(now, Input::PeerGone(log), out),
                News::Promised(log, asked) => {
                    self.coordinate(now, Input::PeerPromised { log, asked }, out);
                }
                News::Outdated(epoch) => {
                    out.push(NodeAction::Tell(NodeEvent::Outdated(epoch)));
                    self.coordinate(now, Input::HigherEpoch(epoch), out);
                }
            }
        }
    }

    fn coordinate(&mut self, now: Moment, input: Input, out: &mut Vec<NodeAction>) {
        for action in self.coordinator.step(now, input) {
            match action {
                Action::ReadLease => out.push(NodeAction::ReadLease),
                Action::WriteLease(write) => out.push(NodeAction::WriteLease(write)),
                Action::AcceptFrom(epoch) => {
                    let actions = self.receiver.accept_from(epoch);
                    self.receive(now, actions, out);
                }
                Action::BecomeActive(term) => self.become_active(now, term, out),
                Action::Deadline(deadline) => {
                    if let Some(active) = &mut self.active {
                        active.suspended = false;
                    }
                    out.push(NodeAction::Tell(NodeEvent::Deadline(deadline)));
                }
                Action::Suspend => {
                    if let Some(active) = &mut self.active {
                        active.suspended = true;
                    }
                    out.push(NodeAction::Tell(NodeEvent::Suspended));
                }
                Action::Ask => {
                    if let Some(active) = &self.active {
                        let asked = u64::try_from(now.0.as_micros()).unwrap_or(0);
                        active.broadcast(&Message::Ask { asked }, out);
                    }
                }
                Action::OnPromise(promise) => {
                    out.push(NodeAction::Tell(NodeEvent::OnPromise(promise)));
                }
                Action::Require(membership) => {
                    let named = membership.certain.clone();
                    if let Some(active) = &mut self.active {
                        active.require(membership);
                    }
                    out.push(NodeAction::Tell(NodeEvent::InSync(named)));
                }
                Action::StepDown(lost) => {
                    self.leave_office(out);
                    out.push(NodeAction::Tell(NodeEvent::LostLease(lost)));
                }
                Action::Drain => out.push(NodeAction::Tell(NodeEvent::Drain)),
                Action::Released => {
                    if let Some(active) = &self.active {
                        active.broadcast(&Message::Released, out);
                    }
                    self.leave_office(out);
                    out.push(NodeAction::Tell(NodeEvent::Released));
                }
                Action::Wait(waiting) => {
                    out.push(NodeAction::Tell(NodeEvent::Waiting(waiting)));
                }
            }
        }
    }

    fn report(&self) -> Vec<PeerReport> {
        if let Some(active) = &self.active {
            return active.report();
        }
        let others = self.peers.iter().filter(|it| it.node != self.config.me.node);
        let report = |address: &PeerAddress| PeerReport {
            address: address.clone(),
            connected: None,
            holds: None,
            build: self.receiver.active().filter(|it| it.0 == address.node).map(|it| it.1.clone()),
        };
        others.map(report).collect()
    }

    fn become_active(&mut self, now: Moment, term: Term, out: &mut Vec<NodeAction>) {
        let actions = self.receiver.stop();
        self.receive(now, actions, out);
        let mut active = Active::new(
            &self.config.group,
            self.config.me.clone(),
            (term.epoch, self.shape.last()),
            self.config.limits,
            self.config.strike_after,
        );
        active.peers(now, &self.peers);
        active.trims.set_apps(self.apps.clone());
        self.active = Some(active);
        let (base, last) = (self.shape.base(), self.shape.last());
        let deadline = term.deadline;
        out.push(NodeAction::Tell(NodeEvent::BecameActive { term, base, last }));
        // A trim may have moved it without a word.
        out.push(NodeAction::Tell(NodeEvent::Committed(self.committed)));
        out.push(NodeAction::Tell(NodeEvent::Deadline(deadline)));
    }

    fn leave_office(&mut self, out: &mut Vec<NodeAction>) {
        if let Some(mut active) = self.active.take() {
            active.close_all(out);
        }
    }

    fn go_on(&mut self, now: Moment, out: &mut Vec<NodeAction>) {
        if let Some(active) = &mut self.active {
            let news = active.go_on(now, &self.shape, self.committed, out);
            self.pass_on(now, news, out);
        }
        self.commit(out);
        if self.log_bytes < self.config.log_bytes_max {
            let actions = self.receiver.made_room(&self.shape);
            self.receive(now, actions, out);
        }
        let ready = self
            .active
            .as_ref()
            .is_some_and(|it| it.drained && self.committed.seq == self.shape.last().seq);
        if ready {
            if let Some(active) = &mut self.active {
                active.drained = false;
            }
            self.coordinate(now, Input::Drained, out);
        }
    }

    fn commit(&mut self, out: &mut Vec<NodeAction>) {
        let Some(active) = &self.active else { return };
        if !active.paired() && self.durable < self.shape.last() && !self.syncing {
            self.syncing = true;
            out.push(NodeAction::SyncLog(self.shape.last()));
        }
        let held = active.held_by_all(&self.shape, self.durable);
        let at = held.and_then(|seq| self.shape.position(seq));
        if let Some(at) = at.filter(|at| *at > self.committed) {
            self.committed = at;
            out.push(NodeAction::Tell(NodeEvent::Committed(at)));
        }
    }
}
