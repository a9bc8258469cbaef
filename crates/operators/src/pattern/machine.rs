//! The part of a pattern that never changes.

use foldhash::fast::FixedState;

use super::condition::Condition;
use super::spec::PatternSpec;
use super::wiring::{Waits, Wiring};

/// The part of a pattern that never changes.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) sequence: bool,
    pub(super) within_ms: Option<i64>,
    pub(super) wiring: Wiring,
    /// By step.
    pub(super) conditions: Vec<Condition>,
    /// By step: whether an event that cannot be taken for what it is changes nothing there.
    pub(super) skips: Vec<bool>,
    pub(super) hasher: FixedState,
}

impl Machine {
    pub(super) fn new(spec: &PatternSpec) -> Self {
        let wiring = Wiring::new(spec);
        let steps = wiring.steps.len();
        let mut skips = vec![false; steps];
        let mut conditions: Vec<Condition> = (0..steps).map(|_| Condition::default()).collect();
        for (element, number) in spec.elements.iter().zip(&wiring.numbers) {
            let step = &wiring.steps[*number];
            let stale = step.looks_at != *number
                && matches!(wiring.steps[step.looks_at].waits, Waits::Count { min: 0, .. });
            let one = matches!(step.waits, Waits::One | Waits::Absent { .. });
            skips[*number] = one && !spec.sequence && !stale;
            let indexed = skips[*number] && step.waits == Waits::One && step.looks_at == *number;
            conditions[*number] = Condition::new(spec, element, *number, &wiring.numbers, indexed);
        }
        Self {
            sequence: spec.sequence,
            within_ms: spec.within_ms,
            wiring,
            conditions,
            skips,
            hasher: FixedState::default(),
        }
    }
}
