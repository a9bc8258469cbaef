//! Values of one type in fixed-size chunks, which a snapshot may share.

use std::sync::Arc;

use crate::column::Values;
use crate::store::NO_ROW;

const CHUNK_BITS: u32 = 9;
pub(crate) const CHUNK_ROWS: usize = 1 << CHUNK_BITS;

/// Fewer rows of one chunk than this are written one by one,
const RUN_ROWS_MIN: usize = 4;

/// and so many before it is looked for a run again.
const LOOSE_ROWS: usize = 64;

/// Where at least so many rows a chunk are read, all chunks are looked up first.
const ROWS_A_CHUNK_MIN: usize = 4;

/// A chunk of values: its store's own, or shared with a snapshot until it is written to.
///
/// The case says so, because asking an `Arc` whether it is alone costs more than the write.
#[derive(Debug, Clone)]
enum StoredChunk<T> {
    Own(Box<[T]>),
    Shared(Arc<Box<[T]>>),
}

impl<T: Clone + Default> StoredChunk<T> {
    #[inline]
    pub(crate) fn values(&self) -> &[T] {
        match self {
            Self::Own(values) => values,
            Self::Shared(values) => values,
        }
    }

    /// The values to write to; what a snapshot shares is copied first.
    #[inline]
    pub(crate) fn own(&mut self) -> &mut [T] {
        if let Self::Shared(values) = self {
            *self = Self::Own(Box::clone(values));
        }
        match self {
            Self::Own(values) => values,
            Self::Shared(_) => &mut [],
        }
    }

    pub(crate) fn share(&mut self) -> Self {
        if let Self::Own(values) = self {
            *self = Self::Shared(Arc::new(std::mem::take(values)));
        }
        self.clone()
    }
}

/// A quick way to many values of one store.
#[derive(Debug)]
pub struct StoredReader<'s, T> {
    /// All chunks, where they are few beside the rows that are read.
    table: Option<Vec<&'s [T; CHUNK_ROWS]>>,
    values: &'s StoredValues<T>,
}

impl<'s, T: Clone + Default> StoredReader<'s, T> {
    /// The row's value, the type's default where it is null; `None` for [`NO_ROW`].
    #[must_use]
    #[inline]
    pub fn get(&self, row: u32) -> Option<&'s T> {
        let chunk = (row >> CHUNK_BITS) as usize;
        match &self.table {
            Some(table) => table.get(chunk).map(|values| &values[row as usize % CHUNK_ROWS]),
            None => self.values.chunks.get(chunk)?.values().get(row as usize % CHUNK_ROWS),
        }
    }
}

/// Values of one type in fixed-size chunks, shared with snapshots until written to.
#[derive(Debug, Clone)]
pub struct StoredValues<T> {
    chunks: Vec<StoredChunk<T>>,
    /// One word for 64 rows; empty as long as no row was ever null.
    nulls: Vec<u64>,
}

impl<T: Clone + Default> StoredValues<T> {
    pub(crate) fn new() -> Self {
        Self { chunks: Vec::new(), nulls: Vec::new() }
    }

    /// Makes room for `rows` rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        while self.chunks.len() * CHUNK_ROWS < rows {
            let values = (0..CHUNK_ROWS).map(|_| T::default()).collect();
            self.chunks.push(StoredChunk::Own(values));
        }
    }

    /// The same values, to be kept while this one goes on: nothing is copied now.
    pub(crate) fn share(&mut self) -> Self {
        let chunks = self.chunks.iter_mut().map(StoredChunk::share).collect();
        Self { chunks, nulls: self.nulls.clone() }
    }

    /// The row's value; the type's default where it is null.
    #[must_use]
    #[inline]
    pub fn data(&self, row: u32) -> &T {
        &self.chunks[(row >> CHUNK_BITS) as usize].values()[row as usize & (CHUNK_ROWS - 1)]
    }

    /// Whether the row is null.
    #[must_use]
    #[inline]
    pub fn is_null(&self, row: u32) -> bool {
        self.nulls.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Whether no row was ever null.
    #[must_use]
    pub fn never_null(&self) -> bool {
        self.nulls.is_empty()
    }

    /// The row's value, `None` when it is null.
    #[must_use]
    #[inline]
    pub fn get(&self, row: u32) -> Option<&T> {
        if self.is_null(row) { None } else { Some(self.data(row)) }
    }

    pub(crate) fn set_null(&mut self, row: u32, null: bool) {
        if self.nulls.is_empty() && !null {
            return;
        }
        let word = row as usize / 64;
        if self.nulls.len() <= word {
            self.nulls.resize(word + 1, 0);
        }
        let mask = 1 << (row % 64);
        if null {
            self.nulls[word] |= mask;
        } else {
            self.nulls[word] &= !mask;
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, row: u32, value: T) {
        let chunk = &mut self.chunks[(row >> CHUNK_BITS) as usize];
        chunk.own()[row as usize & (CHUNK_ROWS - 1)] = value;
    }

    pub(crate) fn put(&mut self, row: u32, value: Option<T>) {
        self.set_null(row, value.is_none());
        self.set(row, value.unwrap_or_default());
    }

    /// Writes values to the rows named, one each.
    pub(crate) fn put_data(&mut self, rows: &[u32], values: &[T]) {
        self.put_by(rows, |i| &values[i]);
    }

    /// Writes one of `from` to a row.
    #[inline]
    pub(crate) fn put_from(&mut self, row: u32, from: &Values<T>, at: usize) {
        if from.nulls.is_some() || !self.nulls.is_empty() {
            self.set_null(row, from.is_null(at));
        }
        self.set(row, from.data[at].clone());
    }

    /// Adds the row's value to `values`.
    #[inline]
    pub(crate) fn copy_to(&self, row: u32, values: &mut Values<T>) {
        if self.never_null() && values.nulls.is_none() {
            values.data.push(self.data(row).clone());
        } else {
            values.push(self.get(row).cloned());
        }
    }

    /// Writes `from[places]` to the rows named, one each.
    pub(crate) fn put_places(&mut self, rows: &[u32], from: &Values<T>, places: &[u32]) {
        self.put_picked(rows, &from.data, places);
        if from.nulls.is_some() || !self.nulls.is_empty() {
            for (row, place) in rows.iter().zip(places) {
                self.set_null(*row, from.is_null(*place as usize));
            }
        }
    }

    /// As [`Self::put_places`], for values none of which is null.
    pub(crate) fn put_picked(&mut self, rows: &[u32], from: &[T], places: &[u32]) {
        self.put_by(rows, |i| &from[places[i] as usize]);
    }

    /// Writes a value to each of the rows named.
    fn put_by<'v>(&mut self, rows: &[u32], value: impl Fn(usize) -> &'v T)
    where
        T: 'v,
    {
        let mut done = 0;
        while let Some(first) = rows.get(done) {
            // Rows that arrive together mostly lie in one chunk.
            let chunk = first >> CHUNK_BITS;
            let same = rows[done..].iter().take_while(|row| **row >> CHUNK_BITS == chunk).count();
            if same < RUN_ROWS_MIN {
                // Or they lie anywhere: more of that is to be expected.
                let end = rows.len().min(done + LOOSE_ROWS);
                for (i, row) in (done..end).zip(&rows[done..end]) {
                    self.set(*row, value(i).clone());
                }
                done = end;
                continue;
            }
            if let Some(data) = self.chunks[chunk as usize].own().first_chunk_mut::<CHUNK_ROWS>() {
                for (i, row) in (done..).zip(&rows[done..done + same]) {
                    data[*row as usize % CHUNK_ROWS] = value(i).clone();
                }
            }
            done += same;
        }
    }

    /// Writes `from[start..]` to the rows named, one each.
    pub(crate) fn put_all(&mut self, rows: &[u32], from: &Values<T>, start: usize) {
        self.put_data(rows, &from.data[start..start + rows.len()]);
        if from.nulls.is_some() || !self.nulls.is_empty() {
            for (i, row) in rows.iter().enumerate() {
                self.set_null(*row, from.is_null(start + i));
            }
        }
    }

    /// Whether none of the rows is null or [`NO_ROW`], as far as can be told without a look at
    /// each value.
    #[must_use]
    pub fn has_all(&self, rows: &[u32]) -> bool {
        self.never_null() && !rows.iter().fold(false, |any, row| any | (*row == NO_ROW))
    }

    /// A quick way to the values of about so many rows.
    #[must_use]
    pub fn reader(&self, rows: usize) -> StoredReader<'_, T> {
        let table = if self.chunks.len() * ROWS_A_CHUNK_MIN > rows {
            None
        } else {
            self.chunks.iter().map(|chunk| chunk.values().first_chunk()).collect()
        };
        StoredReader { table, values: self }
    }

    /// Adds the values of the rows named, the type's default for null, in that order; false where
    /// one of them is [`NO_ROW`].
    pub(crate) fn append_to(&self, rows: &[u32], data: &mut Vec<T>) -> bool {
        if rows.iter().fold(false, |any, row| any | (*row == NO_ROW)) {
            return false;
        }
        match self.reader(rows.len()).table {
            Some(table) => {
                let value = |row: &u32| &table[(row >> CHUNK_BITS) as usize];
                data.extend(rows.iter().map(|row| value(row)[*row as usize % CHUNK_ROWS].clone()));
            }
            None => data.extend(rows.iter().map(|row| self.data(*row).clone())),
        }
        true
    }

    /// The values of the rows named where they lie, the type's default for null, in that order.
    /// None of them is [`NO_ROW`].
    #[must_use]
    pub fn places(&self, rows: &[u32]) -> Vec<&T> {
        let reader = self.reader(rows.len());
        rows.iter().filter_map(|row| reader.get(*row)).collect()
    }

    /// The rows named, in that order; [`NO_ROW`] gives null.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Values<T> {
        if self.never_null() {
            let mut data = Vec::with_capacity(rows.len());
            if self.append_to(rows, &mut data) {
                return Values::of(data);
            }
        }
        let mut values = Values::default();
        for row in rows {
            values.push(if *row == NO_ROW { None } else { self.get(*row).cloned() });
        }
        values
    }
}
