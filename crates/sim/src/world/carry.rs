//! Carries out what a node asks for, as a driver would: late, lossy, in order.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use weir_cluster::{
    ConnId, Fill, Identity, Moment, Node, NodeAction, NodeConfig, NodeInput, Packet, PeerAddress,
    SenderLimits, Timing, Unavailable, Written,
};
use weir_codec::{Build, EntryId, Message, Protocols};

use super::clockwork::{NodeEv, Running, World, WorldEv, node_id};
use super::outcome::{Mutant, Weather};
use crate::app::APP;
use crate::database::{Answer, Op};
use crate::disk::{Disk, SYNC_MAX_MS};

/// A driver gives up on a database operation after this long.
const DATABASE_PATIENCE_MS: u64 = 400;

impl World {
    /// A process starts: all it knows is its disk.
    pub(super) fn start(&mut self, n: usize) {
        // As in a rolling upgrade: each node is of another release, and all share version 1.
        let newest = n as u16 + 1;
        let protocols = Protocols { oldest: 1, newest };
        let build = Build { release: format!("1.{n}"), protocols, snapshots: 1 };
        let me = Identity { node: node_id(n), log: self.nodes[n].disk.log, build };
        let mut timing = Timing::default();
        if self.setup.mutant == Mutant::UnequalLeases && n == 0 {
            timing.lease *= 3;
        }
        if self.setup.mutant == Mutant::ImpatientStart && self.nodes[n].life > 0 {
            timing = Timing::new(timing.lease / 8, timing.renew_every / 8);
        }
        let config = NodeConfig {
            group: "group".to_owned(),
            me,
            timing,
            limits: SenderLimits { window_bytes: 400, frame_bytes: 100, ..SenderLimits::default() },
            strike_after: Duration::from_millis(1_000),
            log_bytes_max: u64::MAX,
        };
        let node = Node::new(config, self.nodes[n].disk.found(), self.own_clock(n));
        self.say(|| format!("{} starts", node_id(n)));
        self.nodes[n].running = Some(Running {
            node,
            deadline: Moment::default(),
            office: None,
            lease_op: None,
            load_op: None,
            save_op: None,
            wake: 0,
        });
        let peer = |n| PeerAddress { node: node_id(n), host: String::new(), port: 0 };
        let peers = (0..self.nodes.len()).map(peer).collect();
        self.feed(n, NodeInput::Peers(peers));
        self.feed(n, NodeInput::Apps(BTreeSet::from([APP.to_owned()])));
    }

    pub(super) fn node_event(&mut self, n: usize, ev: NodeEv) {
        match ev {
            NodeEv::Back => {}
            NodeEv::Wake => self.feed(n, NodeInput::Tick),
            NodeEv::Input(input) => self.feed(n, input),
            NodeEv::Heard(conn, packet) => {
                if self.network.arrives(conn, n, self.nodes[n].life) {
                    self.heard(n, conn, packet);
                }
            }
            NodeEv::Dialled(to) => self.dialled(n, to),
            NodeEv::Answered(id, answer) => self.answered(n, id, answer),
            NodeEv::GiveUp(id) => self.give_up(n, id),
            NodeEv::Confirmed(number) => self.confirmed(n, number),
            NodeEv::FlushMarks(epoch) => self.flush_marks(n, epoch),
            NodeEv::TakeSnapshot(epoch) => self.snapshot_due(n, epoch),
            NodeEv::Synced(through) => self.synced(n, through),
            NodeEv::ReadLast(epoch) => self.read_last(n, epoch),
            NodeEv::Stumble(for_ms) => self.pause(n, for_ms),
        }
    }

    /// Steps the node, carries out its actions in order, and then what these lead to.
    pub(super) fn feed(&mut self, n: usize, input: NodeInput) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let now = self.own_clock(n);
            let Some(running) = &mut self.nodes[n].running else { return };
            let actions = running.node.step(now, input);
            for action in actions {
                self.carry(n, action, &mut inputs);
            }
            if inputs.is_empty() {
                self.see_to_office(n, &mut inputs);
            }
        }
        self.schedule_wake(n);
    }

    fn schedule_wake(&mut self, n: usize) {
        let offset = self.nodes[n].clock_offset_ms;
        let Some(running) = &mut self.nodes[n].running else { return };
        let due = running.node.wake_at().0.as_millis() as u64;
        let due = due.saturating_sub(offset).max(self.now + 1);
        if running.wake != due {
            running.wake = due;
            let wait = due - self.now;
            self.node_in(wait, n, NodeEv::Wake);
        }
    }

    fn carry(&mut self, n: usize, action: NodeAction, inputs: &mut VecDeque<NodeInput>) {
        match action {
            NodeAction::ReadLease => self.lease_op(n, Op::Read),
            NodeAction::WriteLease(write) => self.lease_op(n, Op::Write(write)),
            NodeAction::Connect(peer) => self.dial(n, &peer),
            NodeAction::Send(conn, packet) => self.send(n, conn, packet),
            NodeAction::Fill(conn, fill) => inputs.extend(self.fill(n, conn, fill)),
            NodeAction::Close(conn, why) => {
                if let Some((far, at)) = self.network.send(conn, n, self.now + 1) {
                    let closed = NodeEv::Input(NodeInput::Closed(conn));
                    self.life_in(at - self.now, far.node, far.life, closed);
                }
                self.network.close(conn, n);
                self.say(|| format!("{} closes {conn:?}: {why:?}", node_id(n)));
            }
            NodeAction::Append(entries) => self.nodes[n].disk.append(entries),
            NodeAction::SyncLog(through) => {
                let wait = self.rng.between(1, SYNC_MAX_MS);
                self.node_in(wait, n, NodeEv::Synced(through));
            }
            NodeAction::CutAfter(keep) => {
                self.say(|| format!("{} cuts after {keep}", node_id(n)));
                self.nodes[n].disk.cut_after(keep);
                self.check_logs();
            }
            NodeAction::ResetTo(base) => {
                self.say(|| format!("{} resets to {base}", node_id(n)));
                self.nodes[n].disk.reset_to(base);
                self.check_logs();
            }
            NodeAction::TrimThrough(seq) => self.nodes[n].disk.trim_through(seq),
            NodeAction::Tell(event) => self.told(n, event),
        }
    }

    pub(super) fn check_logs(&mut self) {
        let disks: Vec<&Disk> = self.nodes.iter().map(|node| &node.disk).collect();
        self.witness.check_logs(self.database.row.as_ref(), &disks);
    }

    fn dial(&mut self, n: usize, peer: &PeerAddress) {
        let Some(to) = (0..self.nodes.len()).find(|to| node_id(*to) == peer.node) else { return };
        let wait = self.rng.between(1, 40);
        self.node_in(wait, n, NodeEv::Dialled(to));
    }

    fn dialled(&mut self, n: usize, to: usize) {
        if self.network.is_cut(n, to) || self.nodes[to].running.is_none() {
            let failed = NodeInput::ConnectFailed(node_id(to));
            return self.feed(n, failed);
        }
        let conn = self.network.open((n, self.nodes[n].life), (to, self.nodes[to].life));
        self.feed(n, NodeInput::Connected(node_id(to), conn));
    }

    fn heard(&mut self, n: usize, conn: ConnId, mut packet: Packet) {
        if self.setup.mutant == Mutant::NoEpochCheck {
            let own = self.office(n).map(|office| office.epoch);
            let current = self.database.row.as_ref().map(|row| row.epoch);
            packet.epoch = own.or(current).unwrap_or(packet.epoch);
        }
        if self.setup.mutant == Mutant::BrokenPromise
            && let Message::Ask { asked } = packet.message
        {
            return self.send(n, conn, Packet::new(packet.epoch, Message::Promise { asked }));
        }
        self.feed(n, NodeInput::Heard(conn, packet));
    }

    fn send(&mut self, n: usize, conn: ConnId, packet: Packet) {
        // Now and then a packet takes its time, and all behind it wait.
        let late = self.setup.weather == Weather::Faults && self.rng.one_in(300);
        let delay = if late { self.rng.between(50, 2_000) } else { self.rng.between(1, 12) };
        if let Some((far, at)) = self.network.send(conn, n, self.now + delay) {
            self.life_in(at - self.now, far.node, far.life, NodeEv::Heard(conn, packet));
        }
    }

    fn fill(&mut self, n: usize, conn: ConnId, fill: Fill) -> Option<NodeInput> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in self.nodes[n].disk.after(fill.after.seq) {
            if bytes > 0 && bytes + entry.bytes() > fill.bytes_max {
                break;
            }
            bytes += entry.bytes();
            entries.push(entry.clone());
        }
        let through = entries.last()?.id.seq;
        let Fill { epoch, after, committed, .. } = fill;
        let message = Message::Entries { after, committed, entries };
        self.send(n, conn, Packet::new(epoch, message));
        Some(NodeInput::Filled { conn, through, bytes })
    }

    fn synced(&mut self, n: usize, through: EntryId) {
        let disk = &mut self.nodes[n].disk;
        if disk.covers(through) {
            disk.synced = disk.synced.max(through.seq);
        }
        self.feed(n, NodeInput::Synced(through));
    }

    fn lease_op(&mut self, n: usize, op: Op) {
        let write = matches!(op, Op::Write(_));
        let id = self.query(n, op);
        if let Some(running) = &mut self.nodes[n].running {
            running.lease_op = Some((id, write));
        }
    }

    /// Sends an operation to the database. It may get lost on the way, or arrive late.
    pub(super) fn query(&mut self, n: usize, op: Op) -> u64 {
        self.next_op += 1;
        let id = self.next_op;
        self.node_in(DATABASE_PATIENCE_MS, n, NodeEv::GiveUp(id));
        let lost = self.nodes[n].cut_off || self.rng.one_in(200);
        if !lost {
            let late = self.rng.one_in(100);
            let wait = if late { self.rng.between(100, 3_000) } else { self.rng.between(1, 15) };
            if let Op::Write(write) = &op {
                self.writes_under_way.insert(id, write.clone());
            }
            let life = self.nodes[n].life;
            self.world_in(wait, WorldEv::Arrives { node: n, life, id, op });
        }
        id
    }

    pub(super) fn arrive(&mut self, n: usize, life: u64, id: u64, op: Op) {
        self.writes_under_way.remove(&id);
        if !self.database.up {
            return;
        }
        let traced = format!("{op:?}");
        let answer = self.database.execute(op, self.setup.mutant);
        if !traced.starts_with("Read") && !traced.starts_with("Save") {
            self.say(|| format!("database: {} {traced} -> {answer:?}", node_id(n)));
        }
        self.check_logs();
        if !self.nodes[n].cut_off && !self.rng.one_in(200) {
            let wait = self.rng.between(1, 15);
            self.life_in(wait, n, life, NodeEv::Answered(id, answer));
        }
    }

    fn answered(&mut self, n: usize, id: u64, answer: Answer) {
        let Some(running) = &mut self.nodes[n].running else { return };
        match answer {
            Answer::Row(mut row) => {
                if self.setup.mutant == Mutant::NoInSyncRule
                    && let Some(row) = &mut row
                {
                    row.in_sync.insert(self.nodes[n].disk.log);
                }
                let Some(running) = &mut self.nodes[n].running else { return };
                if running.lease_op.take_if(|(op, _)| *op == id).is_some() {
                    self.feed(n, NodeInput::LeaseRead(Ok(row)));
                }
            }
            Answer::Written(written) => {
                if running.lease_op.take_if(|(op, _)| *op == id).is_some() {
                    self.feed(n, NodeInput::LeaseWritten(written));
                }
            }
            Answer::Raised(raised) => {
                if running.load_op.take_if(|op| *op == id).is_some() {
                    if raised { self.fence_raised(n) } else { self.outdated(n) }
                }
            }
            Answer::Loaded(saved) => {
                if running.load_op.take_if(|op| *op == id).is_some() {
                    self.loaded(n, saved);
                }
            }
            Answer::Saved(at) => {
                if running.save_op.take_if(|op| *op == id).is_some() {
                    self.saved(n, at);
                }
            }
        }
    }

    fn give_up(&mut self, n: usize, id: u64) {
        let Some(running) = &mut self.nodes[n].running else { return };
        if let Some((_, write)) = running.lease_op.take_if(|(op, _)| *op == id) {
            let unknown = if write {
                NodeInput::LeaseWritten(Written::Unknown)
            } else {
                NodeInput::LeaseRead(Err(Unavailable))
            };
            self.feed(n, unknown);
        } else if running.load_op.take_if(|op| *op == id).is_some() {
            self.load(n);
        } else if running.save_op.take_if(|op| *op == id).is_some() {
            self.saved(n, None);
        }
    }
}
