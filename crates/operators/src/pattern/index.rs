//! Waiting partial matches found by the value that the next event must have.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use weir_event::{StoredColumn, Text, Value};
use weir_expr::{CompareAs, Vector};

use super::list::{Entries, NONE};
use super::partial::SILENCE;

/// A value as an equality sees it, both sides brought to one type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Keyed<'a> {
    Text(&'a Text),
    Bits(u64),
}

impl Keyed<'_> {
    /// The hash of the value for one partition key.
    #[inline]
    pub(super) fn hash(self, key: u32, hasher: &FixedState) -> u64 {
        match self {
            Self::Text(text) => hasher.hash_one((key, text.as_str())),
            Self::Bits(bits) => hasher.hash_one((key, bits)),
        }
    }
}

/// The value of a stored attribute; `None` where it equals nothing.
#[inline]
pub(super) fn stored(column: &StoredColumn, row: u32, by: CompareAs) -> Option<Keyed<'_>> {
    match column {
        StoredColumn::Str(values) => values.get(row).map(Keyed::Text),
        StoredColumn::Bool(_)
        | StoredColumn::Int(_)
        | StoredColumn::Long(_)
        | StoredColumn::Float(_)
        | StoredColumn::Double(_)
        | StoredColumn::Object(_) => bits(&column.value(row), by).map(Keyed::Bits),
    }
}

/// As [`stored`], for a row that may not be there.
#[inline]
pub(super) fn stored_at(column: &StoredColumn, row: u32, by: CompareAs) -> Option<Keyed<'_>> {
    if row >= SILENCE { None } else { stored(column, row, by) }
}

/// The value at one place; `None` where it equals nothing.
#[inline]
pub(super) fn arriving<'a>(
    values: &'a Vector<'_>,
    place: usize,
    by: CompareAs,
) -> Option<Keyed<'a>> {
    match values {
        Vector::Str(texts) => texts.get(place).map(Keyed::Text),
        Vector::Null => None,
        Vector::Bool(_)
        | Vector::Int(_)
        | Vector::Long(_)
        | Vector::Float(_)
        | Vector::Double(_)
        | Vector::Object(_) => bits(&values.value(place), by).map(Keyed::Bits),
    }
}

/// Equal values of the type have equal bits.
fn bits(value: &Value, by: CompareAs) -> Option<u64> {
    match by {
        CompareAs::Int | CompareAs::Long => match value {
            Value::Int(it) => Some(i64::from(*it) as u64),
            Value::Long(it) => Some(*it as u64),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Object(_) => None,
        },
        CompareAs::Float => match value {
            Value::Int(it) => float_bits(*it as f32),
            Value::Long(it) => float_bits(*it as f32),
            Value::Float(it) => float_bits(*it),
            Value::Double(it) => float_bits(*it as f32),
            Value::Null | Value::Bool(_) | Value::Str(_) | Value::Object(_) => None,
        },
        CompareAs::Double => {
            let it = value.as_f64()?;
            // Both zeros are equal; NaN equals nothing.
            if it.is_nan() { None } else { Some((it + 0.0).to_bits()) }
        }
        CompareAs::Bool => match value {
            Value::Bool(it) => Some(u64::from(*it)),
            Value::Null
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Object(_) => None,
        },
        CompareAs::Str => None,
    }
}

fn float_bits(it: f32) -> Option<u64> {
    if it.is_nan() { None } else { Some(u64::from((it + 0.0).to_bits())) }
}

/// The waiting partial matches of one value and partition key, in the order of their list.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    hash: u64,
    key: u32,
    head: u32,
    tail: u32,
}

/// The buckets of one element.
#[derive(Debug, Default)]
pub(super) struct Index {
    table: HashTable<u32>,
    buckets: Vec<Bucket>,
    free: Vec<u32>,
}

impl Index {
    /// The first entry whose value is the one `same` recognises by an entry that has it.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: u32, same: impl FnMut(u32) -> bool) -> u32 {
        let found = self.holder(hash, key, same);
        found.map_or(NONE, |bucket| self.buckets[bucket as usize].head)
    }

    /// The bucket whose value is the one `same` recognises by an entry that has it.
    #[inline]
    pub(super) fn holder(
        &self,
        hash: u64,
        key: u32,
        mut same: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let found = self.table.find(hash, |bucket| {
            let bucket = &self.buckets[*bucket as usize];
            bucket.hash == hash && bucket.key == key && same(bucket.head)
        });
        found.copied()
    }

    /// Adds an entry to the bucket found for its value, or to a new one.
    #[inline]
    pub(super) fn add(
        &mut self,
        entries: &mut Entries,
        entry: u32,
        hash: u64,
        key: u32,
        found: Option<u32>,
    ) {
        if let Some(number) = found {
            let bucket = &mut self.buckets[number as usize];
            entries.at_mut(bucket.tail).bucket_after = entry;
            let it = entries.at_mut(entry);
            it.bucket = number;
            it.bucket_before = bucket.tail;
            bucket.tail = entry;
            return;
        }
        let bucket = Bucket { hash, key, head: entry, tail: entry };
        let number = match self.free.pop() {
            Some(number) => {
                self.buckets[number as usize] = bucket;
                number
            }
            None => {
                self.buckets.push(bucket);
                self.buckets.len() as u32 - 1
            }
        };
        entries.at_mut(entry).bucket = number;
        let buckets = &self.buckets;
        self.table.insert_unique(hash, number, |it| buckets[*it as usize].hash);
    }

    /// Takes an entry out of its bucket.
    #[inline]
    pub(super) fn remove(&mut self, entries: &mut Entries, entry: u32) {
        let it = *entries.at(entry);
        if it.bucket == NONE {
            return;
        }
        let bucket = &mut self.buckets[it.bucket as usize];
        if it.bucket_before == NONE {
            bucket.head = it.bucket_after;
        } else {
            entries.at_mut(it.bucket_before).bucket_after = it.bucket_after;
        }
        if it.bucket_after == NONE {
            bucket.tail = it.bucket_before;
        } else {
            entries.at_mut(it.bucket_after).bucket_before = it.bucket_before;
        }
        if bucket.head == NONE {
            let hash = bucket.hash;
            if let Ok(found) = self.table.find_entry(hash, |other| *other == it.bucket) {
                found.remove();
            }
            self.free.push(it.bucket);
        }
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.buckets.clear();
        self.free.clear();
    }
}
