//! `lengthBatch(n, stream.current.event)`: emits every `n` events together.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rounds::Rounds;
use super::rows::{Keyed, Rows, emit_reset};
use super::tumbling::{Keep, Tumbling};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `lengthBatch(n, stream.current.event)`: emits every `n` events together.
///
/// The `n`-th event completes a chunk of its own: `EXPIRED(batch before)* RESET CURRENT(batch)*`.
/// With `stream.current.event` every event passes at once, as its own chunk, and the first event
/// of the next batch is preceded by `EXPIRED(batch)* RESET`. `lengthBatch(0)` emits for each
/// event `CURRENT EXPIRED RESET`. Expired rows come only when they are wanted.
#[derive(Debug)]
pub(super) struct LengthBatchWindow {
    length: usize,
    streaming: bool,
    keep: Keep,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    batch: Tumbling,
    /// Events of the batch that have passed, when they pass at once.
    passed: u32,
}

impl LengthBatchWindow {
    /// A window over rows of these types.
    pub(super) fn new(length: usize, streaming: bool, keep: Keep, types: &[DataType]) -> Self {
        Self { length, streaming, keep, rows: Rows::new(types), keys: Keyed::new() }
    }

    /// Collects rows `range` of the arriving ones, batch by batch.
    fn collect(&mut self, range: std::ops::Range<usize>, now: i64, key: Key, out: &mut Flow) {
        let batch = &mut self.keys.at(key).batch;
        let mut from = range.start;
        while from < range.end {
            let missing = self.length.saturating_sub(batch.collecting.len()).max(1);
            let to = range.end.min(from + missing);
            batch.collecting.extend_from_slice(&self.rows.arrived[from..to]);
            from = to;
            if batch.collecting.len() >= self.length {
                batch.flush(&mut self.rows, self.keep, now, out);
                out.end_chunk(now, key);
            }
        }
    }

    /// Passes the `i`-th arriving row at once.
    fn pass(&mut self, i: usize, time: i64, now: i64, key: Key, out: &mut Flow) {
        let state = self.keys.at(key);
        if state.passed as usize == self.length {
            state.batch.close(&mut self.rows, self.keep, now, out);
            emit_reset(out, now);
            state.passed = 0;
        }
        state.passed += 1;
        out.push(self.rows.arrived[i], Kind::Current, time);
        state.batch.passed(&mut self.rows, self.keep, i..i + 1);
        out.end_chunk(now, key);
    }

    /// Passes the `i`-th arriving row in a batch that holds nothing.
    fn pass_empty(&mut self, i: usize, time: i64, now: i64, key: Key, out: &mut Flow) {
        let row = self.rows.arrived[i];
        out.push(row, Kind::Current, time);
        if self.keep == Keep::Last {
            out.push(row, Kind::Expired, now);
        }
        emit_reset(out, now);
        self.rows.leave(row);
        out.end_chunk(now, key);
    }
}

impl Window for LengthBatchWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            if self.length > 0 && !self.streaming {
                self.collect(range, chunk.now, chunk.key, out);
                continue;
            }
            for i in range {
                let time = input.times[i];
                if self.length == 0 {
                    self.pass_empty(i, time, chunk.now, chunk.key, out);
                } else {
                    self.pass(i, time, chunk.now, chunk.key, out);
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
            state.batch.find(rows);
        }
    }

    fn puts_out_expired(&self) -> bool {
        self.keep == Keep::Last
    }

    fn rounds(&self) -> Option<Rounds> {
        let length = u32::try_from(self.length).ok().filter(|length| *length > 0)?;
        (self.keep == Keep::Nothing && !self.streaming).then(|| Rounds::of_length(length))
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
            w.u32(state.passed);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let batch = Tumbling::load(r, &mut self.rows.store)?;
            self.keys.push(State { batch, passed: r.u32()? });
        }
        Ok(())
    }
}
