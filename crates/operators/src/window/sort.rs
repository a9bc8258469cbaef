//! `sort(n, attribute, order, ...)`: holds the first `n` events in some order.

use std::cmp::Ordering;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore, Value};
use weir_expr::Fault;

use super::Window;
use super::rows::{Keyed, Rows};
use super::sorted_rows::SortedRows;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// An attribute to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SortBy {
    pub(super) column: usize,
    pub(super) descending: bool,
}

/// `sort(n, attribute, order, ...)`: holds the first `n` events in some order.
///
/// Every event passes; when more than `n` are held, the last one in order leaves *after* the
/// arrival, which it may be itself. Of equals the newest leaves. A full window cannot take an
/// event whose attributes are null; one taken before is last in order.
#[derive(Debug)]
pub(super) struct SortWindow {
    length: usize,
    by: Vec<SortBy>,
    rows: Rows,
    keys: Keyed<State>,
}

/// The rows of one key.
#[derive(Debug, Clone, Default)]
struct State {
    /// In order of arrival, as long as the window was never full.
    filling: Vec<u32>,
    sorted: Option<SortedRows>,
}

impl State {
    fn rows(&self) -> Vec<u32> {
        match &self.sorted {
            Some(rows) => rows.iter().collect(),
            None => self.filling.clone(),
        }
    }

    /// The rows of a full window, sorted.
    fn sort(&mut self, order: impl Fn(u32, u32) -> Ordering) -> &mut SortedRows {
        let Self { filling, sorted } = self;
        sorted.get_or_insert_with(|| {
            let mut rows = std::mem::take(filling);
            rows.sort_by(|a, b| order(*a, *b));
            SortedRows::of_sorted(&rows)
        })
    }
}

fn order(store: &RowStore, by: &[SortBy], a: u32, b: u32) -> Ordering {
    by.iter()
        .map(|it| {
            let column = &store.columns()[it.column];
            match (column.is_null(a), column.is_null(b)) {
                (false, false) if it.descending => column.order(b, a),
                (false, false) => column.order(a, b),
                (a, b) => a.cmp(&b),
            }
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

impl SortWindow {
    /// A window over rows of these types.
    pub(super) fn new(length: usize, by: Vec<SortBy>, types: &[DataType]) -> Self {
        Self { length, by, rows: Rows::new(types), keys: Keyed::new() }
    }

    /// Whether a full window can take the row.
    fn check(&self, row: u32) -> Result<(), Fault> {
        let null = |it: &&SortBy| matches!(self.rows.store.value(row, it.column), Value::Null);
        match self.by.iter().find(null) {
            Some(_) => Err(Fault::null("an attribute by which a window sorts")),
            None => Ok(()),
        }
    }
}

impl Window for SortWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let row = self.rows.arrived[i];
                let state = self.keys.at(chunk.key);
                if state.sorted.is_none() && state.filling.len() < self.length {
                    state.filling.push(row);
                    out.push(row, Kind::Current, input.times[i]);
                    continue;
                }
                if let Err(fault) = self.check(row) {
                    cx.faults.push(fault);
                    self.rows.leave(row);
                    continue;
                }
                out.push(row, Kind::Current, input.times[i]);
                let (store, by) = (&self.rows.store, &self.by);
                let held = self.keys.at(chunk.key).sort(|a, b| order(store, by, a, b));
                held.insert(row, |it| order(store, by, it, row).is_le());
                if let Some(last) = held.pop() {
                    out.push(last, Kind::Expired, chunk.now);
                    self.rows.leave(last);
                }
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
            rows.extend(state.rows());
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            self.rows.leave_all(&state.rows());
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            saved::write_rows(w, &self.rows.store, state.rows().into_iter());
            w.bool(state.sorted.is_some());
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let held = saved::read_rows(r, &mut self.rows.store)?;
            self.keys.push(match r.bool()? {
                true => State { filling: Vec::new(), sorted: Some(SortedRows::of_sorted(&held)) },
                false => State { filling: held, sorted: None },
            });
        }
        Ok(())
    }
}
