//! `length(n)`: holds the newest `n` events.

use std::collections::VecDeque;
use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rows::{Keyed, Rows, emit_reset};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `length(n)`: holds the newest `n` events.
///
/// Once full, each arrival first emits the oldest event as expired, stamped with the current
/// time, and then the arrival itself. `length(0)` holds nothing: the arrival comes out as
/// current, expired and reset, in that order.
#[derive(Debug)]
pub(super) struct LengthWindow {
    length: usize,
    rows: Rows,
    /// Row numbers by key, oldest first. Invariant: never longer than `length`.
    keys: Keyed<VecDeque<u32>>,
}

impl LengthWindow {
    /// A window over rows of these types.
    pub(super) fn new(length: usize, types: &[DataType]) -> Self {
        Self { length, rows: Rows::new(types), keys: Keyed::new() }
    }
}

/// With so many arriving rows for each one held, they do not go through the store.
const THROUGH_MIN: usize = 2;

/// Fewer rows than this go one by one.
const RUN_ROWS_MIN: usize = 4;

/// Arriving rows, no more than the window holds, each push one out of a full window.
fn push_through(
    held: &mut VecDeque<u32>,
    rows: &mut Rows,
    times: &[i64],
    range: std::ops::Range<usize>,
    now: i64,
    out: &mut Flow,
) {
    let (first, count) = (out.len(), range.len());
    let Rows { store, arrived } = rows;
    let arrived = &arrived[range.clone()];
    out.rows.resize(first + 2 * count, 0);
    out.kinds.resize(first + 2 * count, Kind::Current);
    out.times.resize(first + 2 * count, now);
    let pairs = out.rows[first..].chunks_exact_mut(2);
    for ((pair, old), new) in pairs.zip(held.drain(..count)).zip(arrived) {
        pair.copy_from_slice(&[old, *new]);
        store.leave(old);
    }
    held.extend(arrived);
    for pair in out.kinds[first..].chunks_exact_mut(2) {
        pair[0] = Kind::Expired;
    }
    for (pair, time) in out.times[first..].chunks_exact_mut(2).zip(&times[range]) {
        pair[1] = *time;
    }
}

/// Numbers the rows of a batch of those that were held and those that arrive: each of these pushes
/// one out.
fn pushed_through(held: usize, input: &Flow, out: &mut Flow) {
    let mut first = 0;
    for (range, chunk) in input.chunk_ranges() {
        let count = range.len();
        out.rows.extend((first..first + count).flat_map(|at| [at as u32, (held + at) as u32]));
        out.kinds.extend((0..count).flat_map(|_| [Kind::Expired, Kind::Current]));
        out.times.extend(input.times[range].iter().flat_map(|time| [chunk.now, *time]));
        out.end_chunk(chunk.now, chunk.key);
        first += count;
    }
}

impl Window for LengthWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        out.reserve(2 * input.len(), input.chunks.len());
        for (range, chunk) in input.chunk_ranges() {
            let held = self.keys.at(chunk.key);
            let mut from = range.start;
            // A full window goes on by as many rows as it holds at a time.
            while held.len() == self.length && range.end - from >= RUN_ROWS_MIN && self.length > 0 {
                let to = range.end.min(from + self.length);
                push_through(held, &mut self.rows, &input.times, from..to, chunk.now, out);
                from = to;
            }
            for i in from..range.end {
                let row = self.rows.arrived[i];
                if self.length == 0 {
                    out.push(row, Kind::Current, input.times[i]);
                    out.push(row, Kind::Expired, chunk.now);
                    emit_reset(out, chunk.now);
                    self.rows.leave(row);
                    continue;
                }
                if held.len() >= self.length
                    && let Some(oldest) = held.pop_front()
                {
                    out.push(oldest, Kind::Expired, chunk.now);
                    self.rows.leave(oldest);
                }
                if held.len() == held.capacity() {
                    // No room beyond what can be held: there may be a million keys.
                    held.reserve_exact(held.len().max(4).min(self.length - held.len()));
                }
                held.push_back(row);
                out.push(row, Kind::Current, input.times[i]);
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn receive_through(&mut self, batch: &Batch, input: &Flow, out: &mut Flow) -> Option<Batch> {
        let key = Key(0);
        let held = self.keys.at(key);
        let full = self.length > 0 && held.len() == self.length;
        let one_key = || input.chunks.iter().all(|chunk| chunk.key == key);
        if !full || input.len() < THROUGH_MIN * self.length || !one_key() {
            return None;
        }
        let before = held.make_contiguous();
        let mut all = self.rows.store.gather(before);
        for (column, arriving) in all.columns.iter_mut().zip(&batch.columns) {
            Arc::make_mut(column).extend_picked(arriving, &input.rows);
        }
        Arc::make_mut(&mut all.timestamps).extend(&input.times);
        pushed_through(self.length, input, out);
        self.rows.leave_all(before);
        self.rows.take_from(batch, input, input.len() - self.length);
        held.clear();
        held.extend(&self.rows.arrived);
        Some(all)
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(held) = self.keys.get(key) {
            rows.extend(held);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(held) = self.keys.remove(key) {
            held.iter().for_each(|row| self.rows.leave(*row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for held in self.keys.all() {
            saved::write_rows(w, &self.rows.store, held.iter().copied());
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let held = saved::read_rows(r, &mut self.rows.store)?;
            self.keys.push(held.into());
        }
        Ok(())
    }
}
