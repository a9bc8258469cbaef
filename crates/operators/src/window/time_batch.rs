//! `timeBatch(t, start.time, stream.current.event)`: emits together what arrived within `t`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rounds::{Rounds, Ticks};
use super::rows::{Keyed, Rows, emit_reset};
use super::tumbling::{Keep, Tumbling};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `timeBatch(t, start.time, stream.current.event)`: emits together what arrived within `t`.
///
/// A key's first event starts a clock that ticks every `t` for ever: from then, or where
/// `start.time` is given, at `start.time` and whole multiples of `t`. Each tick emits
/// `EXPIRED(batch before)* RESET CURRENT(batch)*`; a tick that finds the clock further on makes
/// one step only, and the next follows at once. With `stream.current.event` events pass at once
/// and a tick emits `EXPIRED(batch)* RESET`. Expired rows come only when they are wanted.
#[derive(Debug)]
pub(super) struct TimeBatchWindow {
    ticks: Ticks,
    streaming: bool,
    keep: Keep,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    batch: Tumbling,
    /// When the next tick is due; `None` before the first event.
    next_tick: Option<i64>,
    /// Whether events have passed since the last tick, when they pass at once.
    passed: bool,
}

impl TimeBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(ticks: Ticks, streaming: bool, keep: Keep, types: &[DataType]) -> Self {
        let (rows, keys) = (Rows::new(types), Keyed::new());
        Self { ticks, streaming, keep, rows, keys }
    }

    /// Whether the tick of a key is due; then the next one is asked for.
    fn tick(&mut self, cx: &mut Cx<'_>, now: i64, key: Key) -> bool {
        let ticks = self.ticks;
        self.keys.get_mut(key).is_some_and(|it| ticks.tick(cx, &mut it.next_tick, now, key))
    }

    fn flush(&mut self, now: i64, key: Key, out: &mut Flow) {
        let state = self.keys.at(key);
        if !self.streaming {
            state.batch.flush(&mut self.rows, self.keep, now, out);
            return;
        }
        state.batch.close(&mut self.rows, self.keep, now, out);
        if std::mem::take(&mut state.passed) {
            emit_reset(out, now);
        }
    }
}

impl Window for TimeBatchWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let (now, key) = (chunk.now, chunk.key);
            self.ticks.start(cx, &mut self.keys.at(key).next_tick, now, key);
            // A tick that is late in live time takes the events that find it so with it.
            let due = self.tick(cx, now, key);
            let arrived = &self.rows.arrived[range.clone()];
            let state = self.keys.at(key);
            if !self.streaming {
                state.batch.collecting.extend_from_slice(arrived);
            } else {
                out.rows.extend_from_slice(arrived);
                out.kinds.resize(out.rows.len(), Kind::Current);
                out.times.extend_from_slice(&input.times[range.clone()]);
                state.passed = true;
                state.batch.passed(&mut self.rows, self.keep, range);
            }
            if due {
                self.flush(now, key, out);
            }
            out.end_chunk(now, key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        if self.tick(cx, now, key) {
            self.flush(now, key, out);
            out.end_chunk(now, key);
        }
    }

    fn min_wait_ms(&self) -> Option<i64> {
        Some(self.ticks.min_wait_ms())
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            state.batch.find(rows);
        }
    }

    fn puts_out_expired(&self) -> bool {
        self.keep == Keep::Last
    }

    fn rounds(&self) -> Option<Rounds> {
        (self.keep == Keep::Nothing && !self.streaming).then(|| Rounds::of_time(self.ticks))
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.batch.forget(&mut self.rows);
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            state.batch.save(w, &self.rows.store);
            w.option(state.next_tick, Writer::i64);
            w.bool(state.passed);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let batch = Tumbling::load(r, &mut self.rows.store)?;
            let next_tick = r.option(Reader::i64)?;
            self.keys.push(State { batch, next_tick, passed: r.bool()? });
        }
        Ok(())
    }
}
