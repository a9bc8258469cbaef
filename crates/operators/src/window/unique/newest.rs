//! The newest row of each key, in order of arrival.

use std::collections::VecDeque;

use hashbrown::HashMap;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{NO_ROW, RowStore, Value};

use crate::saved;

/// The newest row of each key, in order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest {
    /// Rows with their keys; [`NO_ROW`] where a row was replaced.
    rows: VecDeque<(Value, u32)>,
    /// The number of the row in front, counted from the first that ever came.
    front: u64,
    /// The number of the row of each key.
    numbers: HashMap<Value, u64, foldhash::fast::FixedState>,
}

impl Newest {
    /// Adds a row at the end; the one with its key goes and is given back.
    pub(super) fn put(&mut self, key: Value, row: u32) -> Option<u32> {
        let number = self.front + self.rows.len() as u64;
        let replaced = self.numbers.insert(key.clone(), number).map(|old| {
            let place = &mut self.rows[(old - self.front) as usize];
            std::mem::replace(place, (Value::Null, NO_ROW)).1
        });
        self.rows.push_back((key, row));
        while self.rows.front().is_some_and(|(_, row)| *row == NO_ROW) {
            self.rows.pop_front();
            self.front += 1;
        }
        if self.rows.len() > 16 && self.rows.len() > 2 * self.numbers.len() {
            self.close_gaps();
        }
        replaced
    }

    fn close_gaps(&mut self) {
        self.rows.retain(|(_, row)| *row != NO_ROW);
        self.front = 0;
        for (number, (key, _)) in self.rows.iter().enumerate() {
            if let Some(place) = self.numbers.get_mut(key) {
                *place = number as u64;
            }
        }
    }

    /// The oldest row.
    pub(super) fn front(&self) -> Option<u32> {
        self.rows.front().map(|(_, row)| *row)
    }

    /// Takes the oldest row away.
    pub(super) fn pop_front(&mut self) -> Option<u32> {
        let (key, row) = self.rows.pop_front()?;
        self.front += 1;
        self.numbers.remove(&key);
        while self.rows.front().is_some_and(|(_, row)| *row == NO_ROW) {
            self.rows.pop_front();
            self.front += 1;
        }
        Some(row)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is a row with the key.
    pub(super) fn contains(&self, key: &Value) -> bool {
        self.numbers.contains_key(key)
    }

    /// The rows, oldest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|(_, row)| *row).filter(|row| *row != NO_ROW)
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        let rows: Vec<u32> = self.rows().collect();
        saved::write_rows(w, store, rows.into_iter());
        let keys = self.rows.iter().filter(|(_, row)| *row != NO_ROW);
        w.values(&keys.map(|(key, _)| key.clone()).collect::<Vec<_>>());
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        let rows = saved::read_rows(r, store)?;
        let mut newest = Self::default();
        for (key, row) in r.values()?.into_iter().zip(rows) {
            newest.put(key, row);
        }
        Ok(newest)
    }
}
