//! `externalTime(timestamp, t)`: holds the last `t` of the time the events themselves tell.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::clock::Clock;
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `externalTime(timestamp, t)`: holds the last `t` of the time the events themselves tell.
///
/// An arrival's own time is the clock: the oldest events leave as long as theirs is `t` or more
/// behind, stamped with the arrival's, and then the arrival comes. Nothing happens in between.
/// An event without a time cannot be computed.
#[derive(Debug)]
pub(super) struct ExternalTimeWindow {
    clock: Clock,
    time_ms: i64,
    rows: Rows,
    /// Row numbers by key, in order of arrival.
    keys: Keyed<VecDeque<u32>>,
}

impl ExternalTimeWindow {
    /// A window over rows of these types, of which column `clock` tells the time.
    pub(super) fn new(clock: Clock, time_ms: i64, types: &[DataType]) -> Self {
        Self { clock, time_ms, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for ExternalTimeWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let held = self.keys.at(chunk.key);
            for i in range {
                let row = self.rows.arrived[i];
                let now = match self.clock.time(&self.rows.store, row) {
                    Ok(now) => now,
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                        continue;
                    }
                };
                while let Some(oldest) = held.front().copied()
                    && self.clock.known_time(&self.rows.store, oldest).saturating_add(self.time_ms)
                        <= now
                {
                    held.pop_front();
                    out.push(oldest, Kind::Expired, now);
                    self.rows.leave(oldest);
                }
                held.push_back(row);
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
