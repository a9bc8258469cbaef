//! The order in which a search without an index meets the rows of a table.
//!
//! It shows where a query keeps the last row it finds. A table without a key gives rows in order of
//! arrival, one with a numeric key in order of the key, another in the order of a Java hash map.

use std::cell::OnceCell;

use weir_event::{DataType, RowStore, Value};

const KEY_DELIMITER: &str = ":-:";
const BUCKETS_MIN: usize = 16;

/// In which order a search without an index meets the rows of a table.
#[derive(Debug)]
pub(crate) enum Scan {
    Arrival,
    /// By the values of the index of that number.
    Index(usize),
    Hash(HashOrder),
}

impl Scan {
    pub(crate) fn new(types: &[DataType], primary_key: &[usize], indexes: &[usize]) -> Self {
        match primary_key {
            [] => Self::Arrival,
            [column] if types[*column].is_numeric() => {
                indexes.iter().position(|it| it == column).map_or(Self::Arrival, Self::Index)
            }
            columns => Self::Hash(HashOrder::new(columns.to_vec())),
        }
    }

    /// Something has changed; there are so many rows now.
    pub(crate) fn changed(&mut self, rows: usize) {
        if let Self::Hash(order) = self {
            order.most = order.most.max(rows);
            order.rows = OnceCell::new();
        }
    }

    /// The most rows there ever were, as far as it matters.
    pub(crate) fn most(&self) -> usize {
        if let Self::Hash(order) = self { order.most } else { 0 }
    }

    /// There were so many rows at one time.
    pub(crate) fn held_at_most(&mut self, rows: usize) {
        if let Self::Hash(order) = self {
            order.most = rows;
        }
    }
}

/// Rows by the bucket of a Java hash map that their key falls into.
#[derive(Debug)]
pub(crate) struct HashOrder {
    /// The places of the key's attributes.
    columns: Vec<usize>,
    /// The most rows there ever were: such a map never gets smaller.
    most: usize,
    /// The rows in order, as long as nothing has changed.
    rows: OnceCell<Vec<u32>>,
}

impl HashOrder {
    fn new(columns: Vec<usize>) -> Self {
        Self { columns, most: 0, rows: OnceCell::new() }
    }

    /// Rows that are given in order of arrival, in the map's order.
    pub(crate) fn sorted(&self, store: &RowStore, arrivals: impl Iterator<Item = u32>) -> &[u32] {
        self.rows.get_or_init(|| {
            let mask = buckets(self.most) - 1;
            let mut rows: Vec<u32> = arrivals.collect();
            rows.sort_by_cached_key(|row| self.spread(store, *row) as usize & mask);
            rows
        })
    }

    fn spread(&self, store: &RowStore, row: u32) -> u32 {
        let hash = if let [column] = self.columns[..] {
            let value = store.value(row, column);
            if let Value::Bool(truth) = value {
                if truth { 1_231 } else { 1_237 }
            } else if value.is_null() {
                0
            } else {
                text_hash(&value.to_string())
            }
        } else {
            let mut key = String::new();
            for column in &self.columns {
                key.push_str(&store.value(row, *column).to_string());
                key.push_str(KEY_DELIMITER);
            }
            text_hash(&key)
        };
        hash ^ (hash >> 16)
    }
}

fn text_hash(text: &str) -> u32 {
    text.encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
}

/// The buckets of a map that has held so many keys: it doubles when it is three quarters full.
fn buckets(keys: usize) -> usize {
    let mut buckets = BUCKETS_MIN;
    while keys * 4 > buckets * 3 {
        buckets *= 2;
    }
    buckets
}
