//! What an expression gives for many places at once.

use std::borrow::Cow;

use weir_event::{Bitmap, Column, DataType, Text, Value, Values};

/// Values of one type: one for every place, or one a place, borrowed where nothing was computed.
#[derive(Debug, Clone)]
pub enum Vals<'a, T: Clone> {
    /// The same value at every place.
    Same(T),
    /// One value a place.
    Each {
        /// The values; a null place holds the type's default.
        data: Cow<'a, [T]>,
        /// Set where the place is null.
        nulls: Option<Bitmap>,
    },
}

impl<T: Clone + Default> Vals<'_, T> {
    /// The value at a place, `None` where it is null.
    #[must_use]
    #[inline]
    pub fn get(&self, place: usize) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Each { data, nulls } => {
                if nulls.as_ref().is_some_and(|nulls| nulls.get(place)) {
                    None
                } else {
                    Some(&data[place])
                }
            }
        }
    }

    /// Whether no place is null.
    #[must_use]
    pub fn never_null(&self) -> bool {
        match self {
            Self::Same(_) => true,
            Self::Each { nulls, .. } => nulls.is_none(),
        }
    }

    /// Each value converted; nulls stay null.
    #[must_use]
    pub fn map<'b, U: Clone>(&self, f: impl Fn(&T) -> U) -> Vals<'b, U> {
        match self {
            Self::Same(value) => Vals::Same(f(value)),
            Self::Each { data, nulls } => {
                Vals::Each { data: data.iter().map(f).collect(), nulls: nulls.clone() }
            }
        }
    }

    fn into_values(self, len: usize) -> Values<T> {
        match self {
            Self::Same(value) => Values::of(vec![value; len]),
            Self::Each { data, nulls } => Values { data: data.into_owned(), nulls },
        }
    }
}

impl<T: Clone> Vals<'_, T> {
    /// Values of which none is null.
    #[must_use]
    pub fn of(data: Vec<T>) -> Self {
        Self::Each { data: Cow::Owned(data), nulls: None }
    }
}

/// What an expression gives for every place of a scope.
#[derive(Debug, Clone)]
pub enum Vector<'a> {
    /// Null at every place.
    Null,
    /// `bool`.
    Bool(Vals<'a, bool>),
    /// `int`.
    Int(Vals<'a, i32>),
    /// `long`.
    Long(Vals<'a, i64>),
    /// `float`.
    Float(Vals<'a, f32>),
    /// `double`.
    Double(Vals<'a, f64>),
    /// `string`.
    Str(Vals<'a, Text>),
    /// `object`, or values of mixed types.
    Object(Cow<'a, [Value]>),
}

impl Vector<'_> {
    /// The same value at every place.
    #[must_use]
    pub fn same(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Bool(Vals::Same(*v)),
            Value::Int(v) => Self::Int(Vals::Same(*v)),
            Value::Long(v) => Self::Long(Vals::Same(*v)),
            Value::Float(v) => Self::Float(Vals::Same(*v)),
            Value::Double(v) => Self::Double(Vals::Same(*v)),
            Value::Str(v) => Self::Str(Vals::Same(v.clone())),
            Value::Object(_) => Self::Object(Cow::Owned(vec![value.clone()])),
        }
    }

    /// The column of `len` rows that this is, for an attribute declared as `data_type`.
    #[must_use]
    pub fn into_column(self, data_type: DataType, len: usize) -> Column {
        match self {
            Self::Null => Column::nulls(data_type, len),
            Self::Bool(v) => Column::Bool(v.into_values(len)),
            Self::Int(v) => Column::Int(v.into_values(len)),
            Self::Long(v) => Column::Long(v.into_values(len)),
            Self::Float(v) => Column::Float(v.into_values(len)),
            Self::Double(v) => Column::Double(v.into_values(len)),
            Self::Str(v) => Column::Str(v.into_values(len)),
            Self::Object(v) => {
                let mut column = Column::with_capacity(data_type, len);
                if v.len() == 1 && len > 1 {
                    return Column::repeated(&v[0], data_type, len);
                }
                for value in v.into_owned() {
                    column.push(value);
                }
                column
            }
        }
    }

    /// The value at one place.
    #[must_use]
    pub fn value(&self, place: usize) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => v.get(place).map_or(Value::Null, |v| Value::Bool(*v)),
            Self::Int(v) => v.get(place).map_or(Value::Null, |v| Value::Int(*v)),
            Self::Long(v) => v.get(place).map_or(Value::Null, |v| Value::Long(*v)),
            Self::Float(v) => v.get(place).map_or(Value::Null, |v| Value::Float(*v)),
            Self::Double(v) => v.get(place).map_or(Value::Null, |v| Value::Double(*v)),
            Self::Str(v) => v.get(place).map_or(Value::Null, |v| Value::Str(v.clone())),
            Self::Object(v) => v.get(place).or(v.first()).cloned().unwrap_or_default(),
        }
    }

    /// Whether this is one number, text or truth for every place.
    #[must_use]
    pub fn is_same(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(v) => matches!(v, Vals::Same(_)),
            Self::Int(v) => matches!(v, Vals::Same(_)),
            Self::Long(v) => matches!(v, Vals::Same(_)),
            Self::Float(v) => matches!(v, Vals::Same(_)),
            Self::Double(v) => matches!(v, Vals::Same(_)),
            Self::Str(v) => matches!(v, Vals::Same(_)),
            Self::Object(_) => false,
        }
    }

    /// Whether the place is null.
    #[must_use]
    pub fn is_null(&self, place: usize) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(v) => v.get(place).is_none(),
            Self::Int(v) => v.get(place).is_none(),
            Self::Long(v) => v.get(place).is_none(),
            Self::Float(v) => v.get(place).is_none(),
            Self::Double(v) => v.get(place).is_none(),
            Self::Str(v) => v.get(place).is_none(),
            Self::Object(v) => v.get(place).or(v.first()).is_none_or(Value::is_null),
        }
    }
}
