//! Faults as they strike, and starts after them.

use weir_cluster::NodeInput;
use weir_codec::LogId;

use super::clockwork::{NodeEv, World, WorldEv};
use crate::disk::Disk;
use crate::faults::Fault;

impl World {
    pub(super) fn draw_fault(&mut self) {
        if !self.in_chaos() {
            return;
        }
        let wait = self.rng.between(100, 4_000);
        self.world_in(wait, WorldEv::Fault);
        let fault = Fault::draw(&mut self.rng);
        self.say(|| format!("fault: {fault:?}"));
        self.stats.faults += 1;
        match fault {
            Fault::Crash { node, back_ms } => self.crash(node, back_ms),
            Fault::CrashBoth { back_ms: [a, b] } => {
                self.crash(0, a);
                self.crash(1, b);
            }
            Fault::PowerCut { node, back_ms } => {
                let spared = self.may_lose_disk(node);
                self.crash(node, back_ms);
                // A log that lost its tail in a power cut is a new log.
                if spared && self.nodes[node].disk.lose_unsynced() {
                    self.nodes[node].disk.log = self.new_log();
                }
            }
            Fault::EmptyDisk { node, back_ms } => {
                let spared = self.may_lose_disk(node);
                self.crash(node, back_ms);
                if spared {
                    self.nodes[node].disk = Disk::empty(self.new_log());
                }
            }
            Fault::Pause { node, for_ms } => self.nodes[node].paused_until = self.now + for_ms,
            Fault::Partition { for_ms } => {
                self.network.cut();
                self.world_in(for_ms, WorldEv::MendLink);
            }
            Fault::Outage { for_ms } => {
                self.database.up = false;
                self.world_in(for_ms, WorldEv::MendDatabase);
            }
            Fault::CutOff { node, for_ms } => {
                self.nodes[node].cut_off = true;
                self.world_in(for_ms, WorldEv::MendCutOff(node));
            }
            Fault::ClockJump { node, by_ms } => self.nodes[node].wall_ms += by_ms,
            Fault::HandOver => {
                for n in 0..2 {
                    if self.nodes[n].running.is_some() && self.nodes[n].paused_until <= self.now {
                        self.feed(n, NodeInput::HandOver);
                    }
                }
            }
        }
    }

    /// Losing a disk is one fault only as long as another log may take over: the row names it,
    /// and no write is on its way that would strike it off.
    fn may_lose_disk(&self, node: usize) -> bool {
        let other = self.nodes[1 - node].disk.log;
        let named = self.database.row.as_ref().is_some_and(|row| row.in_sync.contains(&other));
        let lists = self.writes_under_way.values().map(|write| &write.lease.in_sync);
        named && lists.into_iter().all(|list| list.contains(&other))
    }

    fn new_log(&mut self) -> LogId {
        LogId(u128::from(self.rng.next()))
    }

    fn crash(&mut self, n: usize, back_ms: u64) {
        let node = &mut self.nodes[n];
        node.life += 1;
        node.running = None;
        node.paused_until = 0;
        // The other side hears of it, unless the whole machine is gone.
        for (conn, far) in self.network.orphaned(n) {
            if !self.rng.one_in(3) {
                let wait = far.busy_until.saturating_sub(self.now) + self.rng.between(1, 50);
                self.life_in(wait, far.node, far.life, NodeEv::Input(NodeInput::Closed(conn)));
            }
        }
        self.node_in(back_ms, n, NodeEv::Back);
    }
}
