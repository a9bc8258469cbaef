//! One row for each key, in the order in which the original gives them.

use hashbrown::HashMap;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{RowStore, Value, bucket, buckets};

use crate::saved;

/// One row for each key; keys are in the order in which they first came.
#[derive(Debug, Clone, Default)]
pub(super) struct Collected {
    keys: Vec<Value>,
    rows: Vec<u32>,
    places: HashMap<Value, u32, foldhash::fast::FixedState>,
    /// The most rows there ever were: the original's hash map does not shrink.
    most: usize,
}

impl Collected {
    /// Puts a row in the place of the one with its key, which is given back, or at the end.
    pub(super) fn put(&mut self, key: Value, row: u32) -> Option<u32> {
        if let Some(place) = self.places.get(&key) {
            return Some(std::mem::replace(&mut self.rows[*place as usize], row));
        }
        self.places.insert(key.clone(), self.rows.len() as u32);
        self.keys.push(key);
        self.rows.push(row);
        self.most = self.most.max(self.rows.len());
        None
    }

    /// Whether there is a row with the key.
    pub(super) fn contains(&self, key: &Value) -> bool {
        self.places.contains_key(key)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows, keys in the order in which they first came.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The rows with their keys, in that order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Value, u32)> {
        self.keys.iter().zip(self.rows.iter().copied())
    }

    /// The rows in the order in which a hash map of the original has their keys.
    pub(super) fn hashed(&self) -> Vec<u32> {
        let buckets = buckets(self.most);
        let mut places: Vec<(u32, u32)> =
            self.entries().map(|(key, row)| (bucket(key, buckets), row)).collect();
        places.sort_by_key(|(bucket, _)| *bucket);
        places.into_iter().map(|(_, row)| row).collect()
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.rows.clear();
        self.places.clear();
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        w.len(self.most);
        saved::write_rows(w, store, self.rows.iter().copied());
        w.values(&self.keys);
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        let most = r.len()?;
        let rows = saved::read_rows(r, store)?;
        let mut collected = Self::default();
        for (key, row) in r.values()?.into_iter().zip(rows) {
            collected.put(key, row);
        }
        collected.most = most;
        Ok(collected)
    }
}
