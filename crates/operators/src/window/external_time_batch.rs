//! `externalTimeBatch(timestamp, t, start, timeout, replace)`: batches by the events' own time.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore, Value};
use weir_expr::{Expr, Fault, Input, Rows as Places, Scope, Source};

use super::Window;
use super::clock::{Clock, not_a_time};
use super::rows::{Keyed, Rows, emit_at, emit_reset};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// What the end of the first batch is reckoned from.
#[derive(Debug, Clone)]
pub(super) enum Start {
    /// The first event: its batch lasts `t`.
    FirstEvent,
    /// A moment: batches end at whole multiples of `t` after it.
    Moment(i64),
    /// What this gives for the first event.
    Computed(Expr),
}

/// What an externalTimeBatch window was asked to do.
#[derive(Debug, Clone)]
pub(super) struct ExternalBatches {
    pub(super) clock: Clock,
    /// How long a batch is; more than 0.
    pub(super) time_ms: i64,
    pub(super) start: Start,
    /// After how long in the app's time an open batch is emitted all the same; 0 for never.
    pub(super) timeout_ms: i64,
    /// Whether the time attribute of a row is replaced by the end of its batch.
    pub(super) replace: bool,
}

/// `externalTimeBatch(timestamp, t, start, timeout, replace)`: batches by the events' own time.
///
/// An event at or after the end of the batch completes it: `EXPIRED(batch before)* RESET
/// CURRENT(batch)*`, stamped with the newest time told so far, which also gives the end of the
/// next batch (empty ones are skipped). Late events belong to the open batch. With `timeout` a
/// batch that is still open then is emitted, and what comes after for the same batch makes all of
/// it come again: `EXPIRED(sent)* RESET CURRENT(sent)* CURRENT(new)*`.
#[derive(Debug)]
pub(super) struct ExternalTimeBatchWindow {
    asked: ExternalBatches,
    expired_wanted: bool,
    /// Whether rows stay after they were emitted: to expire, to be found, or to be sent again.
    kept: bool,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Rows of the open batch that were not emitted yet.
    collecting: Vec<u32>,
    /// Rows emitted and still held: what a find sees.
    done: Vec<u32>,
    /// What the ends of batches are reckoned from.
    start: i64,
    /// When the open batch ends; `None` before the first event.
    end: Option<i64>,
    /// The newest time told so far.
    newest: i64,
    /// When the newest timeout is due.
    timeout_at: i64,
    /// Whether `done` holds rows of the open batch, emitted by a timeout.
    flushed: bool,
}

impl State {
    /// Emits the open batch.
    fn flush(&mut self, rows: &mut Rows, expired_wanted: bool, kept: bool, out: &mut Flow) {
        if expired_wanted {
            emit_at(out, &self.done, Kind::Expired, self.newest);
        }
        rows.leave_all(&self.done);
        self.done.clear();
        if self.collecting.is_empty() {
            return;
        }
        emit_reset(out, self.newest);
        rows.emit_own(out, &self.collecting, Kind::Current);
        if kept {
            std::mem::swap(&mut self.collecting, &mut self.done);
        } else {
            rows.leave_all(&self.collecting);
            self.collecting.clear();
        }
    }

    /// Emits the open batch again, with what came since.
    fn send_again(&mut self, rows: &mut Rows, expired_wanted: bool, out: &mut Flow) {
        if self.collecting.is_empty() {
            return;
        }
        if expired_wanted {
            emit_at(out, &self.done, Kind::Expired, self.newest);
        }
        emit_reset(out, self.newest);
        self.done.append(&mut self.collecting);
        rows.emit_own(out, &self.done, Kind::Current);
    }
}

impl ExternalTimeBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(
        asked: ExternalBatches,
        expired_wanted: bool,
        find_wanted: bool,
        types: &[DataType],
    ) -> Self {
        let kept = expired_wanted || find_wanted || asked.timeout_ms > 0;
        Self { asked, expired_wanted, kept, rows: Rows::new(types), keys: Keyed::new() }
    }

    fn await_timeout(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) {
        if self.asked.timeout_ms > 0 {
            let due = now.saturating_add(self.asked.timeout_ms);
            self.keys.at(key).timeout_at = due;
            cx.wake_at(due, key);
        }
    }

    /// The end of the batch that holds `time`.
    fn end_after(&self, time: i64, start: i64) -> i64 {
        time.saturating_add(self.asked.time_ms - time.wrapping_sub(start) % self.asked.time_ms)
    }

    /// Where batches start and the first one ends, by the first event.
    fn first_batch(&self, cx: &Cx<'_>, row: u32, time: i64, now: i64) -> Result<(i64, i64), Fault> {
        Ok(match &self.asked.start {
            Start::FirstEvent => (time, time.saturating_add(self.asked.time_ms)),
            Start::Moment(start) => (*start, self.end_after(time, *start)),
            Start::Computed(expr) => {
                let inputs = [Input::new(Source::Store(&self.rows.store), Places::Same(row))];
                let scope = Scope { inputs: &inputs, len: 1, env: &cx.env(now) };
                let start = expr.value_at(&scope, 0)?;
                let Value::Long(start) = start else { return Err(not_a_time(&start)) };
                (start, start.saturating_add(self.asked.time_ms))
            }
        })
    }

    /// Takes one row in, after what it completes.
    fn add(
        &mut self,
        cx: &mut Cx<'_>,
        row: u32,
        now: i64,
        key: Key,
        out: &mut Flow,
    ) -> Result<(), Fault> {
        let time = self.asked.clock.time(&self.rows.store, row)?;
        let end = match self.keys.at(key).end {
            Some(end) => end,
            None => {
                let (start, end) = self.first_batch(cx, row, time, now)?;
                let state = self.keys.at(key);
                state.start = start;
                state.end = Some(end);
                self.await_timeout(cx, now, key);
                end
            }
        };
        let state = self.keys.at(key);
        state.newest = state.newest.max(time);
        let mut row_end = end;
        if time >= end {
            if std::mem::take(&mut state.flushed) {
                state.send_again(&mut self.rows, self.expired_wanted, out);
            } else {
                state.flush(&mut self.rows, self.expired_wanted, self.kept, out);
            }
            out.end_chunk(now, key);
            let (newest, start) = (state.newest, state.start);
            row_end = self.end_after(newest, start);
            self.keys.at(key).end = Some(row_end);
            self.await_timeout(cx, now, key);
        }
        if self.asked.replace {
            self.rows.store.set_value(row, self.asked.clock.column, Value::Long(row_end));
        }
        self.keys.at(key).collecting.push(row);
        Ok(())
    }
}

impl Window for ExternalTimeBatchWindow {
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
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(state) = self.keys.get_mut(key) else { return };
        if state.end.is_none() || state.timeout_at > now {
            return;
        }
        if state.flushed {
            state.send_again(&mut self.rows, self.expired_wanted, out);
        } else {
            state.flush(&mut self.rows, self.expired_wanted, self.kept, out);
            state.flushed = true;
        }
        out.end_chunk(now, key);
        self.await_timeout(cx, now, key);
    }

    fn min_wait_ms(&self) -> Option<i64> {
        (self.asked.timeout_ms > 0).then_some(self.asked.timeout_ms)
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend_from_slice(&state.done);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            self.rows.leave_all(&state.collecting);
            self.rows.leave_all(&state.done);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            saved::write_rows(w, &self.rows.store, state.collecting.iter().copied());
            saved::write_rows(w, &self.rows.store, state.done.iter().copied());
            w.i64(state.start);
            w.option(state.end, Writer::i64);
            w.i64(state.newest);
            w.i64(state.timeout_at);
            w.bool(state.flushed);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(State {
                collecting: saved::read_rows(r, &mut self.rows.store)?,
                done: saved::read_rows(r, &mut self.rows.store)?,
                start: r.i64()?,
                end: r.option(Reader::i64)?,
                newest: r.i64()?,
                timeout_at: r.i64()?,
                flushed: r.bool()?,
            });
        }
        Ok(())
    }
}
