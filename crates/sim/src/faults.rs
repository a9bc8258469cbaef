//! What goes wrong, and when.

use crate::rng::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process dies and starts again; the disk keeps everything.
    Crash { node: usize, back_ms: u64 },
    /// Both processes die.
    CrashBoth { back_ms: [u64; 2] },
    /// The machine loses power: what was not forced to disk is gone.
    PowerCut { node: usize, back_ms: u64 },
    /// The machine is replaced by an empty one.
    EmptyDisk { node: usize, back_ms: u64 },
    /// The process stands still, and notices nothing.
    Pause { node: usize, for_ms: u64 },
    /// The nodes cannot reach each other.
    Partition { for_ms: u64 },
    /// Nobody reaches the database.
    Outage { for_ms: u64 },
    /// One node does not reach the database.
    CutOff { node: usize, for_ms: u64 },
    /// A wall clock jumps.
    ClockJump { node: usize, by_ms: i64 },
    /// An operator asks for a hand-over.
    HandOver,
}

impl Fault {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let node = rng.between(0, 2) as usize;
        let back_ms = rng.between(20, 5_000);
        match rng.between(0, 14) {
            0..=2 => Self::Crash { node, back_ms },
            3 => Self::CrashBoth { back_ms: [back_ms, rng.between(20, 5_000)] },
            4 => Self::PowerCut { node, back_ms },
            5 => Self::EmptyDisk { node, back_ms },
            6 | 7 => Self::Pause { node, for_ms: rng.between(50, 5_000) },
            8 | 9 => Self::Partition { for_ms: rng.between(50, 6_000) },
            10 => Self::Outage { for_ms: rng.between(50, 6_000) },
            11 => Self::CutOff { node, for_ms: rng.between(50, 6_000) },
            12 => Self::ClockJump { node, by_ms: rng.between(0, 20_000) as i64 - 10_000 },
            _ => Self::HandOver,
        }
    }
}
