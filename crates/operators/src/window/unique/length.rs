//! `unique:length(key, n)`: holds the newest event of each of the `n` newest keys.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::key::UniqueKey;
use super::newest::Newest;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `unique:length(key, n)`: holds the newest event of each of the `n` newest keys.
///
/// An arrival emits the event of its key as expired, or, when there is none and the window is
/// full, the oldest event; then it comes itself. A window of length 0 holds nothing: the arrival
/// comes out as expired and current.
#[derive(Debug)]
pub(super) struct LengthWindow {
    unique: UniqueKey,
    length: usize,
    rows: Rows,
    keys: Keyed<Newest>,
}

impl LengthWindow {
    /// A window over rows of these types.
    pub(super) fn new(unique: UniqueKey, length: usize, types: &[DataType]) -> Self {
        Self { unique, length, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for LengthWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let held = self.keys.at(chunk.key);
            for i in range {
                let row = self.rows.arrived[i];
                let key = match self.unique.of(cx, &self.rows.store, row, chunk.now) {
                    Ok(key) => key,
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                        continue;
                    }
                };
                if self.length == 0 {
                    out.push(row, Kind::Expired, input.times[i]);
                    out.push(row, Kind::Current, input.times[i]);
                    self.rows.leave(row);
                    continue;
                }
                let full = held.len() >= self.length && !held.contains(&key);
                let oldest = if full { held.pop_front() } else { None };
                let replaced = held.put(key, row);
                if let Some(old) = oldest.or(replaced) {
                    out.push(old, Kind::Expired, chunk.now);
                    self.rows.leave(old);
                }
                out.push(row, Kind::Current, input.times[i]);
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(held) = self.keys.get(key) {
            rows.extend(held.rows());
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(held) = self.keys.remove(key) {
            held.rows().for_each(|row| self.rows.leave(row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for held in self.keys.all() {
            held.save(w, &self.rows.store);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(Newest::load(r, &mut self.rows.store)?);
        }
        Ok(())
    }
}
