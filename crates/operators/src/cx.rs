//! All that an operator may see of the world around it.

use std::cell::Cell;

use weir_event::Key;
use weir_expr::{Env, Fault, InTable};

/// All that an operator may see: what expressions need, and a place for its requests.
///
/// The clock is not here: each chunk carries its own `now`.
pub struct Cx<'a> {
    /// Wake-ups asked for, in order: when, and for which partition key.
    pub wakes: &'a mut Vec<(i64, Key)>,
    /// Events that could not be computed, in order; the engine routes them as `@OnError` says.
    pub faults: &'a mut Vec<Fault>,
    /// Counts the random values drawn in this entry.
    pub random: &'a Cell<u64>,
    /// Answers `in`.
    pub tables: Option<&'a dyn InTable>,
}

impl Cx<'_> {
    /// Asks for [`crate::Window::on_timer`] at `due` or as soon after as the clock passes it.
    pub fn wake_at(&mut self, due: i64, key: Key) {
        self.wakes.push((due, key));
    }

    /// What expressions of a chunk with this clock see.
    #[must_use]
    pub fn env(&self, now: i64) -> Env<'_> {
        Env { now, random: self.random, tables: self.tables, changes: None }
    }
}
