//! `unique:externalTimeBatch`: batches by the events' own time, one event a key.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore, Value};
use weir_expr::Fault;

use super::super::Window;
use super::super::clock::Clock;
use super::super::rows::{Keyed, Rows, emit_at, emit_reset};
use super::collected::Collected;
use super::key::UniqueKey;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// What a `unique:externalTimeBatch` window was asked to do.
#[derive(Debug, Clone)]
pub(super) struct ExternalBatches {
    pub(super) unique: UniqueKey,
    pub(super) clock: Clock,
    /// How long a batch is; more than 0.
    pub(super) time_ms: i64,
    /// What the ends of batches are reckoned from; without it, from the first event.
    pub(super) start_ms: Option<i64>,
    /// After how long in the app's time an open batch is emitted all the same; 0 for never.
    pub(super) timeout_ms: i64,
    /// Whether the time attribute of a row is replaced by the end of its batch.
    pub(super) replace: bool,
    /// Whether rows that leave are emitted.
    pub(super) expired_wanted: bool,
    /// Whether a batch stays after it was emitted: to expire, or to be found.
    pub(super) kept: bool,
}

/// `unique:externalTimeBatch(key, timestamp, t, start, timeout, replace)`: batches by the events'
/// own time, the newest event of each key.
///
/// An event at or after the end of the batch completes it: `EXPIRED(batch before)* RESET
/// CURRENT(batch)*`. With `timeout` a batch that is still open then is emitted, and what comes
/// after for the same batch makes all of it come again, newer events in the place of older ones.
#[derive(Debug)]
pub(super) struct ExternalTimeBatchWindow {
    asked: ExternalBatches,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Rows of the open batch that were not emitted yet.
    collecting: Collected,
    /// Rows emitted and still held: what a find sees.
    done: Collected,
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
    /// Emits the open batch; `keep` says whether it is held after.
    fn flush(&mut self, asked: &ExternalBatches, rows: &mut Rows, keep: bool, out: &mut Flow) {
        if asked.expired_wanted {
            emit_at(out, self.done.rows(), Kind::Expired, self.newest);
        }
        rows.leave_all(self.done.rows());
        self.done.clear();
        if self.collecting.len() == 0 {
            return;
        }
        emit_reset(out, self.newest);
        rows.emit_own(out, self.collecting.rows(), Kind::Current);
        if keep {
            std::mem::swap(&mut self.collecting, &mut self.done);
        } else {
            rows.leave_all(self.collecting.rows());
            self.collecting.clear();
        }
    }

    /// Emits the open batch again, with what came since.
    fn send_again(&mut self, asked: &ExternalBatches, rows: &mut Rows, keep: bool, out: &mut Flow) {
        if self.collecting.len() == 0 {
            return;
        }
        if asked.expired_wanted {
            emit_at(out, self.done.rows(), Kind::Expired, self.newest);
        }
        emit_reset(out, self.newest);
        let mut sent = self.done.clone();
        for (key, row) in self.collecting.entries() {
            sent.put(key.clone(), row);
        }
        rows.emit_own(out, sent.rows(), Kind::Current);
        for (key, row) in self.collecting.entries() {
            if !keep {
                rows.leave(row);
            } else if let Some(replaced) = self.done.put(key.clone(), row) {
                rows.leave(replaced);
            }
        }
        self.collecting.clear();
    }
}

impl ExternalTimeBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(asked: ExternalBatches, types: &[DataType]) -> Self {
        Self { asked, rows: Rows::new(types), keys: Keyed::new() }
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

    /// The end of the open batch; the first event of a key opens the first one.
    fn end(&mut self, cx: &mut Cx<'_>, time: i64, now: i64, key: Key) -> i64 {
        if let Some(end) = self.keys.at(key).end {
            return end;
        }
        let (start, end) = match self.asked.start_ms {
            None => (time, time.saturating_add(self.asked.time_ms)),
            Some(start) => (start, self.end_after(time, start)),
        };
        let state = self.keys.at(key);
        state.start = start;
        state.end = Some(end);
        self.await_timeout(cx, now, key);
        end
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
        let mut row_end = self.end(cx, time, now, key);
        let state = self.keys.at(key);
        state.newest = state.newest.max(time);
        if time >= row_end {
            if std::mem::take(&mut state.flushed) {
                state.send_again(&self.asked, &mut self.rows, self.asked.kept, out);
            } else {
                state.flush(&self.asked, &mut self.rows, self.asked.kept, out);
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
        let unique = self.asked.unique.of(cx, &self.rows.store, row, now)?;
        if let Some(replaced) = self.keys.at(key).collecting.put(unique, row) {
            self.rows.leave(replaced);
        }
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
            state.send_again(&self.asked, &mut self.rows, true, out);
        } else {
            state.flush(&self.asked, &mut self.rows, true, out);
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
            rows.extend_from_slice(state.done.rows());
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            self.rows.leave_all(state.collecting.rows());
            self.rows.leave_all(state.done.rows());
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.collecting.save(w, &self.rows.store);
            state.done.save(w, &self.rows.store);
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
                collecting: Collected::load(r, &mut self.rows.store)?,
                done: Collected::load(r, &mut self.rows.store)?,
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
