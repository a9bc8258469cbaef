//! What goes wrong, and when.

use crate::rng::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process dies and starts again; the disk keeps everything.
    Crash { node: usize, back_ms: u64 },
    /// All processes die, and come back one after the other.
    CrashAll { back_ms: u64, apart_ms: u64 },
    /// The machine loses power: what was not forced to disk is gone.
    PowerCut { node: usize, back_ms: u64 },
    /// The machine is replaced by an empty one.
    EmptyDisk { node: usize, back_ms: u64 },
    /// The process stands still, and notices nothing.
    Pause { node: usize, for_ms: u64 },
    /// A node cannot reach the others, nor they it.
    Partition { node: usize, for_ms: u64 },
    /// Nobody reaches the database.
    Outage { for_ms: u64 },
    /// One node does not reach the database.
    CutOff { node: usize, for_ms: u64 },
    /// A node reaches nobody; the other nodes come back before the database does.
    Isolated { node: usize, for_ms: u64, database_ms: u64 },
    /// A wall clock jumps.
    ClockJump { node: usize, by_ms: i64 },
    /// An operator asks for a hand-over.
    HandOver,
}

impl Fault {
    pub(crate) fn draw(rng: &mut Rng, nodes: usize) -> Self {
        let node = rng.between(0, nodes as u64) as usize;
        let back_ms = rng.between(20, 5_000);
        match rng.between(0, 15) {
            0..=2 => Self::Crash { node, back_ms },
            3 => Self::CrashAll { back_ms, apart_ms: rng.between(0, 3_000) },
            4 => Self::PowerCut { node, back_ms },
            5 => Self::EmptyDisk { node, back_ms },
            6 | 7 => Self::Pause { node, for_ms: rng.between(50, 5_000) },
            8 | 9 => Self::Partition { node, for_ms: rng.between(50, 6_000) },
            10 => Self::Outage { for_ms: rng.between(50, 6_000) },
            11 => Self::CutOff { node, for_ms: rng.between(50, 6_000) },
            12 => Self::ClockJump { node, by_ms: rng.between(0, 20_000) as i64 - 10_000 },
            13 => Self::Isolated {
                node,
                for_ms: rng.between(2_000, 5_000),
                database_ms: rng.between(500, 3_000),
            },
            _ => Self::HandOver,
        }
    }
}
