//! What is done to the pair, and how often.

use std::time::Instant;

/// A kind of disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// SIGKILL of the active.
    Active,
    /// SIGKILL of both nodes at once.
    Both,
    /// SIGSTOP of the active, and SIGCONT after a while.
    Stop,
    /// SIGTERM of the active: it hands over.
    Term,
    /// The nodes cannot reach each other for a while.
    Cut,
    /// The shared database restarts.
    Restart,
}

impl Kind {
    /// In the order in which they are done.
    pub(super) const ALL: [Self; 6] =
        [Self::Active, Self::Both, Self::Stop, Self::Term, Self::Cut, Self::Restart];

    /// What they are called in the table.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Active => "kills of the active",
            Self::Both => "kills of both nodes",
            Self::Stop => "stops of the active (SIGSTOP)",
            Self::Term => "hand-overs (SIGTERM)",
            Self::Cut => "cuts between the nodes",
            Self::Restart => "restarts of the database",
        }
    }

    /// How its times without service are called in the table.
    pub(super) fn without_service(self) -> &'static str {
        match self {
            Self::Active => "time without service",
            Self::Both => "time without service, both killed",
            Self::Stop => "time without service, active stopped",
            Self::Term => "time without service, handed over",
            Self::Cut => "time without service, nodes cut apart",
            Self::Restart => "time without service, database restarted",
        }
    }

    /// Its names in JSON: how often, and the times without service.
    pub(super) fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Active => ("kills_of_active", "without_service_ms"),
            Self::Both => ("kills_of_both", "without_service_both_ms"),
            Self::Stop => ("stops", "without_service_stop_ms"),
            Self::Term => ("terms", "without_service_term_ms"),
            Self::Cut => ("cuts", "without_service_cut_ms"),
            Self::Restart => ("restarts", "without_service_restart_ms"),
        }
    }
}

/// How often each is done, and how the database is restarted.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) kills: usize,
    pub(super) both: usize,
    pub(super) stops: usize,
    pub(super) terms: usize,
    pub(super) cuts: usize,
    pub(super) restarts: usize,
    pub(super) restart_command: Option<String>,
}

impl Plan {
    /// One after the other.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let times = |kind| match kind {
            Kind::Active => self.kills,
            Kind::Both => self.both,
            Kind::Stop => self.stops,
            Kind::Term => self.terms,
            Kind::Cut => self.cuts,
            Kind::Restart => self.restarts,
        };
        Kind::ALL.into_iter().flat_map(|kind| vec![kind; times(kind)]).collect()
    }
}

/// A disturbance that was survived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blow {
    pub(super) kind: Kind,
    pub(super) at: Instant,
    /// Since when the pair had been whole.
    pub(super) calm: Instant,
}
