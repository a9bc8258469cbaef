//! `expressionBatch(text, include, stream)`: collects events while a condition holds.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};
use weir_expr::{Env, Expr, Fault, Input, Rows as Places, Scope, Source};

use super::Window;
use super::condition::{About, Judge, Seen, Wanted, truth};
use super::rows::{Keyed, Rows, emit_at};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `expressionBatch(text, include, stream)`: collects events while a condition holds.
///
/// An event for which it does not hold ends the batch, in a chunk of its own: the batch before as
/// expired, then this one as current, both stamped with the clock. The event starts the next batch,
/// or ends this one where `include` says so. Where nothing was collected it comes out as expired
/// and current. With `stream` events pass at once, and the batch leaves when one ends it. After
/// each batch the aggregates of the condition know the event that ended it. No reset is emitted.
#[derive(Debug)]
pub(super) struct ExpressionBatchWindow {
    wanted: Wanted,
    /// Whether the event that ends a batch belongs to it.
    include: Expr,
    streaming: bool,
    rows: Rows,
    keys: Keyed<State>,
    /// Rows to be taken anew.
    again: Vec<u32>,
}

#[derive(Debug, Default)]
struct State {
    /// The batch that is being collected; empty when events pass at once.
    waiting: Vec<u32>,
    /// The batch that leaves next: the one before, or, when events pass at once, the open one.
    shown: Vec<u32>,
    judge: Option<Judge>,
}

/// What a row is taken with.
struct Taking<'a> {
    env: &'a Env<'a>,
    include: &'a Expr,
    key: Key,
    /// Whether the row was taken before, under another condition.
    again: bool,
}

impl Taking<'_> {
    fn includes(&self, store: &RowStore, row: Seen) -> Result<bool, Fault> {
        let time = [row.time];
        let input = Input {
            source: Source::Store(store),
            rows: Places::Same(row.row),
            shown_at: Some(&time),
            chain: None,
        };
        let scope = Scope { inputs: &[input], len: 1, env: self.env };
        let include = self.include.value_at(&scope, 0)?;
        truth(&include, "the second parameter of `expressionBatch`")
    }
}

impl State {
    /// Whether the condition holds with the row; where it does not, the aggregates start again
    /// with it.
    fn holds(
        &mut self,
        taking: &Taking<'_>,
        store: &RowStore,
        first: Option<u32>,
        row: Seen,
    ) -> Result<bool, Fault> {
        let Some(judge) = &mut self.judge else { return Ok(true) };
        let first = first.map_or(row, |row| Seen { row, time: store.timestamp(row) });
        let about = About { row, first, last: row };
        let holds = judge.holds(taking.env, store, &about, Kind::Current)?;
        if !holds {
            judge.reset();
            judge.holds(taking.env, store, &about, Kind::Current)?;
        }
        Ok(holds)
    }

    /// Takes a row that waits for its batch.
    fn collect(
        &mut self,
        taking: &Taking<'_>,
        rows: &mut Rows,
        row: Seen,
        out: &mut Flow,
    ) -> Result<(), Fault> {
        if self.holds(taking, &rows.store, self.waiting.first().copied(), row)? {
            self.waiting.push(row.row);
            return Ok(());
        }
        let now = taking.env.now;
        let included = !self.waiting.is_empty() && taking.includes(&rows.store, row)?;
        emit_at(out, &self.shown, Kind::Expired, now);
        rows.leave_all(&self.shown);
        self.shown.clear();
        if self.waiting.is_empty() {
            out.push(row.row, Kind::Expired, now);
            out.push(row.row, Kind::Current, now);
            rows.leave(row.row);
        } else {
            emit_at(out, &self.waiting, Kind::Current, now);
            std::mem::swap(&mut self.shown, &mut self.waiting);
            if included {
                out.push(row.row, Kind::Current, row.time);
                self.shown.push(row.row);
            } else {
                self.waiting.push(row.row);
            }
        }
        out.end_chunk(now, taking.key);
        Ok(())
    }

    /// Takes a row that passes at once.
    fn pass(
        &mut self,
        taking: &Taking<'_>,
        rows: &mut Rows,
        row: Seen,
        out: &mut Flow,
    ) -> Result<(), Fault> {
        let now = taking.env.now;
        let passes = |out: &mut Flow, time| {
            if !taking.again {
                out.push(row.row, Kind::Current, time);
            }
        };
        if self.holds(taking, &rows.store, self.shown.first().copied(), row)? {
            self.shown.push(row.row);
            passes(out, row.time);
        } else if self.shown.is_empty() {
            let time = if taking.again { row.time } else { now };
            out.push(row.row, Kind::Expired, time);
            passes(out, now);
            rows.leave(row.row);
        } else if taking.includes(&rows.store, row)? {
            passes(out, row.time);
            emit_at(out, &self.shown, Kind::Expired, now);
            out.push(row.row, Kind::Expired, if taking.again { row.time } else { now });
            rows.leave_all(&self.shown);
            rows.leave(row.row);
            self.shown.clear();
        } else {
            emit_at(out, &self.shown, Kind::Expired, now);
            rows.leave_all(&self.shown);
            self.shown.clear();
            passes(out, row.time);
            self.shown.push(row.row);
        }
        if !taking.again {
            out.end_chunk(now, taking.key);
        }
        Ok(())
    }
}

impl ExpressionBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(wanted: Wanted, include: Expr, streaming: bool, types: &[DataType]) -> Self {
        let (rows, keys) = (Rows::new(types), Keyed::new());
        Self { wanted, include, streaming, rows, keys, again: Vec::new() }
    }

    /// Takes an arriving row, after those held where its text is a new one.
    fn arrive(&mut self, env: &Env<'_>, key: Key, row: Seen, out: &mut Flow) -> Result<(), Fault> {
        let Self { wanted, include, streaming, rows, keys, again } = self;
        let state = keys.at(key);
        let mut taking = Taking { env, include, key, again: true };
        let take = if *streaming { State::pass } else { State::collect };
        if wanted.ready(&mut state.judge, env, &rows.store, row)? {
            again.clear();
            again.append(if *streaming { &mut state.shown } else { &mut state.waiting });
            for at in 0..again.len() {
                let held = Seen { row: again[at], time: rows.store.timestamp(again[at]) };
                if let Err(fault) = take(state, &taking, rows, held, out) {
                    rows.leave_all(&again[at..]);
                    return Err(fault);
                }
            }
        }
        taking.again = false;
        take(state, &taking, rows, row, out)
    }
}

impl Window for ExpressionBatchWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let row = Seen { row: self.rows.arrived[i], time: input.times[i] };
                if let Err(fault) = self.arrive(&cx.env(chunk.now), chunk.key, row, out) {
                    cx.faults.push(fault);
                    self.rows.leave(row.row);
                    out.end_chunk(chunk.now, chunk.key);
                }
            }
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend(&state.waiting);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            self.rows.leave_all(&state.waiting);
            self.rows.leave_all(&state.shown);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            saved::write_rows(w, &self.rows.store, state.waiting.iter().copied());
            saved::write_rows(w, &self.rows.store, state.shown.iter().copied());
            self.wanted.save(state.judge.as_ref(), w);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let waiting = saved::read_rows(r, &mut self.rows.store)?;
            let shown = saved::read_rows(r, &mut self.rows.store)?;
            let judge = self.wanted.load(r)?;
            self.keys.push(State { waiting, shown, judge });
        }
        Ok(())
    }
}
