//! `frequent(n, attribute...)`: holds the newest event of each of the `n` most frequent kinds.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};

use super::Window;
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `frequent(n, attribute...)`: holds the newest event of each of the `n` most frequent kinds.
///
/// Events are of one kind when the attributes agree, or all attributes where none is named
/// (Misra-Gries counting). An event of a known kind passes. One of a new kind takes a free place;
/// when there is none, every count is lowered, kinds that come to 0 leave, their newest events
/// expired, and the new one takes the place or is dropped.
#[derive(Debug)]
pub(super) struct FrequentWindow {
    places: usize,
    /// The attributes that make the kind.
    columns: Vec<usize>,
    rows: Rows,
    keys: Keyed<Vec<Counted>>,
}

/// One kind of event, in the order in which they came to be known.
#[derive(Debug, Clone)]
struct Counted {
    /// The newest event.
    row: u32,
    count: u32,
}

/// Whether two rows agree in these attributes; null is a value like any other.
pub(super) fn same_kind(store: &RowStore, columns: &[usize], a: u32, b: u32) -> bool {
    columns.iter().all(|column| store.value(a, *column) == store.value(b, *column))
}

impl FrequentWindow {
    /// A window over rows of these types.
    pub(super) fn new(places: usize, columns: Vec<usize>, types: &[DataType]) -> Self {
        Self { places, columns, rows: Rows::new(types), keys: Keyed::new() }
    }

    fn add(&mut self, row: u32, time: i64, now: i64, key: Key, out: &mut Flow) {
        let kinds = self.keys.at(key);
        let (store, columns) = (&self.rows.store, &self.columns);
        if let Some(known) = kinds.iter_mut().find(|it| same_kind(store, columns, it.row, row)) {
            let older = std::mem::replace(&mut known.row, row);
            known.count = known.count.saturating_add(1);
            self.rows.leave(older);
            out.push(row, Kind::Current, time);
            return;
        }
        if kinds.len() >= self.places {
            kinds.retain_mut(|it| {
                it.count -= 1;
                if it.count == 0 {
                    out.push(it.row, Kind::Expired, now);
                    self.rows.leave(it.row);
                }
                it.count > 0
            });
        }
        if kinds.len() < self.places {
            kinds.push(Counted { row, count: 1 });
            out.push(row, Kind::Current, time);
        } else {
            self.rows.leave(row);
        }
    }
}

impl Window for FrequentWindow {
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
        if let Some(kinds) = self.keys.get(key) {
            rows.extend(kinds.iter().map(|it| it.row));
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(kinds) = self.keys.remove(key) {
            kinds.iter().for_each(|it| self.rows.leave(it.row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for kinds in self.keys.all() {
            saved::write_rows(w, &self.rows.store, kinds.iter().map(|it| it.row));
            kinds.iter().for_each(|it| w.u32(it.count));
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let rows = saved::read_rows(r, &mut self.rows.store)?;
            let mut kinds = Vec::with_capacity(rows.len());
            for row in rows {
                kinds.push(Counted { row, count: r.u32()?.max(1) });
            }
            self.keys.push(kinds);
        }
        Ok(())
    }
}
