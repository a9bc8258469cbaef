//! Rows under stable numbers: what windows, tables, joins and patterns hold.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::batch::Batch;
use crate::column::Column;
use crate::stored_values::{CHUNK_ROWS, StoredValues};
use crate::value::{DataType, Text, Value};

/// The number of a row that is not there: every attribute of it is null.
pub const NO_ROW: u32 = u32::MAX;

/// The stored values of one attribute.
#[derive(Debug, Clone)]
pub enum StoredColumn {
    /// `bool`.
    Bool(StoredValues<bool>),
    /// `int`.
    Int(StoredValues<i32>),
    /// `long`.
    Long(StoredValues<i64>),
    /// `float`.
    Float(StoredValues<f32>),
    /// `double`.
    Double(StoredValues<f64>),
    /// `string`.
    Str(StoredValues<Text>),
    /// `object`, or values that are not of the declared type.
    Object(StoredValues<Value>),
}

/// Texts up to this length take no memory of their own.
const INLINE_BYTES: usize = 15;

/// How many texts are looked at to know about all.
const SAMPLE_ROWS: u32 = 16;

/// About how many bytes a text takes beside its place in the column.
fn long_bytes(texts: &StoredValues<Text>, top: u32) -> usize {
    let sampled = top.min(SAMPLE_ROWS);
    let at = |i: u32| (u64::from(i) * u64::from(top) / u64::from(sampled)) as u32;
    let lengths = (0..sampled).map(|i| texts.data(at(i)).len());
    let long: usize = lengths.filter(|len| *len > INLINE_BYTES).sum();
    long / (sampled.max(1) as usize)
}

/// Runs `$body` with `$values` bound to the stored values of `$column`, and `$object` for objects.
macro_rules! each_stored {
    ($column:expr, $values:ident => $body:expr, $objects:ident => $object:expr) => {
        match $column {
            StoredColumn::Bool($values) => $body,
            StoredColumn::Int($values) => $body,
            StoredColumn::Long($values) => $body,
            StoredColumn::Float($values) => $body,
            StoredColumn::Double($values) => $body,
            StoredColumn::Str($values) => $body,
            StoredColumn::Object($objects) => $object,
        }
    };
}

impl StoredColumn {
    fn new(data_type: DataType) -> Self {
        match data_type {
            DataType::Bool => Self::Bool(StoredValues::new()),
            DataType::Int => Self::Int(StoredValues::new()),
            DataType::Long => Self::Long(StoredValues::new()),
            DataType::Float => Self::Float(StoredValues::new()),
            DataType::Double => Self::Double(StoredValues::new()),
            DataType::String => Self::Str(StoredValues::new()),
            DataType::Object => Self::Object(StoredValues::new()),
        }
    }

    /// About how many bytes a row takes, of which there are `top`.
    fn row_bytes(&self, top: u32) -> usize {
        match self {
            Self::Bool(_) => size_of::<bool>(),
            Self::Int(_) => size_of::<i32>(),
            Self::Long(_) => size_of::<i64>(),
            Self::Float(_) => size_of::<f32>(),
            Self::Double(_) => size_of::<f64>(),
            Self::Str(texts) => size_of::<Text>() + long_bytes(texts, top),
            Self::Object(_) => size_of::<Value>(),
        }
    }

    fn reserve(&mut self, rows: usize) {
        each_stored!(self, values => values.reserve(rows), objects => objects.reserve(rows));
    }

    /// The row's value; null for [`NO_ROW`].
    #[must_use]
    pub fn value(&self, row: u32) -> Value {
        if row == NO_ROW {
            return Value::Null;
        }
        match self {
            Self::Bool(v) => v.get(row).map_or(Value::Null, |v| Value::Bool(*v)),
            Self::Int(v) => v.get(row).map_or(Value::Null, |v| Value::Int(*v)),
            Self::Long(v) => v.get(row).map_or(Value::Null, |v| Value::Long(*v)),
            Self::Float(v) => v.get(row).map_or(Value::Null, |v| Value::Float(*v)),
            Self::Double(v) => v.get(row).map_or(Value::Null, |v| Value::Double(*v)),
            Self::Str(v) => v.get(row).map_or(Value::Null, |v| Value::Str(v.clone())),
            Self::Object(v) => v.data(row).clone(),
        }
    }

    /// Whether the row is null.
    #[must_use]
    pub fn is_null(&self, row: u32) -> bool {
        each_stored!(self, values => values.is_null(row), objects => objects.data(row).is_null())
    }

    /// The order of two rows that are not null, as [`Value::order`] has it.
    #[must_use]
    pub fn order(&self, a: u32, b: u32) -> Ordering {
        match self {
            Self::Bool(v) => v.data(a).cmp(v.data(b)),
            Self::Int(v) => v.data(a).cmp(v.data(b)),
            Self::Long(v) => v.data(a).cmp(v.data(b)),
            Self::Float(v) => f64::from(*v.data(a)).total_cmp(&f64::from(*v.data(b))),
            Self::Double(v) => v.data(a).total_cmp(v.data(b)),
            Self::Str(v) => v.data(a).cmp(v.data(b)),
            Self::Object(v) => v.data(a).order(v.data(b)),
        }
    }

    /// The rows named, in that order; [`NO_ROW`] gives null.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Column {
        match self {
            Self::Bool(v) => Column::Bool(v.gather(rows)),
            Self::Int(v) => Column::Int(v.gather(rows)),
            Self::Long(v) => Column::Long(v.gather(rows)),
            Self::Float(v) => Column::Float(v.gather(rows)),
            Self::Double(v) => Column::Double(v.gather(rows)),
            Self::Str(v) => Column::Str(v.gather(rows)),
            Self::Object(_) => Column::Object(rows.iter().map(|row| self.value(*row)).collect()),
        }
    }

    /// Adds the row's value to a column, or null where there is no row.
    pub fn copy_to(&self, row: Option<u32>, column: &mut Column) {
        let Some(row) = row else {
            column.push_null();
            return;
        };
        match (self, &mut *column) {
            (Self::Int(v), Column::Int(to)) => v.copy_to(row, to),
            (Self::Long(v), Column::Long(to)) => v.copy_to(row, to),
            (Self::Double(v), Column::Double(to)) => v.copy_to(row, to),
            (Self::Str(v), Column::Str(to)) => v.copy_to(row, to),
            _ => column.push(self.value(row)),
        }
    }

    /// Replaces the row's value by one of a column.
    #[inline]
    fn put_from(&mut self, row: u32, from: &Column, at: usize, top: usize) {
        match (&mut *self, from) {
            (Self::Bool(v), Column::Bool(from)) => v.put_from(row, from, at),
            (Self::Int(v), Column::Int(from)) => v.put_from(row, from, at),
            (Self::Long(v), Column::Long(from)) => v.put_from(row, from, at),
            (Self::Float(v), Column::Float(from)) => v.put_from(row, from, at),
            (Self::Double(v), Column::Double(from)) => v.put_from(row, from, at),
            (Self::Str(v), Column::Str(from)) => v.put_from(row, from, at),
            _ => self.put(row, from.value(at), top),
        }
    }

    /// Writes one of `from` to each row.
    fn put_places(&mut self, rows: &[u32], from: &Column, places: &[u32], top: usize) {
        match (&mut *self, from) {
            (Self::Bool(v), Column::Bool(from)) => v.put_places(rows, from, places),
            (Self::Int(v), Column::Int(from)) => v.put_places(rows, from, places),
            (Self::Long(v), Column::Long(from)) => v.put_places(rows, from, places),
            (Self::Float(v), Column::Float(from)) => v.put_places(rows, from, places),
            (Self::Double(v), Column::Double(from)) => v.put_places(rows, from, places),
            (Self::Str(v), Column::Str(from)) => v.put_places(rows, from, places),
            (_, from) => {
                for (row, place) in rows.iter().zip(places) {
                    self.put(*row, from.value(*place as usize), top);
                }
            }
        }
    }

    fn share(&mut self) -> Self {
        match self {
            Self::Bool(v) => Self::Bool(v.share()),
            Self::Int(v) => Self::Int(v.share()),
            Self::Long(v) => Self::Long(v.share()),
            Self::Float(v) => Self::Float(v.share()),
            Self::Double(v) => Self::Double(v.share()),
            Self::Str(v) => Self::Str(v.share()),
            Self::Object(v) => Self::Object(v.share()),
        }
    }

    fn to_objects(&self, rows: usize) -> Self {
        let mut objects = StoredValues::new();
        objects.reserve(rows);
        for row in 0..rows {
            objects.set(row as u32, self.value(row as u32));
        }
        Self::Object(objects)
    }

    fn put(&mut self, row: u32, value: Value, rows: usize) {
        match (&mut *self, value) {
            (Self::Object(v), value) => v.set(row, value),
            (Self::Bool(v), Value::Bool(value)) => v.put(row, Some(value)),
            (Self::Int(v), Value::Int(value)) => v.put(row, Some(value)),
            (Self::Long(v), Value::Long(value)) => v.put(row, Some(value)),
            (Self::Float(v), Value::Float(value)) => v.put(row, Some(value)),
            (Self::Double(v), Value::Double(value)) => v.put(row, Some(value)),
            (Self::Str(v), Value::Str(value)) => v.put(row, Some(value)),
            (column, Value::Null) => {
                each_stored!(column, v => v.put(row, None), v => v.set(row, Value::Null));
            }
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_),
                other,
            ) => {
                *self = self.to_objects(rows);
                self.put(row, other, rows);
            }
        }
    }

    fn put_all(&mut self, rows: &[u32], from: &Column, start: usize, len: usize) {
        match (&mut *self, from) {
            (Self::Bool(a), Column::Bool(b)) => a.put_all(rows, b, start),
            (Self::Int(a), Column::Int(b)) => a.put_all(rows, b, start),
            (Self::Long(a), Column::Long(b)) => a.put_all(rows, b, start),
            (Self::Float(a), Column::Float(b)) => a.put_all(rows, b, start),
            (Self::Double(a), Column::Double(b)) => a.put_all(rows, b, start),
            (Self::Str(a), Column::Str(b)) => a.put_all(rows, b, start),
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_)
                | Self::Object(_),
                _,
            ) => {
                for (i, row) in rows.iter().enumerate() {
                    self.put(*row, from.value(start + i), len);
                }
            }
        }
    }
}

/// Rows of one schema under numbers that stay the same until they are given back.
#[derive(Debug)]
pub struct RowStore {
    columns: Vec<StoredColumn>,
    timestamps: StoredValues<i64>,
    free: Vec<u32>,
    /// Rows that will be given back together: they count no more but may still be read.
    leaving: Vec<u32>,
    /// Row numbers handed out so far are below this.
    top: u32,
}

impl RowStore {
    /// An empty store of rows with these types.
    #[must_use]
    pub fn new(types: impl IntoIterator<Item = DataType>) -> Self {
        Self {
            columns: types.into_iter().map(StoredColumn::new).collect(),
            timestamps: StoredValues::new(),
            free: Vec::new(),
            leaving: Vec::new(),
            top: 0,
        }
    }

    /// The rows as they are now, to be kept while this store goes on: nothing is copied until this
    /// one writes to a chunk.
    #[must_use]
    pub fn share(&mut self) -> Self {
        Self {
            columns: self.columns.iter_mut().map(StoredColumn::share).collect(),
            timestamps: self.timestamps.share(),
            free: self.free.clone(),
            leaving: self.leaving.clone(),
            top: self.top,
        }
    }

    /// The number of rows that are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.top as usize - self.free.len() - self.leaving.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes the rows take; of long texts some are looked at.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let row: usize = self.columns.iter().map(|it| it.row_bytes(self.top)).sum();
        (self.len() * (size_of::<i64>() + row)) as u64
    }

    /// Every row number in use is below this.
    #[must_use]
    pub fn top(&self) -> u32 {
        self.top
    }

    /// The stored columns, in order of attributes.
    #[must_use]
    pub fn columns(&self) -> &[StoredColumn] {
        &self.columns
    }

    fn take_number(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.top += 1;
            assert!(self.top < NO_ROW, "a row store holds fewer than 2^32 - 1 rows");
            self.top - 1
        })
    }

    fn reserve(&mut self) {
        let top = self.top as usize;
        self.timestamps.reserve(top);
        for column in &mut self.columns {
            column.reserve(top);
        }
    }

    fn take_numbers(&mut self, count: usize, numbers: &mut Vec<u32>) {
        let again = count.min(self.free.len());
        numbers.extend(self.free.drain(self.free.len() - again..).rev());
        for _ in again..count {
            let number = self.take_number();
            numbers.push(number);
        }
        self.reserve();
    }

    /// Copies rows `start..start + count` of a batch in; their numbers are added to `numbers`.
    pub fn insert_batch(
        &mut self,
        batch: &Batch,
        start: usize,
        count: usize,
        numbers: &mut Vec<u32>,
    ) {
        let first = numbers.len();
        self.take_numbers(count, numbers);
        let rows = &numbers[first..];
        self.timestamps.put_data(rows, &batch.timestamps[start..start + count]);
        for (column, from) in self.columns.iter_mut().zip(&batch.columns) {
            column.put_all(rows, from, start, self.top as usize);
        }
    }

    /// Copies the rows of a batch named by `rows` in; their new numbers are added to `numbers`.
    pub fn insert_rows(&mut self, batch: &Batch, rows: &[u32], numbers: &mut Vec<u32>) {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let side_by_side = last.checked_sub(*first) == Some(rows.len() as u32 - 1)
            && rows.is_sorted_by(|a, b| a < b);
        if side_by_side {
            self.insert_batch(batch, *first as usize, rows.len(), numbers);
        } else {
            let start = numbers.len();
            self.take_numbers(rows.len(), numbers);
            let numbers = &numbers[start..];
            self.timestamps.put_picked(numbers, &batch.timestamps, rows);
            for (column, from) in self.columns.iter_mut().zip(&batch.columns) {
                column.put_places(numbers, from, rows, self.top as usize);
            }
        }
    }

    /// Puts one row of a batch's columns in and gives its number.
    pub fn insert_from(&mut self, timestamp: i64, columns: &[Arc<Column>], row: usize) -> u32 {
        let number = self.take_number();
        let top = self.top as usize;
        if number as usize + 1 == top && (top - 1).is_multiple_of(CHUNK_ROWS) {
            self.reserve();
        }
        self.timestamps.set(number, timestamp);
        for (column, from) in self.columns.iter_mut().zip(columns) {
            column.put_from(number, from, row, top);
        }
        number
    }

    /// Puts one row in and gives its number.
    pub fn insert_row(&mut self, timestamp: i64, row: impl IntoIterator<Item = Value>) -> u32 {
        let number = self.take_number();
        self.reserve();
        self.timestamps.set(number, timestamp);
        let mut values = row.into_iter();
        for column in &mut self.columns {
            column.put(number, values.next().unwrap_or_default(), self.top as usize);
        }
        number
    }

    /// Replaces a row's values, but not its timestamp, by those of a row of a batch.
    pub fn overwrite(&mut self, row: u32, batch: &Batch, from: usize) {
        let top = self.top as usize;
        for (column, given) in self.columns.iter_mut().zip(&batch.columns) {
            column.put_from(row, given, from, top);
        }
    }

    /// As [`Self::overwrite`], for many rows in this order.
    pub fn overwrite_all(&mut self, rows: &[u32], batch: &Batch, from: &[u32]) {
        let top = self.top as usize;
        for (column, given) in self.columns.iter_mut().zip(&batch.columns) {
            column.put_places(rows, given, from, top);
        }
    }

    /// Replaces one value of a row.
    pub fn set_value(&mut self, row: u32, column: usize, value: Value) {
        self.columns[column].put(row, value, self.top as usize);
    }

    /// Replaces the timestamp of a row.
    pub fn set_timestamp(&mut self, row: u32, timestamp: i64) {
        self.timestamps.set(row, timestamp);
    }

    /// Gives a row's number back; its content may be read until the next insert.
    pub fn remove(&mut self, row: u32) {
        debug_assert!(row < self.top);
        self.free.push(row);
    }

    /// The row is held no more; it may be read until [`Self::give_back`].
    #[inline]
    pub fn leave(&mut self, row: u32) {
        debug_assert!(row < self.top);
        self.leaving.push(row);
    }

    /// As [`Self::leave`], for many rows.
    pub fn leave_all(&mut self, rows: &[u32]) {
        self.leaving.extend_from_slice(rows);
    }

    /// Gives back the numbers of all rows that left.
    pub fn give_back(&mut self) {
        self.free.append(&mut self.leaving);
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.free.clear();
        self.leaving.clear();
        self.top = 0;
    }

    /// When the rows happened, added to `times`; all of them are held.
    pub fn timestamps_of(&self, rows: &[u32], times: &mut Vec<i64>) {
        self.timestamps.append_to(rows, times);
    }

    /// When the row happened; 0 for [`NO_ROW`].
    #[must_use]
    #[inline]
    pub fn timestamp(&self, row: u32) -> i64 {
        if row == NO_ROW { 0 } else { *self.timestamps.data(row) }
    }

    /// One value of a row; null for [`NO_ROW`].
    #[must_use]
    pub fn value(&self, row: u32, column: usize) -> Value {
        self.columns[column].value(row)
    }

    /// All values of a row.
    #[must_use]
    pub fn row(&self, row: u32) -> Vec<Value> {
        self.columns.iter().map(|column| column.value(row)).collect()
    }

    /// The rows named as a batch, in that order.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Batch {
        Batch {
            timestamps: Arc::new(rows.iter().map(|row| self.timestamp(*row)).collect()),
            columns: self.columns.iter().map(|column| Arc::new(column.gather(rows))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Attribute, BatchBuilder};

    fn numbers(count: i32) -> Batch {
        let schema = [Attribute { name: "n".into(), data_type: DataType::Int }];
        let mut builder = BatchBuilder::new(&schema);
        for n in 0..count {
            let value = if n % 7 == 3 { Value::Null } else { Value::Int(n) };
            builder.push_row(i64::from(n), [value]);
        }
        builder.finish()
    }

    #[test]
    fn rows_keep_their_numbers_and_a_snapshot_keeps_its_content() {
        let mut store = RowStore::new([DataType::Int]);
        let mut rows = Vec::new();
        store.insert_batch(&numbers(2_000), 0, 2_000, &mut rows);
        let snapshot = store.share();
        for row in &rows[..500] {
            store.remove(*row);
        }
        let mut again = Vec::new();
        store.insert_batch(&numbers(600), 0, 600, &mut again);
        assert_eq!(store.len(), 2_100);
        assert_eq!(snapshot.gather(&rows), numbers(2_000));
        assert_eq!(store.gather(&again), numbers(600));
        assert_eq!(store.value(rows[1_999], 0), Value::Int(1_999));
    }

    #[test]
    fn a_missing_row_reads_as_nulls_and_odd_values_are_kept() {
        let mut store = RowStore::new([DataType::Long]);
        let row = store.insert_row(9, [Value::Int(5)]);
        assert_eq!(store.value(row, 0), Value::Int(5));
        assert_eq!(store.gather(&[NO_ROW, row]).row(0), [Value::Null]);
    }
}
