//! `reorder:akslack(timestamp, field, …)`: puts events in order, as near as an aggregate needs it.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, RowStore};
use weir_expr::{Expr, Fault};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::coverage;
use super::kslack::{Slack, time_of, value_of};
use super::late::{ByTime, Rounds};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// What an akslack was asked to do.
#[derive(Debug, Clone)]
pub(super) struct AlphaSlack {
    pub(super) slack: Slack,
    /// The number whose aggregates have to be near enough.
    pub(super) field: Expr,
    /// After how many events the wait is reckoned anew.
    pub(super) batch: i64,
    /// How far an aggregate may be off.
    pub(super) error: f64,
    /// How many standard deviations stand for the confidence asked for.
    pub(super) critical: f64,
}

/// How long a window of events is for the reckoning, in milliseconds.
const WINDOW_MS: i64 = 10_000_000_000;
/// How much of an error, and of its change, goes into the next reckoning.
const PROPORTIONAL: f64 = 0.5;
const DERIVATIVE: f64 = 0.8;

/// `reorder:akslack(timestamp, field, …)`: puts events in order, as near as an aggregate needs it.
///
/// As `reorder:kslack`, but the wait is scaled by how much of the field's values has to be in
/// time for an aggregate of them to be within the error threshold.
#[derive(Debug)]
pub(super) struct AlphaKSlack {
    asked: AlphaSlack,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone)]
struct State {
    new: ByTime,
    held: ByTime,
    k: i64,
    latest: i64,
    sent: Option<i64>,
    rounds: Rounds,
    counted: i64,
    alpha: f64,
    error_before: f64,
    alpha_before: f64,
    /// The wait that the last reckoning gave.
    wait: i64,
    data: Vec<f64>,
    times: Vec<i64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            new: ByTime::default(),
            held: ByTime::default(),
            k: 0,
            latest: 0,
            sent: None,
            rounds: Rounds::default(),
            counted: 0,
            alpha: 1.0,
            error_before: 0.0,
            alpha_before: 0.0,
            wait: 0,
            data: Vec::new(),
            times: Vec::new(),
        }
    }
}

impl State {
    /// Reckons the wait anew.
    fn reckon(&mut self, asked: &AlphaSlack, time: i64) {
        let threshold = coverage::threshold(asked.error, asked.critical, &self.data);
        let runtime = if self.wait == 0 {
            1.0
        } else {
            coverage::runtime(time, &mut self.times, self.wait, WINDOW_MS)
        };
        let error = threshold - runtime;
        let change = PROPORTIONAL * error + DERIVATIVE * (error - self.error_before);
        self.alpha = (self.alpha_before + change).abs();
        self.error_before = error;
        self.alpha_before = self.alpha;
        self.wait = round(self.alpha * self.k as f64).min(self.k);
        self.counted = 0;
        self.data.clear();
    }
}

/// The nearest whole number, halves up.
fn round(number: f64) -> i64 {
    libm::floor(number + 0.5) as i64
}

impl AlphaKSlack {
    /// One over rows of these types.
    pub(super) fn new(asked: AlphaSlack, types: &[DataType]) -> Self {
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
        let slack = &self.asked.slack;
        let time = time_of(&slack.time, cx, &self.rows.store, row, now)?;
        let field = value_of(&self.asked.field, cx, &self.rows.store, row, now)?;
        let field = field.as_f64().ok_or_else(|| Fault::null("the field of `reorder:akslack`"))?;
        let state = self.keys.at(key);
        state.times.push(time);
        state.data.push(field);
        if slack.discard && time < state.sent.unwrap_or(-1) {
            self.rows.leave(row);
            return Ok(());
        }
        if slack.timeout_ms.is_some()
            && let Some(due) = state.rounds.event(now)
        {
            cx.wake_at(due, key);
        }
        state.new.add(time, row);
        state.counted += 1;
        if state.counted > self.asked.batch {
            state.reckon(&self.asked, time);
        }
        if time > state.latest {
            state.latest = time;
            let lateness = time.wrapping_sub(state.new.first().unwrap_or(time));
            if lateness > state.k {
                let scaled = lateness < slack.max_k;
                state.k = if scaled { round(lateness as f64 * state.alpha) } else { slack.max_k };
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

impl Window for AlphaKSlack {
    fn start(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) {
        if let Some(timeout_ms) = self.asked.slack.timeout_ms
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
        let (Some(state), Some(timeout_ms)) = (self.keys.get_mut(key), self.asked.slack.timeout_ms)
        else {
            return;
        };
        // As in the original, the time an event tells counts, not when it came.
        let last = now.saturating_add(timeout_ms).saturating_sub(1);
        state.held.emit_up_to(last, &mut self.rows, out);
        state.new.emit_up_to(last, &mut self.rows, out);
        out.end_chunk(now, key);
        let left = !state.held.is_empty() || !state.new.is_empty();
        if let Some(due) = state.rounds.next(left) {
            cx.wake_at(due, key);
        }
    }

    fn min_wait_ms(&self) -> Option<i64> {
        self.asked.slack.timeout_ms.map(|_| 0)
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
            w.i64(state.counted);
            for number in [state.alpha, state.error_before, state.alpha_before] {
                w.f64(number);
            }
            w.i64(state.wait);
            w.len(state.data.len());
            state.data.iter().for_each(|number| w.f64(*number));
            w.len(state.times.len());
            state.times.iter().for_each(|time| w.i64(*time));
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
                counted: r.i64()?,
                alpha: r.f64()?,
                error_before: r.f64()?,
                alpha_before: r.f64()?,
                wait: r.i64()?,
                data: (0..r.len()?).map(|_| r.f64()).collect::<Result<_, _>>()?,
                times: (0..r.len()?).map(|_| r.i64()).collect::<Result<_, _>>()?,
            });
        }
        Ok(())
    }
}
