//! The world's clockwork: what happens next, and to whom.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use weir_cluster::{ConnId, LeaseWrite, Moment, Node, NodeId, NodeInput, Packet};
use weir_codec::{EntryId, LogId};
use weir_event::{Epoch, Time};

use super::outcome::{Outcome, Setup, Stats, Weather};
use crate::app::work;
use crate::checks::Witness;
use crate::database::{Answer, Database, Op};
use crate::disk::Disk;
use crate::network::Network;
use crate::office::Office;
use crate::rng::Rng;

/// How long faults go on, in virtual time.
const CHAOS_MS: u64 = 30_000;

/// When the first fault strikes.
const FIRST_FAULT_MS: u64 = 3_000;

/// How long a healed pair has to become one service again.
const HEALING_MS: u64 = 20_000;

/// Clients stop this long before the end, so that what they sent can come out.
const CLIENTS_LEAVE_MS: u64 = 5_000;

/// What happens to the world.
#[derive(Debug)]
pub(super) enum WorldEv {
    Client,
    Fault,
    MendLink,
    MendDatabase,
    MendCutOff(usize),
    /// An operation reaches the database, whatever became of its sender.
    Arrives {
        node: usize,
        life: u64,
        id: u64,
        op: Op,
    },
}

/// What happens to a node in one of its lives.
#[derive(Debug)]
pub(super) enum NodeEv {
    Back,
    Wake,
    Input(NodeInput),
    Heard(ConnId, Packet),
    Dialled(usize),
    Answered(u64, Answer),
    GiveUp(u64),
    Confirmed(u64),
    FlushMarks(Epoch),
    TakeSnapshot(Epoch),
    Synced(EntryId),
    /// The fence is raised: the last state is read.
    ReadLast(Epoch),
    /// It stands still in the middle of a takeover, for so long.
    Stumble(u64),
}

#[derive(Debug)]
enum Ev {
    World(WorldEv),
    Node(usize, u64, NodeEv),
}

#[derive(Debug)]
pub(super) struct SimNode {
    pub(super) life: u64,
    pub(super) disk: Disk,
    pub(super) running: Option<Running>,
    pub(super) paused_until: u64,
    pub(super) wall_ms: i64,
    pub(super) clock_offset_ms: u64,
    pub(super) cut_off: bool,
}

#[derive(Debug)]
pub(super) struct Running {
    pub(super) node: Node,
    pub(super) deadline: Moment,
    pub(super) office: Option<Office>,
    pub(super) lease_op: Option<(u64, bool)>,
    pub(super) load_op: Option<u64>,
    pub(super) save_op: Option<u64>,
    pub(super) wake: u64,
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) rng: Rng,
    queue: BTreeMap<(u64, u64), Ev>,
    order: u64,
    pub(super) nodes: Vec<SimNode>,
    pub(super) database: Database,
    pub(super) network: Network,
    pub(super) witness: Witness,
    pub(super) setup: Setup,
    /// When faults end.
    chaos_ms: u64,
    pub(super) trace: Option<Vec<String>>,
    pub(super) stats: Stats,
    pub(super) next_event: u64,
    pub(super) next_op: u64,
    /// Lease writes that were sent and may still arrive.
    pub(super) writes_under_way: BTreeMap<u64, LeaseWrite>,
}

/// Runs a group under a seed: faults for a while, then healing.
#[must_use]
pub fn run(seed: u64, setup: Setup, traced: bool) -> Outcome {
    let mut world = World::new(seed, setup, traced);
    let played = catch_unwind(AssertUnwindSafe(|| world.play()));
    if let Err(panic) = played {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        world.witness.broken(format!("a panic: {}", said.unwrap_or_default()));
    }
    let outputs = &world.witness.outputs;
    let stats = Stats {
        acknowledged: world.witness.acked.len(),
        outputs: outputs.len(),
        repeated: outputs.values().map(|(_, times)| times - 1).sum(),
        longest_gap_ms: world.witness.longest_gap_ms,
        ..world.stats
    };
    Outcome { violation: world.witness.violation, stats, trace: world.trace.unwrap_or_default() }
}

pub(super) fn node_id(n: usize) -> NodeId {
    NodeId::new(["a", "b", "c"][n])
}

impl World {
    fn new(seed: u64, setup: Setup, traced: bool) -> Self {
        let mut rng = Rng::seeded(seed);
        let mut node = || SimNode {
            life: 0,
            disk: Disk::empty(LogId(u128::from(rng.next()))),
            running: None,
            paused_until: 0,
            wall_ms: rng.between(0, 1_000) as i64,
            clock_offset_ms: rng.between(0, 1_000_000),
            cut_off: false,
        };
        let nodes: Vec<SimNode> = (0..setup.nodes).map(|_| node()).collect();
        let chaos_ms = match setup.weather {
            Weather::Faults => CHAOS_MS,
            Weather::Outage { for_ms } => FIRST_FAULT_MS + for_ms,
        };
        let mut world = Self {
            now: 0,
            rng,
            queue: BTreeMap::new(),
            order: 0,
            nodes,
            database: Database { up: true, ..Database::default() },
            network: Network::default(),
            witness: Witness::default(),
            setup,
            chaos_ms,
            trace: traced.then(Vec::new),
            stats: Stats::default(),
            next_event: 0,
            next_op: 0,
            writes_under_way: BTreeMap::new(),
        };
        for n in 0..setup.nodes {
            let wait = world.rng.between(0, 500);
            world.node_in(wait, n, NodeEv::Back);
        }
        world.world_in(10, WorldEv::Client);
        world.world_in(FIRST_FAULT_MS, WorldEv::Fault);
        world
    }

    fn play(&mut self) {
        while let Some(((at, _), ev)) = self.queue.pop_first() {
            if at > self.chaos_ms + HEALING_MS || self.witness.violation.is_some() {
                break;
            }
            self.now = at;
            match ev {
                Ev::World(ev) => self.world_event(ev),
                Ev::Node(n, life, ev) => self.node_turn(n, life, ev),
            }
        }
        if self.witness.violation.is_none() {
            let offices = self.nodes.iter().filter_map(|it| it.running.as_ref()?.office.as_ref());
            let working: Vec<bool> = offices.map(|it| it.ports && it.clients.is_empty()).collect();
            self.witness.check_end(working.len(), working.iter().all(|works| *works));
        }
        let violation = self.witness.violation.clone();
        self.say(|| format!("ends: {violation:?}"));
    }

    pub(super) fn say(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>6} {}", self.now, what()));
        }
    }

    pub(super) fn world_in(&mut self, delay_ms: u64, ev: WorldEv) {
        self.order += 1;
        self.queue.insert((self.now + delay_ms, self.order), Ev::World(ev));
    }

    /// Something will happen to the node, if it still lives the life it lives now.
    pub(super) fn node_in(&mut self, delay_ms: u64, n: usize, ev: NodeEv) {
        let life = self.nodes[n].life;
        self.life_in(delay_ms, n, life, ev);
    }

    pub(super) fn life_in(&mut self, delay_ms: u64, n: usize, life: u64, ev: NodeEv) {
        self.order += 1;
        self.queue.insert((self.now + delay_ms, self.order), Ev::Node(n, life, ev));
    }

    fn world_event(&mut self, ev: WorldEv) {
        match ev {
            WorldEv::Client => self.client(),
            WorldEv::Fault => match self.setup.weather {
                Weather::Faults => self.draw_fault(),
                Weather::Outage { for_ms } => self.outage(for_ms),
            },
            WorldEv::MendLink => self.network.mend(),
            WorldEv::MendDatabase => self.database.up = true,
            WorldEv::MendCutOff(n) => self.nodes[n].cut_off = false,
            WorldEv::Arrives { node, life, id, op } => self.arrive(node, life, id, op),
        }
    }

    fn node_turn(&mut self, n: usize, life: u64, ev: NodeEv) {
        let node = &self.nodes[n];
        if node.life != life {
            return;
        }
        if node.paused_until > self.now {
            let wait = node.paused_until - self.now;
            self.life_in(wait, n, life, ev);
        } else if matches!(ev, NodeEv::Back) {
            self.start(n);
        } else if node.running.is_some() {
            self.node_event(n, ev);
        }
    }

    /// Clients send to whichever node has its ports open.
    fn client(&mut self) {
        if self.now > self.chaos_ms + HEALING_MS - CLIENTS_LEAVE_MS {
            return;
        }
        let wait = self.rng.between(5, 60);
        self.world_in(wait, WorldEv::Client);
        let count = self.nodes.len();
        let start = self.rng.between(0, count as u64) as usize;
        let open = (0..count).map(|n| (start + n) % count).find(|n| {
            let node = &self.nodes[*n];
            node.paused_until <= self.now
                && node
                    .running
                    .as_ref()
                    .and_then(|it| it.office.as_ref())
                    .is_some_and(|it| it.ports)
        });
        let Some(n) = open else { return };
        let count = self.rng.between(1, 4);
        let time = Time(self.nodes[n].wall_ms + self.now as i64);
        let mut items = Vec::new();
        for _ in 0..count {
            self.next_event += 1;
            items.push((time, work(self.next_event)));
        }
        self.feed(n, NodeInput::Append(items));
    }

    pub(super) fn own_clock(&self, n: usize) -> Moment {
        Moment(Duration::from_millis(self.now + self.nodes[n].clock_offset_ms))
    }

    pub(super) fn in_chaos(&self) -> bool {
        self.now < self.chaos_ms
    }
}
