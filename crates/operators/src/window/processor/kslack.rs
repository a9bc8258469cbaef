//! `reorder:kslack(timestamp, timeout, max.k, discard.late.arrival)`: puts events in order.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, RowStore, Value};
use weir_expr::{Expr, Fault, Input, Rows as Places, Scope, Source};

use super::super::Window;
use super::super::clock::not_a_time;
use super::super::rows::{Keyed, Rows};
use super::late::{ByTime, Rounds};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// What a kslack was asked to do.
#[derive(Debug, Clone)]
pub(super) struct Slack {
    /// What tells the time of an event.
    pub(super) time: Expr,
    /// After how long events are let go all the same.
    pub(super) timeout_ms: Option<i64>,
    /// The longest it waits for late events.
    pub(super) max_k: i64,
    /// Whether events earlier than one that was let go are left out.
    pub(super) discard: bool,
}

/// `reorder:kslack(timestamp, timeout, max.k, discard.late.arrival)`: puts events in order.
///
/// Whenever an event is later than all before it, `k` grows to the largest lateness seen since
/// the last such event, and everything `k` or more behind is let go, in order of time.
#[derive(Debug)]
pub(super) struct KSlack {
    asked: Slack,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// What came since the latest event.
    new: ByTime,
    /// What came before, and waits.
    held: ByTime,
    k: i64,
    /// The latest time told so far.
    latest: i64,
    /// The time of what was let go last.
    sent: Option<i64>,
    rounds: Rounds,
}

impl KSlack {
    /// One over rows of these types.
    pub(super) fn new(asked: Slack, types: &[DataType]) -> Self {
        Self { asked, rows: Rows::new(types), keys: Keyed::new() }
    }

    fn add(
        &mut self,
        cx: &mut Cx<'_>,
        row: u32,
        now: i64,
        key: Key,
        out: &mut Flow,
    ) -> Result<(), Fault> {
        let time = time_of(&self.asked.time, cx, &self.rows.store, row, now)?;
        let state = self.keys.at(key);
        if self.asked.discard && time < state.sent.unwrap_or(-1) {
            self.rows.leave(row);
            return Ok(());
        }
        if self.asked.timeout_ms.is_some()
            && let Some(due) = state.rounds.event(now)
        {
            cx.wake_at(due, key);
        }
        state.new.add(time, row);
        if time > state.latest {
            state.latest = time;
            let lateness = time.wrapping_sub(state.new.first().unwrap_or(time));
            if lateness > state.k {
                state.k = lateness.min(self.asked.max_k);
            }
            state.held.take_all(&mut state.new);
            let last = state.latest.saturating_sub(state.k);
            if let Some(sent) = state.held.emit_up_to(last, &mut self.rows, out) {
                state.sent = Some(sent);
            }
        }
        Ok(())
    }
}

/// The time that a row tells.
pub(super) fn time_of(
    expr: &Expr,
    cx: &Cx<'_>,
    store: &RowStore,
    row: u32,
    now: i64,
) -> Result<i64, Fault> {
    let value = value_of(expr, cx, store, row, now)?;
    if let Value::Long(time) = value { Ok(time) } else { Err(not_a_time(&value)) }
}

/// The value of a parameter for a row.
pub(super) fn value_of(
    expr: &Expr,
    cx: &Cx<'_>,
    store: &RowStore,
    row: u32,
    now: i64,
) -> Result<Value, Fault> {
    let inputs = [Input::new(Source::Store(store), Places::Same(row))];
    expr.value_at(&Scope { inputs: &inputs, len: 1, env: &cx.env(now) }, 0)
}

impl Window for KSlack {
    fn start(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) {
        if let Some(timeout_ms) = self.asked.timeout_ms
            && let Some(due) = self.keys.at(key).rounds.start(now, timeout_ms)
        {
            cx.wake_at(due, key);
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let row = self.rows.arrived[i];
                if let Err(fault) = self.add(cx, row, chunk.now, chunk.key, out) {
                    cx.faults.push(fault);
                    self.rows.leave(row);
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let (Some(state), Some(timeout_ms)) = (self.keys.get_mut(key), self.asked.timeout_ms)
        else {
            return;
        };
        // As in the original, the time an event tells counts, not when it came.
        let last = now.saturating_add(timeout_ms).saturating_sub(1);
        state.held.emit_up_to(last, &mut self.rows, out);
        out.end_chunk(now, key);
        if let Some(due) = state.rounds.next(!state.held.is_empty()) {
            cx.wake_at(due, key);
        }
    }

    fn min_wait_ms(&self) -> Option<i64> {
        self.asked.timeout_ms.map(|_| 0)
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, _key: Key, _rows: &mut Vec<u32>) {}

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.new.forget(&mut self.rows);
            state.held.forget(&mut self.rows);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.new.save(w, &self.rows.store);
            state.held.save(w, &self.rows.store);
            w.i64(state.k);
            w.i64(state.latest);
            w.option(state.sent, Writer::i64);
            state.rounds.save(w);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(State {
                new: ByTime::load(r, &mut self.rows.store)?,
                held: ByTime::load(r, &mut self.rows.store)?,
                k: r.i64()?,
                latest: r.i64()?,
                sent: r.option(Reader::i64)?,
                rounds: Rounds::load(r)?,
            });
        }
        Ok(())
    }
}
