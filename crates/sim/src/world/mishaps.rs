//! Faults as they strike, and starts after them.

use weir_cluster::NodeInput;
use weir_codec::LogId;

use super::clockwork::{NodeEv, World, WorldEv, node_id};
use super::outcome::Weather;
use crate::disk::Disk;
use crate::faults::Fault;

/// One takeover in so many is struck in the middle.
const STUMBLES: u64 = 8;

impl World {
    pub(super) fn draw_fault(&mut self) {
        if !self.in_chaos() {
            return;
        }
        let wait = self.rng.between(100, 4_000);
        self.world_in(wait, WorldEv::Fault);
        let fault = Fault::draw(&mut self.rng, self.nodes.len());
        self.say(|| format!("fault: {fault:?}"));
        self.stats.faults += 1;
        match fault {
            Fault::Crash { node, back_ms } => self.crash(node, back_ms),
            Fault::CrashAll { back_ms, apart_ms } => {
                for n in 0..self.nodes.len() {
                    self.crash(n, back_ms + n as u64 * apart_ms);
                }
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
            Fault::Pause { node, for_ms } => self.pause(node, for_ms),
            Fault::Partition { node, for_ms } => self.part(node, for_ms),
            Fault::Isolated { node, for_ms, database_ms } => {
                self.part(node, for_ms);
                self.cut_off(node, for_ms + database_ms);
            }
            Fault::Outage { for_ms } => self.outage(for_ms),
            Fault::CutOff { node, for_ms } => self.cut_off(node, for_ms),
            Fault::ClockJump { node, by_ms } => self.nodes[node].wall_ms += by_ms,
            Fault::HandOver => {
                for n in 0..self.nodes.len() {
                    if self.nodes[n].running.is_some() && self.nodes[n].paused_until <= self.now {
                        self.feed(n, NodeInput::HandOver);
                    }
                }
            }
        }
    }

    /// A process stands still, and notices nothing.
    pub(super) fn pause(&mut self, n: usize, for_ms: u64) {
        self.nodes[n].paused_until = self.now + for_ms;
    }

    /// Faults that strike at random seldom meet the few steps of a takeover: some are aimed.
    pub(super) fn may_stumble(&mut self, n: usize) {
        if self.setup.weather == Weather::Faults && self.in_chaos() && self.rng.one_in(STUMBLES) {
            let (wait, for_ms) = (self.rng.between(0, 100), self.rng.between(1_000, 5_000));
            self.say(|| format!("fault: {} stands still at a takeover", node_id(n)));
            self.stats.faults += 1;
            self.node_in(wait, n, NodeEv::Stumble(for_ms));
        }
    }

    /// A node does not reach the others for a while.
    fn part(&mut self, node: usize, for_ms: u64) {
        for other in (0..self.nodes.len()).filter(|other| *other != node) {
            self.network.cut(node, other);
        }
        self.world_in(for_ms, WorldEv::MendLink);
    }

    /// A node does not reach the database for a while.
    fn cut_off(&mut self, node: usize, for_ms: u64) {
        self.nodes[node].cut_off = true;
        self.world_in(for_ms, WorldEv::MendCutOff(node));
    }

    /// Nobody reaches the database for a while.
    pub(super) fn outage(&mut self, for_ms: u64) {
        self.database.up = false;
        self.world_in(for_ms, WorldEv::MendDatabase);
    }

    /// Losing a disk is one fault only as long as another log may take over: the row names it,
    /// and no write is on its way that would strike it off.
    fn may_lose_disk(&self, node: usize) -> bool {
        let Some(row) = &self.database.row else { return false };
        let others = self.nodes.iter().enumerate().filter(|(n, _)| *n != node);
        others.map(|(_, other)| other.disk.log).any(|log| {
            let mut lists = self.writes_under_way.values().map(|write| &write.lease.in_sync);
            row.in_sync.contains(&log) && lists.all(|list| list.contains(&log))
        })
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
