//! The rows of all keys of one window, on their way in, held, and on their way out.

use std::ops::Range;

use weir_event::{Batch, DataType, Key, Kind, NO_ROW, RowStore};

use crate::flow::Flow;

/// The rows of all keys of one window.
///
/// A row that left for good stays readable until the next call begins.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) store: RowStore,
    /// Numbers of the rows arriving in this call, in order.
    pub(super) arrived: Vec<u32>,
}

impl Rows {
    pub(super) fn new(types: &[DataType]) -> Self {
        Self { store: RowStore::new(types.iter().copied()), arrived: Vec::new() }
    }

    /// Starts a call: rows that left in the one before are given back.
    pub(super) fn begin(&mut self) {
        self.store.give_back();
    }

    /// Starts a call and copies the arriving rows in; their numbers are in `arrived`.
    pub(super) fn take(&mut self, batch: &Batch, input: &Flow) {
        self.take_from(batch, input, 0);
    }

    /// As [`Self::take`], without the first of the arriving rows: `start` of them.
    pub(super) fn take_from(&mut self, batch: &Batch, input: &Flow, start: usize) {
        self.begin();
        self.arrived.clear();
        let (rows, times) = (&input.rows[start..], &input.times[start..]);
        self.store.insert_rows(batch, rows, &mut self.arrived);
        // Mostly rows show their own timestamps.
        if rows.last().map(|it| *it as usize + 1) == Some(batch.len())
            && times == &batch.timestamps[batch.len().saturating_sub(times.len())..]
        {
            return;
        }
        for (i, (row, time)) in rows.iter().zip(times).enumerate() {
            if batch.timestamps[*row as usize] != *time {
                self.store.set_timestamp(self.arrived[i], *time);
            }
        }
    }

    /// The row will not be needed after this call.
    #[inline]
    pub(super) fn leave(&mut self, row: u32) {
        self.store.leave(row);
    }

    /// The rows will not be needed after this call.
    pub(super) fn leave_all(&mut self, rows: &[u32]) {
        self.store.leave_all(rows);
    }

    /// These of the arriving rows will not be needed after this call.
    pub(super) fn leave_arrived(&mut self, range: Range<usize>) {
        self.store.leave_all(&self.arrived[range]);
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.arrived.clear();
    }

    /// Emits rows that show their own timestamps.
    pub(super) fn emit_own(&self, out: &mut Flow, rows: &[u32], kind: Kind) {
        out.rows.extend_from_slice(rows);
        out.kinds.resize(out.rows.len(), kind);
        self.store.timestamps_of(rows, &mut out.times);
    }
}

/// Emits rows that all show the same timestamp.
pub(super) fn emit_at(out: &mut Flow, rows: &[u32], kind: Kind, time: i64) {
    out.rows.extend_from_slice(rows);
    out.kinds.resize(out.rows.len(), kind);
    out.times.resize(out.rows.len(), time);
}

/// Emits the mark at which aggregators start again.
pub(super) fn emit_reset(out: &mut Flow, time: i64) {
    out.push(NO_ROW, Kind::Reset, time);
}

/// State by partition key; a key's state comes into being when it is first asked for.
#[derive(Debug, Clone)]
pub(super) struct Keyed<T>(Vec<T>);

impl<T: Default> Keyed<T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// The state of a key.
    #[inline]
    pub(super) fn at(&mut self, key: Key) -> &mut T {
        let place = key.0 as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, T::default);
        }
        &mut self.0[place]
    }

    /// The state of a key, if it has any.
    pub(super) fn get(&self, key: Key) -> Option<&T> {
        self.0.get(key.0 as usize)
    }

    /// The state of a key, if it has any.
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.0.get_mut(key.0 as usize)
    }

    /// Takes a key's state away; it starts from nothing if it is asked for again.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        self.0.get_mut(key.0 as usize).map(std::mem::take)
    }

    /// The states of all keys, in order of keys.
    pub(super) fn all(&self) -> &[T] {
        &self.0
    }

    /// The states of all keys, in order of keys.
    pub(super) fn all_mut(&mut self) -> &mut [T] {
        &mut self.0
    }

    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the state of the next key.
    pub(super) fn push(&mut self, state: T) {
        self.0.push(state);
    }
}
