//! What every window offers to the engine.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Key, RowStore};
use weir_expr::Expr;

use super::rounds::Rounds;
use crate::cron::Cron;
use crate::cx::Cx;
use crate::flow::Flow;

/// A window: holds rows of all partition keys in one store and emits chunks of row numbers.
///
/// State is kept a key; a key's state comes into being with its first event. Numbers emitted are
/// numbers of [`Window::store`], and stay readable until the next call: a row that left for good
/// is given back to the store at the *start* of the next `receive` or `on_timer`.
pub trait Window: Send {
    /// The app starts, or a key comes into being while it runs; the clock shows `now`.
    fn start(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key) {}

    /// Takes arriving rows, all of them current, and adds what comes of each chunk to `out`.
    ///
    /// `input` names rows of `batch`. Chunks of `out` carry the `now` and key of the chunk that
    /// caused them.
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow);

    /// As [`Window::receive`], where most rows come and leave in one call: the rows of `out` are
    /// then those of the batch that is returned, and are not put into the store and read from it.
    /// `None`, and nothing done, where rows have to go through the store.
    fn receive_through(&mut self, _batch: &Batch, _input: &Flow, _out: &mut Flow) -> Option<Batch> {
        None
    }

    /// The clock of `key` reached a wake-up that was asked for; a window that finds nothing to do
    /// does nothing.
    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow);

    /// The least time between an arriving event and a wake-up asked for because of it, reckoned
    /// from its timestamp or the clock of its chunk, whichever is less; `None` when none is asked
    /// for. So the engine knows which chunks fit into one call of [`Window::receive`]: those before
    /// whose clocks no wake-up of this window falls due.
    fn min_wait_ms(&self) -> Option<i64> {
        None
    }

    /// Whether rows that are due leave when the next event arrives, woken or not: then wake-ups
    /// change nothing for whoever does not see rows leave.
    fn expires_on_arrival(&self) -> bool {
        false
    }

    /// The expression whose moments are this window's wake-ups, besides those it asks for; they are
    /// moments of the entries' time. [`Window::on_timer`] serves all keys then, whichever is named.
    fn cron(&self) -> Option<&Cron> {
        None
    }

    /// Where the rows are.
    fn store(&self) -> &RowStore;

    /// About how many bytes of state it holds.
    fn held_bytes(&self) -> u64 {
        self.store().held_bytes()
    }

    /// The rows a join, an on-demand query or `in` finds, in order, added to `rows`.
    fn find(&self, key: Key, rows: &mut Vec<u32>);

    /// Whether it may put out rows as expired ones; aggregates of one that never does have
    /// nothing to undo.
    fn puts_out_expired(&self) -> bool {
        true
    }

    /// When its batches are complete, where nobody looks at its rows before that or after.
    fn rounds(&self) -> Option<Rounds> {
        None
    }

    /// Forgets everything of one key.
    fn drop_key(&mut self, key: Key);

    /// Writes the state of all keys.
    fn save(&self, w: &mut Writer);

    /// Replaces the state by what [`Window::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a state.
    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError>;
}

/// A parameter of a window, stream function or sink: a constant, or computed for each event.
#[derive(Debug, Clone)]
pub struct Param {
    /// Computed over the arriving event (slot 0); a constant expression for a constant.
    pub expr: Expr,
}

impl Param {
    /// The constant written by the user, if it is one.
    #[must_use]
    pub fn constant(&self) -> Option<&weir_event::Value> {
        if let Expr::Const(value, _) = &self.expr { Some(value) } else { None }
    }
}
