//! `unique:deduplicate(key, t)`: lets one event of each key pass within `t`.

use std::collections::VecDeque;

use hashbrown::HashSet;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore, Value};

use super::super::Window;
use super::super::rows::{Keyed, Rows};
use super::super::unique::UniqueKey;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `unique:deduplicate(key, t)`: lets one event of each key pass within `t`.
///
/// A key is forgotten with the first event whose timestamp is more than `t` after the one that
/// passed.
#[derive(Debug)]
pub(super) struct Deduplicate {
    unique: UniqueKey,
    time_ms: i64,
    rows: Rows,
    keys: Keyed<Passed>,
}

/// About how many bytes a key takes that passed: it stands in two places.
const PASSED_BYTES: usize = 2 * (size_of::<Value>() + 32);

/// The keys that passed, oldest first.
#[derive(Debug, Clone, Default)]
struct Passed {
    order: VecDeque<(i64, Value)>,
    keys: HashSet<Value, foldhash::fast::FixedState>,
}

impl Passed {
    fn forget_before(&mut self, time: i64, time_ms: i64) {
        while let Some((passed, key)) = self.order.front()
            && time.wrapping_sub(*passed) > time_ms
        {
            self.keys.remove(key);
            self.order.pop_front();
        }
    }

    fn add(&mut self, time: i64, key: Value) {
        self.keys.insert(key.clone());
        self.order.push_back((time, key));
    }
}

impl Deduplicate {
    /// One over rows of these types.
    pub(super) fn new(unique: UniqueKey, time_ms: i64, types: &[DataType]) -> Self {
        Self { unique, time_ms, rows: Rows::new(types), keys: Keyed::new() }
    }
}

impl Window for Deduplicate {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            let passed = self.keys.at(chunk.key);
            for i in range {
                let (row, time) = (self.rows.arrived[i], input.times[i]);
                self.rows.leave(row);
                passed.forget_before(time, self.time_ms);
                match self.unique.of(cx, &self.rows.store, row, chunk.now) {
                    Ok(key) if passed.keys.contains(&key) => {}
                    Ok(key) => {
                        passed.add(time, key);
                        out.push(row, Kind::Current, time);
                    }
                    Err(fault) => cx.faults.push(fault),
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn held_bytes(&self) -> u64 {
        let passed = self.keys.all().iter().map(|it| it.order.len());
        (passed.sum::<usize>() * PASSED_BYTES) as u64
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, _key: Key, _rows: &mut Vec<u32>) {}

    fn drop_key(&mut self, key: Key) {
        self.keys.remove(key);
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for passed in self.keys.all() {
            w.len(passed.order.len());
            for (time, key) in &passed.order {
                w.i64(*time);
                w.value(key);
            }
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let mut passed = Passed::default();
            for _ in 0..r.len()? {
                let time = r.i64()?;
                passed.add(time, r.value()?);
            }
            self.keys.push(passed);
        }
        Ok(())
    }
}
