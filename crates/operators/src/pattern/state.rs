//! What a pattern remembers: partial matches in lists, by key and element.

use weir_event::Key;

use super::alarms::Alarms;
use super::index::Index;
use super::kept::Kept;
use super::list::{Entries, List};
use super::matches::Matches;
use super::partial::Partials;
use crate::select::Selector;

/// What one element of one key remembers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Waiting {
    /// The partial matches that the next event is tried with.
    pub(super) pending: List,
    /// Those that came about since, which the event that made them must not meet.
    pub(super) fresh: List,
    /// An absent element's deadline or, for an operand, when an event last came.
    pub(super) last_time: i64,
    /// Whether the start got its empty partial match.
    pub(super) initialized: bool,
    /// Whether the first timer was asked for.
    pub(super) started: bool,
    /// Set for an absent start that has spoken and will not again.
    pub(super) over: bool,
    /// Whether the counted start is armed again at the next event.
    pub(super) rearm: bool,
}

/// What a key remembers besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyState {
    pub(super) begun: bool,
    /// Before this no partial match grows too old.
    pub(super) next_expiry: i64,
    /// The newest timestamp seen.
    pub(super) newest: i64,
    /// The streams for which partial matches came about since their last event.
    pub(super) dirty: u64,
}

impl Default for KeyState {
    fn default() -> Self {
        Self { begun: false, next_expiry: i64::MAX, newest: i64::MIN, dirty: 0 }
    }
}

/// What a pattern remembers.
#[derive(Debug)]
pub(super) struct State {
    pub(super) partials: Partials,
    /// By stream.
    pub(super) kept: Vec<Kept>,
    pub(super) entries: Entries,
    /// By element; only those that are found by a value.
    pub(super) indexes: Vec<Option<Index>>,
    /// By key and element.
    pub(super) waiting: Vec<Waiting>,
    pub(super) keys: Vec<KeyState>,
    /// Of a straight sequence, by key and element: the partial match the next event is tried with.
    pub(super) straight: Vec<u32>,
    /// Of a straight sequence, by element: the one that the event at work is tried with.
    pub(super) trying: Vec<u32>,
    /// Of a straight sequence: the partial match that has taken nothing; all keys share it.
    pub(super) blank: u32,
    /// By element: a match was completed and not yet taken. One for all keys, as the original's.
    pub(super) complete: Vec<bool>,
    /// What conditions with aggregates count with.
    pub(super) totals: Vec<Selector>,
    pub(super) matches: Matches,
    /// Matches of the chunk at work: the partial match, its place, and whether its events are
    /// still to be noted.
    pub(super) unsettled: Vec<(u32, u32, bool)>,
    pub(super) alarms: Alarms,
    /// Wake-ups asked for: when, and for which key.
    pub(super) wakes: Vec<(i64, Key)>,
}

/// The bit of a stream in [`KeyState::dirty`]; many streams share the last one.
pub(super) fn dirty_bit(stream: usize) -> u64 {
    1 << stream.min(63)
}
