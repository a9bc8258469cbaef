//! `length(n)`: holds the newest `n` events.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, NO_ROW, RowStore};

use super::{Mode, Window};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `length(n)`: holds the newest `n` events.
///
/// Once full, each arrival first emits the oldest event as expired, stamped with the current
/// time, and then the arrival itself. `length(0)` holds nothing: the arrival comes out as
/// current, expired and reset, in that order.
#[derive(Debug)]
pub struct LengthWindow {
    length: usize,
    store: RowStore,
    /// Row numbers by key, oldest first. Invariant: never longer than `length`.
    held: Vec<VecDeque<u32>>,
    /// Rows that left in the call before.
    left: Vec<u32>,
    /// Numbers of the rows arriving in this call.
    arrived: Vec<u32>,
}

impl LengthWindow {
    /// A window over rows of these types.
    #[must_use]
    pub fn new(length: usize, types: &[DataType]) -> Self {
        Self {
            length,
            store: RowStore::new(types.iter().copied()),
            held: Vec::new(),
            left: Vec::new(),
            arrived: Vec::new(),
        }
    }

    fn give_back(&mut self) {
        for row in self.left.drain(..) {
            self.store.remove(row);
        }
    }
}

impl Window for LengthWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.give_back();
        self.arrived.clear();
        self.store.insert_rows(batch, &input.rows, &mut self.arrived);
        for (range, chunk) in input.chunk_ranges() {
            let key = chunk.key.0 as usize;
            if self.held.len() <= key {
                self.held.resize_with(key + 1, VecDeque::new);
            }
            let held = &mut self.held[key];
            for i in range {
                let row = self.arrived[i];
                if self.length == 0 {
                    out.push(row, Kind::Current, input.times[i]);
                    out.push(row, Kind::Expired, chunk.now);
                    out.push(NO_ROW, Kind::Reset, chunk.now);
                    self.left.push(row);
                    continue;
                }
                if held.len() == self.length
                    && let Some(oldest) = held.pop_front()
                {
                    out.push(oldest, Kind::Expired, chunk.now);
                    self.left.push(oldest);
                }
                held.push_back(row);
                out.push(row, Kind::Current, input.times[i]);
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.give_back();
    }

    fn store(&self) -> &RowStore {
        &self.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(held) = self.held.get(key.0 as usize) {
            rows.extend(held);
        }
    }

    fn mode(&self) -> Mode {
        Mode::Slide
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(held) = self.held.get_mut(key.0 as usize) {
            self.left.extend(std::mem::take(held));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.held.len());
        for held in &self.held {
            saved::write_rows(w, &self.store, held.iter().copied());
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.store.clear();
        self.left.clear();
        self.held.clear();
        for _ in 0..r.len()? {
            let held = saved::read_rows(r, &mut self.store)?;
            self.held.push(held.into());
        }
        Ok(())
    }
}
