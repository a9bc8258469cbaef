//! What the active node does beside its log: takes over, answers clients, lets outputs out.

use std::collections::VecDeque;

use weir_cluster::{
    LoggedMarks, Marks, NodeEvent, NodeInput, RestoredApp, Takeover, TakeoverAction, TakeoverInput,
    Term,
};
use weir_codec::EntryId;
use weir_event::{Epoch, OutputNo, Seq, Time};

use super::clockwork::{NodeEv, World, node_id};
use super::outcome::Mutant;
use crate::app::{APP, marks, sink};
use crate::database::{Op, Saved};
use crate::disk::Disk;
use crate::office::Office;

/// How long after it has raised the fence a node begins to read the last state.
const READS_WITHIN_MS: u64 = 60;

impl World {
    pub(super) fn told(&mut self, n: usize, event: NodeEvent) {
        match event {
            NodeEvent::BecameActive { term, base, last } => {
                self.say(|| format!("{} is active: {term:?}, log {base} to {last}", node_id(n)));
                self.take_office(n, &term, (base, last));
            }
            NodeEvent::Deadline(deadline) => {
                if let Some(running) = &mut self.nodes[n].running {
                    running.deadline = deadline;
                }
            }
            NodeEvent::LostLease(lost) => {
                self.say(|| format!("{} lost the lease: {lost:?}", node_id(n)));
                self.leave_office(n);
            }
            NodeEvent::Released => {
                self.say(|| format!("{} released the lease", node_id(n)));
                self.leave_office(n);
            }
            NodeEvent::Drain => {
                self.say(|| format!("{} drains", node_id(n)));
                if let Some(office) = self.office(n) {
                    office.draining = true;
                    office.ports = false;
                }
            }
            NodeEvent::Appended(entries) => {
                if let Some(office) = self.office(n) {
                    office.execute(&entries, true);
                }
                if self.setup.mutant == Mutant::EarlyAcknowledgement {
                    self.acknowledge(n, EntryId::new(u64::MAX, u64::MAX));
                }
            }
            NodeEvent::Committed(at) => self.committed(n, at),
            NodeEvent::InSync(logs) => self.say(|| format!("{} names {logs:?}", node_id(n))),
            NodeEvent::Suspended
            | NodeEvent::OnPromise(_)
            | NodeEvent::Waiting(_)
            | NodeEvent::NotActive
            | NodeEvent::Received(_)
            | NodeEvent::Trimmed { .. }
            | NodeEvent::Met { .. }
            | NodeEvent::PeerEnded { .. }
            | NodeEvent::Outdated(_)
            | NodeEvent::Report(_) => {
                self.say(|| format!("{} {event:?}", node_id(n)));
            }
        }
    }

    pub(super) fn office(&mut self, n: usize) -> Option<&mut Office> {
        self.nodes[n].running.as_mut()?.office.as_mut()
    }

    fn leave_office(&mut self, n: usize) {
        if let Some(running) = &mut self.nodes[n].running {
            running.office = None;
            running.load_op = None;
            running.save_op = None;
        }
    }

    /// Steps 1 and 2 of a takeover, as far as the database.
    fn take_office(&mut self, n: usize, term: &Term, (base, last): (EntryId, EntryId)) {
        let logged = match self.setup.mutant {
            Mutant::ForgottenMarks => LoggedMarks::default(),
            Mutant::None
            | Mutant::UnequalLeases
            | Mutant::EarlyAcknowledgement
            | Mutant::BlindWrites
            | Mutant::EarlyOutputs
            | Mutant::NoEpochCheck
            | Mutant::NoInSyncRule
            | Mutant::BrokenPromise
            | Mutant::ImpatientStart
            | Mutant::NoFence
            | Mutant::EarlyTrim => self.nodes[n].disk.marks(),
        };
        let mut takeover = Takeover::new(term.epoch, base, last, logged);
        takeover.step(TakeoverInput::Begin);
        takeover.step(TakeoverInput::AppsStarted);
        if let Some(running) = &mut self.nodes[n].running {
            running.office = Some(Office::new(term.epoch, takeover));
        }
        self.load(n);
        self.may_stumble(n);
        let wait = self.rng.between(200, 1_500);
        self.node_in(10, n, NodeEv::FlushMarks(term.epoch));
        self.node_in(wait, n, NodeEv::TakeSnapshot(term.epoch));
    }

    pub(super) fn load(&mut self, n: usize) {
        let Some(epoch) = self.office(n).map(|office| office.epoch) else { return };
        self.load_op(n, Op::Raise(epoch));
    }

    pub(super) fn fence_raised(&mut self, n: usize) {
        if let Some(epoch) = self.office(n).map(|office| office.epoch) {
            let wait = self.rng.between(0, READS_WITHIN_MS);
            self.node_in(wait, n, NodeEv::ReadLast(epoch));
        }
    }

    pub(super) fn read_last(&mut self, n: usize, epoch: Epoch) {
        if self.office(n).is_some_and(|office| office.epoch == epoch) {
            self.load_op(n, Op::Load);
        }
    }

    fn load_op(&mut self, n: usize, op: Op) {
        let op = self.query(n, op);
        if let Some(running) = &mut self.nodes[n].running {
            running.load_op = Some(op);
        }
    }

    /// Another node has taken the lease since: the takeover fails, and the lease is given back.
    pub(super) fn outdated(&mut self, n: usize) {
        self.say(|| format!("{} was overtaken while it took over", node_id(n)));
        self.feed(n, NodeInput::HandOver);
        self.feed(n, NodeInput::Drained);
    }

    /// The last state is there: steps 2 to 4.
    pub(super) fn loaded(&mut self, n: usize, saved: Option<Box<Saved>>) {
        let forgotten = self.setup.mutant == Mutant::ForgottenMarks;
        let node = &mut self.nodes[n];
        let disk = &node.disk;
        let running = node.running.as_mut();
        let Some(office) = running.and_then(|running| running.office.as_mut()) else { return };
        let restored = RestoredApp {
            app: APP.into(),
            at: saved.as_ref().map(|saved| saved.at),
            time: saved.as_ref().map_or(Time(0), |saved| saved.time),
            marks: match &saved {
                Some(saved) if !forgotten => Marks::from([(sink(), OutputNo(saved.mark))]),
                Some(_) | None => Marks::new(),
            },
        };
        if let Some(saved) = saved {
            office.app = saved.app;
            office.outbox = saved.open.into();
        }
        let mut actions = office.takeover.step(TakeoverInput::Restored(vec![restored]));
        let mut inputs = Vec::new();
        while !actions.is_empty() {
            let mut next = Vec::new();
            for action in actions {
                match action {
                    TakeoverAction::Replay { after, through } => {
                        for entry in disk.after(after).iter().filter(|it| it.id.seq <= through) {
                            if office.takeover.is_for(APP, entry.id.seq) {
                                office.execute(std::slice::from_ref(entry), false);
                            }
                        }
                        let produced = Marks::from([(sink(), OutputNo(office.app.outputs()))]);
                        next.extend(office.takeover.step(TakeoverInput::Replayed(produced)));
                    }
                    TakeoverAction::NumberAbove { at, time } => {
                        inputs.push(NodeInput::Restored { at, time });
                    }
                    TakeoverAction::OpenPorts => {
                        next.extend(office.takeover.step(TakeoverInput::PortsOpened));
                    }
                    TakeoverAction::Done => {
                        office.restored = true;
                        office.ports = !office.draining;
                    }
                    TakeoverAction::Outdated(_) => {
                        self.stats.outdated += 1;
                        return self.outdated(n);
                    }
                    TakeoverAction::Missing { .. } | TakeoverAction::ClampMarks(_) => {
                        self.witness.broken(format!("nothing was lost, yet {action:?}"));
                        return;
                    }
                    TakeoverAction::StartApps
                    | TakeoverAction::RaiseFence(_)
                    | TakeoverAction::RestoreLast
                    | TakeoverAction::AwaitPort(_)
                    | TakeoverAction::StopApps => {}
                }
            }
            actions = next;
        }
        self.stats.takeovers += 1;
        self.say(|| format!("{} opens its ports", node_id(n)));
        for input in inputs {
            self.feed(n, input);
        }
    }

    fn committed(&mut self, n: usize, at: EntryId) {
        let running = self.nodes[n].running.as_mut();
        let Some(office) = running.and_then(|running| running.office.as_mut()) else { return };
        while let Some((_, mark)) = office.marks_under_way.pop_front_if(|(id, _)| *id <= at) {
            self.witness.mark_committed(mark);
        }
        self.acknowledge(n, at);
    }

    fn acknowledge(&mut self, n: usize, through: EntryId) {
        let mut told = Vec::new();
        if let Some(office) = self.office(n) {
            while let Some(client) = office.clients.pop_front_if(|(id, _)| id.seq <= through.seq) {
                told.push(client);
            }
        }
        let disks: Vec<&Disk> = self.nodes.iter().map(|node| &node.disk).collect();
        for (id, event) in told {
            let row = self.database.row.as_ref();
            self.witness.acknowledged((event, self.now), id, row, &disks);
        }
    }

    /// Lets outputs out, saves a snapshot that is due, ends a drain.
    pub(super) fn see_to_office(&mut self, n: usize, inputs: &mut VecDeque<NodeInput>) {
        self.let_out(n);
        let (last, empty) = (self.nodes[n].disk.last(), self.nodes[n].disk.entries.is_empty());
        let Some(running) = &mut self.nodes[n].running else { return };
        let committed = running.node.committed();
        let Some(office) = running.office.as_mut().filter(|office| office.restored) else { return };
        let epoch = office.epoch;
        if let Some(saved) = office.saving.take_if(|saved| saved.at.seq <= committed.seq) {
            let op = self.query(n, Op::Save(epoch, Box::new(saved)));
            if let Some(running) = &mut self.nodes[n].running {
                running.save_op = Some(op);
            }
            return;
        }
        if office.draining && office.idle() && office.clients.is_empty() {
            if office.saved_at == Some(last.seq) || empty {
                office.draining = false;
                inputs.push_back(NodeInput::Drained);
            } else if office.saving.is_none() && running.save_op.is_none() {
                self.take_snapshot(n);
            }
        }
    }

    fn let_out(&mut self, n: usize) {
        let now = self.own_clock(n);
        loop {
            let mutant = self.setup.mutant;
            let Some(running) = &mut self.nodes[n].running else { return };
            let in_time = now < running.deadline;
            let early = mutant == Mutant::EarlyOutputs;
            let safe = if early { Seq(u64::MAX) } else { running.node.committed().seq };
            let Some(office) = running.office.as_mut().filter(|it| it.restored && in_time) else {
                return;
            };
            let Some(output) = office.opt_leave(safe) else { return };
            let epoch = office.epoch;
            let disks: Vec<&Disk> = self.nodes.iter().map(|node| &node.disk).collect();
            let row = self.database.row.as_ref();
            self.witness.emitted(epoch, &output, row, &disks);
            let wait = self.rng.between(1, 150);
            self.node_in(wait, n, NodeEv::Confirmed(output.number));
        }
    }

    pub(super) fn confirmed(&mut self, n: usize, number: u64) {
        if let Some(office) = self.office(n) {
            office.confirm(number);
        }
    }

    pub(super) fn flush_marks(&mut self, n: usize, epoch: Epoch) {
        let time = Time(self.nodes[n].wall_ms + self.now as i64);
        let Some(office) = self.office(n).filter(|office| office.epoch == epoch) else { return };
        let mark = office.mark();
        let due = office.restored && mark > office.mark_logged;
        if due {
            office.mark_logged = mark;
        }
        self.node_in(10, n, NodeEv::FlushMarks(epoch));
        let input =
            if due { NodeInput::Append(vec![(time, marks(mark))]) } else { NodeInput::Tick };
        self.feed(n, input);
    }

    pub(super) fn snapshot_due(&mut self, n: usize, epoch: Epoch) {
        if self.office(n).is_some_and(|office| office.epoch == epoch) {
            let wait = self.rng.between(300, 2_000);
            self.node_in(wait, n, NodeEv::TakeSnapshot(epoch));
            self.take_snapshot(n);
        }
    }

    fn take_snapshot(&mut self, n: usize) {
        let Some(last) = self.nodes[n].disk.entries.last().cloned() else { return };
        let busy = self.nodes[n].running.as_ref().is_none_or(|it| it.save_op.is_some());
        if let Some(office) =
            self.office(n).filter(|it| it.restored && it.saving.is_none() && !busy)
        {
            office.saving = Some(office.snapshot(&last));
            if self.setup.mutant == Mutant::EarlyTrim {
                self.trims(n, last.id);
            }
        }
    }

    pub(super) fn saved(&mut self, n: usize, at: Option<EntryId>) {
        let Some(at) = at else { return self.feed(n, NodeInput::Tick) };
        if let Some(office) = self.office(n) {
            office.saved_at = Some(at.seq);
        }
        self.trims(n, at);
    }

    /// Tells the node of a snapshot, and so that entries before it may go.
    fn trims(&mut self, n: usize, at: EntryId) {
        let (app, revision) = (APP.to_owned(), at.to_string());
        self.feed(n, NodeInput::SnapshotCommitted { app, revision, seq: at.seq });
    }
}
