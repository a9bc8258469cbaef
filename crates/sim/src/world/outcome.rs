//! What a run is made of, and how it went.

use crate::checks::Violation;

/// What the world consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// How many nodes the group has: two or three.
    pub nodes: usize,
    /// What goes wrong.
    pub weather: Weather,
    /// What is broken in the protocol itself.
    pub mutant: Mutant,
}

impl Setup {
    /// Two nodes that keep to the protocol, under faults of every kind.
    pub const PAIR: Self = Self { nodes: 2, weather: Weather::Faults, mutant: Mutant::None };
    /// Three of them.
    pub const THREE: Self = Self { nodes: 3, ..Self::PAIR };
}

/// What goes wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Faults of every kind for half a minute.
    Faults,
    /// Nothing, but that nobody reaches the database for a while.
    Outage {
        /// For so long.
        for_ms: u64,
    },
}

/// A protocol that was broken on purpose, to see that the checks notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The protocol as it is.
    None,
    /// One node believes that its lease lasts longer than the others know: its deadline is void.
    UnequalLeases,
    /// Clients are told before the other log holds the event.
    EarlyAcknowledgement,
    /// The database writes the lease whatever it was before.
    BlindWrites,
    /// Outputs leave before their input is committed.
    EarlyOutputs,
    /// Delivered marks are forgotten at a takeover.
    ForgottenMarks,
    /// A packet of a lower epoch is taken as if it were of the current one.
    NoEpochCheck,
    /// A node believes that the lease names its log, whatever it names.
    NoInSyncRule,
    /// A node promises to leave the lease alone, and does not.
    BrokenPromise,
    /// A node that has just started waits for less than a lease.
    ImpatientStart,
    /// The database saves snapshots of any epoch.
    NoFence,
    /// Entries are trimmed before the snapshot behind them has been committed.
    EarlyTrim,
}

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    pub violation: Option<Violation>,
    pub stats: Stats,
    /// What happened, when asked for.
    pub trace: Vec<String>,
}

/// What a run consisted of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub acknowledged: usize,
    pub outputs: usize,
    pub repeated: u64,
    pub takeovers: u64,
    /// Takeovers that read what another node had saved under a later epoch.
    pub outdated: u64,
    pub faults: u64,
    /// The longest time between two acknowledgements.
    pub longest_gap_ms: u64,
}
