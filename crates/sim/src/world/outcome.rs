//! How a run went.

use crate::checks::Violation;

/// A protocol that was broken on purpose, to see that the checks notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The protocol as it is.
    None,
    /// One node believes that its lease lasts longer than the other knows.
    UnequalLeases,
    /// Clients are told before the other log holds the event.
    EarlyAcknowledgement,
    /// The database writes the lease whatever it was before.
    BlindWrites,
    /// Outputs leave before their input is committed.
    EarlyOutputs,
    /// Delivered marks are forgotten at a takeover.
    ForgottenMarks,
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
    pub faults: u64,
}
