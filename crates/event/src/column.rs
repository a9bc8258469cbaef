//! Typed columns: the values of one attribute for many rows.

use std::ops::Range;

use crate::bitmap::Bitmap;
use crate::value::{DataType, Text, Value};

/// Values of one type with a mark for those that are null.
///
/// A null row holds the type's default in `data`, so that loops need no branch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values<T> {
    /// One value a row.
    pub data: Vec<T>,
    /// Set where the row is null; `None` when no row is. Invariant: as long as `data`.
    pub nulls: Option<Bitmap>,
}

impl<T: Clone + Default> Values<T> {
    /// The values as given, none of them null.
    #[must_use]
    pub fn of(data: Vec<T>) -> Self {
        Self { data, nulls: None }
    }

    /// Whether the row is null.
    #[must_use]
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.get(row))
    }

    /// The row's value, `None` when it is null.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> Option<&T> {
        if self.is_null(row) { None } else { Some(&self.data[row]) }
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, value: Option<T>) {
        match value {
            Some(value) => {
                self.data.push(value);
                if let Some(nulls) = &mut self.nulls {
                    nulls.push(false);
                }
            }
            None => {
                let len = self.data.len();
                self.nulls.get_or_insert_with(|| Bitmap::unset(len)).push(true);
                self.data.push(T::default());
            }
        }
    }

    /// Adds rows; `None` stands for null.
    pub fn extend(&mut self, rows: impl Iterator<Item = Option<T>>) {
        let first = self.data.len();
        let mut missing = Vec::new();
        self.data.extend(rows.enumerate().map(|(i, value)| {
            value.unwrap_or_else(|| {
                missing.push(first + i);
                T::default()
            })
        }));
        if let Some(nulls) = &mut self.nulls {
            nulls.resize(self.data.len());
        }
        self.set_null(&missing);
    }

    /// Makes rows null.
    pub fn set_null(&mut self, rows: &[usize]) {
        if rows.is_empty() {
            return;
        }
        let len = self.data.len();
        let nulls = self.nulls.get_or_insert_with(|| Bitmap::unset(len));
        for row in rows {
            nulls.set(*row, true);
            self.data[*row] = T::default();
        }
    }

    /// Adds rows of `other`.
    #[inline]
    pub fn extend_rows(&mut self, other: &Self, rows: Range<usize>) {
        let before = self.data.len();
        self.data.extend_from_slice(&other.data[rows.clone()]);
        if self.nulls.is_some() || other.nulls.is_some() {
            self.extend_nulls(other, rows, before);
        }
    }

    fn extend_nulls(&mut self, other: &Self, rows: Range<usize>, before: usize) {
        let nulls = self.nulls.get_or_insert_with(|| Bitmap::unset(before));
        nulls.resize(self.data.len());
        if let Some(from) = &other.nulls {
            for row in rows.clone().filter(|row| from.get(*row)) {
                nulls.set(before + row - rows.start, true);
            }
        }
    }

    /// Adds the rows of `other` named by `rows`, in that order.
    pub fn extend_picked(&mut self, other: &Self, rows: &[u32]) {
        if self.nulls.is_some() || other.nulls.is_some() {
            self.extend(rows.iter().map(|row| other.get(*row as usize).cloned()));
        } else {
            self.data.extend(rows.iter().map(|row| other.data[*row as usize].clone()));
        }
    }

    /// The rows named by `rows`, in that order.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        let data = rows.iter().map(|row| self.data[*row as usize].clone()).collect();
        let nulls = self.nulls.as_ref().map(|from| {
            let mut nulls = Bitmap::unset(rows.len());
            for (i, _) in rows.iter().enumerate().filter(|(_, row)| from.get(**row as usize)) {
                nulls.set(i, true);
            }
            nulls
        });
        Self { data, nulls }
    }
}

/// The values of one attribute for many rows.
///
/// A column is as its attribute was declared, but for one case: a value of another type that
/// reached the attribute at run time (the original checks nothing on input) makes the whole
/// column an [`Column::Object`], which holds any value as it came.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `bool`.
    Bool(Values<bool>),
    /// `int`.
    Int(Values<i32>),
    /// `long`.
    Long(Values<i64>),
    /// `float`.
    Float(Values<f32>),
    /// `double`.
    Double(Values<f64>),
    /// `string`.
    Str(Values<Text>),
    /// `object`, or values that are not of the declared type; null is [`Value::Null`].
    Object(Vec<Value>),
}

/// Runs `$body` with `$values` bound to the typed values of `$column`, and `$object` for objects.
#[macro_export]
macro_rules! each_column {
    ($column:expr, $values:ident => $body:expr, $objects:ident => $object:expr) => {
        match $column {
            $crate::Column::Bool($values) => $body,
            $crate::Column::Int($values) => $body,
            $crate::Column::Long($values) => $body,
            $crate::Column::Float($values) => $body,
            $crate::Column::Double($values) => $body,
            $crate::Column::Str($values) => $body,
            $crate::Column::Object($objects) => $object,
        }
    };
}

impl Column {
    /// An empty column of the type.
    #[must_use]
    pub fn new(data_type: DataType) -> Self {
        Self::with_capacity(data_type, 0)
    }

    /// An empty column of the type with room for `rows`.
    #[must_use]
    pub fn with_capacity(data_type: DataType, rows: usize) -> Self {
        fn values<T>(rows: usize) -> Values<T> {
            Values { data: Vec::with_capacity(rows), nulls: None }
        }
        match data_type {
            DataType::Bool => Self::Bool(values(rows)),
            DataType::Int => Self::Int(values(rows)),
            DataType::Long => Self::Long(values(rows)),
            DataType::Float => Self::Float(values(rows)),
            DataType::Double => Self::Double(values(rows)),
            DataType::String => Self::Str(values(rows)),
            DataType::Object => Self::Object(Vec::with_capacity(rows)),
        }
    }

    /// `rows` nulls of the type.
    #[must_use]
    pub fn nulls(data_type: DataType, rows: usize) -> Self {
        let mut column = Self::with_capacity(data_type, rows);
        for _ in 0..rows {
            column.push_null();
        }
        column
    }

    /// `rows` times the same value.
    #[must_use]
    pub fn repeated(value: &Value, data_type: DataType, rows: usize) -> Self {
        let mut column = Self::with_capacity(data_type, rows);
        for _ in 0..rows {
            column.push(value.clone());
        }
        column
    }

    /// The type of the values held.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Bool(_) => DataType::Bool,
            Self::Int(_) => DataType::Int,
            Self::Long(_) => DataType::Long,
            Self::Float(_) => DataType::Float,
            Self::Double(_) => DataType::Double,
            Self::Str(_) => DataType::String,
            Self::Object(_) => DataType::Object,
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        each_column!(self, values => values.data.len(), objects => objects.len())
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the row is null.
    #[must_use]
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        each_column!(self, values => values.is_null(row), objects => objects[row].is_null())
    }

    /// The value of the row.
    #[must_use]
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::Bool(v) => v.get(row).map_or(Value::Null, |v| Value::Bool(*v)),
            Self::Int(v) => v.get(row).map_or(Value::Null, |v| Value::Int(*v)),
            Self::Long(v) => v.get(row).map_or(Value::Null, |v| Value::Long(*v)),
            Self::Float(v) => v.get(row).map_or(Value::Null, |v| Value::Float(*v)),
            Self::Double(v) => v.get(row).map_or(Value::Null, |v| Value::Double(*v)),
            Self::Str(v) => v.get(row).map_or(Value::Null, |v| Value::Str(v.clone())),
            Self::Object(v) => v[row].clone(),
        }
    }

    /// Forgets all rows, keeping the memory.
    pub fn clear(&mut self) {
        each_column!(self, values => { values.data.clear(); values.nulls = None; },
            objects => objects.clear());
    }

    /// Adds a null row.
    pub fn push_null(&mut self) {
        each_column!(self, values => values.push(None), objects => objects.push(Value::Null));
    }

    /// Adds a row with the type's default, for a place that nobody looks at.
    pub fn push_default(&mut self) {
        each_column!(self, values => values.push(Some(Default::default())),
            objects => objects.push(Value::Null));
    }

    /// Adds a row; a value of another type turns the whole column into objects.
    pub fn push(&mut self, value: Value) {
        match (&mut *self, value) {
            (Self::Object(objects), value) => objects.push(value),
            (Self::Bool(v), Value::Bool(value)) => v.push(Some(value)),
            (Self::Int(v), Value::Int(value)) => v.push(Some(value)),
            (Self::Long(v), Value::Long(value)) => v.push(Some(value)),
            (Self::Float(v), Value::Float(value)) => v.push(Some(value)),
            (Self::Double(v), Value::Double(value)) => v.push(Some(value)),
            (Self::Str(v), Value::Str(value)) => v.push(Some(value)),
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_),
                Value::Null,
            ) => self.push_null(),
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_),
                other,
            ) => {
                let mut objects = self.to_objects();
                objects.push(other);
                *self = Self::Object(objects);
            }
        }
    }

    /// Adds all rows of `other`; columns of different types become objects.
    pub fn extend(&mut self, other: &Self) {
        self.extend_rows(other, 0..other.len());
    }

    /// Adds rows of `other`; columns of different types become objects.
    pub fn extend_rows(&mut self, other: &Self, rows: Range<usize>) {
        match (&mut *self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.extend_rows(b, rows),
            (Self::Int(a), Self::Int(b)) => a.extend_rows(b, rows),
            (Self::Long(a), Self::Long(b)) => a.extend_rows(b, rows),
            (Self::Float(a), Self::Float(b)) => a.extend_rows(b, rows),
            (Self::Double(a), Self::Double(b)) => a.extend_rows(b, rows),
            (Self::Str(a), Self::Str(b)) => a.extend_rows(b, rows),
            (Self::Object(a), Self::Object(b)) => a.extend_from_slice(&b[rows]),
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
                for row in rows {
                    self.push(other.value(row));
                }
            }
        }
    }

    /// Adds the rows of `other` named by `rows`, in that order; columns of different types become
    /// objects.
    pub fn extend_picked(&mut self, other: &Self, rows: &[u32]) {
        match (&mut *self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.extend_picked(b, rows),
            (Self::Int(a), Self::Int(b)) => a.extend_picked(b, rows),
            (Self::Long(a), Self::Long(b)) => a.extend_picked(b, rows),
            (Self::Float(a), Self::Float(b)) => a.extend_picked(b, rows),
            (Self::Double(a), Self::Double(b)) => a.extend_picked(b, rows),
            (Self::Str(a), Self::Str(b)) => a.extend_picked(b, rows),
            (
                Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_)
                | Self::Object(_),
                _,
            ) => rows.iter().for_each(|row| self.push(other.value(*row as usize))),
        }
    }

    /// The rows named by `rows`, in that order.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Self::Bool(v) => Self::Bool(v.gather(rows)),
            Self::Int(v) => Self::Int(v.gather(rows)),
            Self::Long(v) => Self::Long(v.gather(rows)),
            Self::Float(v) => Self::Float(v.gather(rows)),
            Self::Double(v) => Self::Double(v.gather(rows)),
            Self::Str(v) => Self::Str(v.gather(rows)),
            Self::Object(v) => {
                Self::Object(rows.iter().map(|row| v[*row as usize].clone()).collect())
            }
        }
    }

    /// Every row as a value.
    #[must_use]
    pub fn to_objects(&self) -> Vec<Value> {
        (0..self.len()).map(|row| self.value(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_is_kept_as_it_came() {
        let mut column = Column::new(DataType::Long);
        column.push(Value::Long(1));
        column.push(Value::Null);
        column.push(Value::Int(3));
        assert_eq!(column.to_objects(), [Value::Long(1), Value::Null, Value::Int(3)]);
    }

    #[test]
    fn nulls_survive_extending_and_gathering() {
        let mut a = Column::new(DataType::Int);
        a.push(Value::Int(1));
        let mut b = Column::new(DataType::Int);
        b.push(Value::Null);
        b.push(Value::Int(2));
        a.extend(&b);
        assert_eq!(a.gather(&[2, 1, 0]).to_objects(), [2.into(), Value::Null, 1.into()]);
    }
}
