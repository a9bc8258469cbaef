//! The part of a pattern that never changes.

use foldhash::fast::FixedState;

use super::condition::Condition;
use super::spec::PatternSpec;
use super::straight::is_straight;
use super::wiring::{Feed, Step, Waits, Wiring};
use crate::select::Selector;

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
    /// Whether what waits does not take further events where it waits.
    pub(super) steady: bool,
    /// Whether lists are not needed; see [`is_straight`].
    pub(super) straight: bool,
    /// By stream: whether an event that none of its elements may take changes nothing.
    pub(super) idles: Vec<bool>,
    pub(super) hasher: FixedState,
}

impl Machine {
    /// The machine, and the selectors that its conditions count with.
    pub(super) fn new(spec: &PatternSpec) -> (Self, Vec<Selector>) {
        let mut totals = Vec::new();
        let wiring = Wiring::new(spec);
        let steps = wiring.steps.len();
        let mut skips = vec![false; steps];
        let mut conditions: Vec<Condition> = (0..steps).map(|_| Condition::default()).collect();
        for (element, number) in spec.elements.iter().zip(&wiring.numbers) {
            let step = &wiring.steps[*number];
            let one = matches!(step.waits, Waits::One | Waits::Absent { .. });
            skips[*number] = one && !spec.sequence;
            let indexed = skips[*number];
            conditions[*number] =
                Condition::new(spec, element, *number, &wiring.numbers, indexed, &mut totals);
        }
        let one = |step: &Step| matches!(step.waits, Waits::One | Waits::Absent { .. });
        let steady = wiring.steps.iter().all(one);
        let idle = |feed: &Feed| feed.elements.iter().all(|step| skips[*step]);
        let idles = wiring.feeds.iter().map(idle).collect();
        let machine = Self {
            idles,
            steady,
            sequence: spec.sequence,
            within_ms: spec.within_ms,
            wiring,
            conditions,
            skips,
            straight: is_straight(spec),
            hasher: FixedState::default(),
        };
        (machine, totals)
    }
}
