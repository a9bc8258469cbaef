//! `lossyFrequent(support, error, attribute)`: passes events of kinds that are frequent enough.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::frequent::same_kind;
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `lossyFrequent(support, error, attribute)`: passes events of kinds that are frequent enough.
///
/// An event passes when its kind makes up at least `support - error` of all so far (lossy
/// counting). After every `1/error` events, rounded up, the kinds that were too rare leave, their
/// newest events expired, after the arrival.
#[derive(Debug)]
pub(super) struct LossyFrequentWindow {
    support: f64,
    error: f64,
    /// The attributes that make the kind.
    columns: Vec<usize>,
    rows: Rows,
    keys: Keyed<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    total: i32,
    /// In the order in which they came to be known.
    kinds: Vec<Counted>,
}

#[derive(Debug, Clone)]
struct Counted {
    /// The newest event.
    row: u32,
    count: i32,
    /// The bucket before the one in which the kind came to be known.
    bucket: i32,
}

impl LossyFrequentWindow {
    /// A window over rows of these types.
    pub(super) fn new(support: f64, error: f64, columns: Vec<usize>, types: &[DataType]) -> Self {
        Self { support, error, columns, rows: Rows::new(types), keys: Keyed::new() }
    }

    fn add(&mut self, row: u32, time: i64, now: i64, key: Key, out: &mut Flow) {
        let width = (1.0 / self.error).ceil();
        let State { total, kinds } = self.keys.at(key);
        *total = total.wrapping_add(1);
        let bucket = if *total == 1 { 1.0 } else { (f64::from(*total) / width).ceil() };
        let (store, columns) = (&self.rows.store, &self.columns);
        let known = kinds.iter_mut().find(|it| same_kind(store, columns, it.row, row));
        let count = if let Some(known) = known {
            let older = std::mem::replace(&mut known.row, row);
            known.count += 1;
            let count = known.count;
            self.rows.leave(older);
            count
        } else {
            kinds.push(Counted { row, count: 1, bucket: bucket as i32 - 1 });
            1
        };
        if f64::from(count) >= (self.support - self.error) * f64::from(*total) {
            out.push(row, Kind::Current, time);
        }
        if f64::from(*total) % width == 0.0 {
            kinds.retain(|it| {
                let rare = f64::from(it.count + it.bucket) <= bucket;
                if rare {
                    out.push(it.row, Kind::Expired, now);
                    self.rows.leave(it.row);
                }
                !rare
            });
        }
    }
}

impl Window for LossyFrequentWindow {
    fn receive(&mut self, _cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let row = self.rows.arrived[i];
                self.add(row, input.times[i], chunk.now, chunk.key, out);
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
        if let Some(state) = self.keys.get(key) {
            rows.extend(state.kinds.iter().map(|it| it.row));
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.kinds.iter().for_each(|it| self.rows.leave(it.row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            w.i32(state.total);
            saved::write_rows(w, &self.rows.store, state.kinds.iter().map(|it| it.row));
            for it in &state.kinds {
                w.i32(it.count);
                w.i32(it.bucket);
            }
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let total = r.i32()?;
            let mut kinds = Vec::new();
            for row in saved::read_rows(r, &mut self.rows.store)? {
                kinds.push(Counted { row, count: r.i32()?, bucket: r.i32()? });
            }
            self.keys.push(State { total, kinds });
        }
        Ok(())
    }
}
