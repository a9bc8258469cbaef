//! One value of an event's attribute, and the types attributes are declared with.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Text that is cheap to copy: inline up to 15 bytes, shared above that.
pub type Text = ecow::EcoString;

/// The type an attribute is declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataType {
    /// Text.
    String,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// 32-bit IEEE number.
    Float,
    /// 64-bit IEEE number.
    Double,
    /// True or false.
    Bool,
    /// Anything: a list, a map, a set, bytes, or a value whose type is only known at run time.
    Object,
}

impl DataType {
    /// Whether arithmetic and ordering accept this type.
    #[must_use]
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Float | Self::Double)
    }

    /// The word the user writes for this type.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Object => "object",
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One value, or its absence.
///
/// Equality and hashing are by type and content, with `NaN` equal to itself and `0.0` different
/// from `-0.0`, so that a value can be a key.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i32),
    /// `long`.
    Long(i64),
    /// `float`.
    Float(f32),
    /// `double`.
    Double(f64),
    /// `string`.
    Str(Text),
    /// `object`.
    Object(Arc<Object>),
}

/// A value of type `object`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Object {
    /// Values in order.
    List(Vec<Value>),
    /// Keys with their values, in the order in which they were put.
    Map(Vec<(Value, Value)>),
    /// Values that occur once, in the order in which they were put.
    Set(Vec<Value>),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// What went wrong with an event, as the `_error` attribute of a fault stream holds it.
    Error {
        /// The kind of error, in the words of the original (a class name).
        class: Text,
        /// What it says.
        message: Text,
    },
    /// An event as a value, as expression windows and `eventTimestamp(e1)` see it.
    Event {
        /// When it happened.
        timestamp: i64,
        /// Its attributes in order.
        data: Vec<Value>,
    },
    /// JSON text that was read but not taken apart, such as `null` or a bare literal.
    Json(Text),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Str(text.into())
    }

    /// An object value.
    #[must_use]
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// The type of what is held; `None` for null.
    #[must_use]
    pub fn data_type(&self) -> Option<DataType> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(_) => DataType::Bool,
            Self::Int(_) => DataType::Int,
            Self::Long(_) => DataType::Long,
            Self::Float(_) => DataType::Float,
            Self::Double(_) => DataType::Double,
            Self::Str(_) => DataType::String,
            Self::Object(_) => DataType::Object,
        })
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number held, widened; `None` for anything that is not a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(f64::from(*v)),
            Self::Long(v) => Some(*v as f64),
            Self::Float(v) => Some(f64::from(*v)),
            Self::Double(v) => Some(*v),
            Self::Null | Self::Bool(_) | Self::Str(_) | Self::Object(_) => None,
        }
    }

    /// The whole number held, widened; `None` for anything that is not `int` or `long`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(v) => Some(i64::from(*v)),
            Self::Long(v) => Some(*v),
            Self::Null
            | Self::Bool(_)
            | Self::Float(_)
            | Self::Double(_)
            | Self::Str(_)
            | Self::Object(_) => None,
        }
    }

    /// The text held; `None` for anything that is not text.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Str(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Float(_)
            | Self::Double(_)
            | Self::Object(_) => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Long(_) => 3,
            Self::Float(_) => 4,
            Self::Double(_) => 5,
            Self::Str(_) => 6,
            Self::Object(_) => 7,
        }
    }

    /// A total order within one type, numbers of different types by size; used by ordered indexes.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Long(a), Self::Long(b)) => a.cmp(b),
            (Self::Str(a), Self::Str(b)) => a.cmp(b),
            (a, b) => match (a.as_i64(), b.as_i64(), a.as_f64(), b.as_f64()) {
                (Some(a), Some(b), _, _) => a.cmp(&b),
                (_, _, Some(a), Some(b)) => a.total_cmp(&b),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            (
                Self::Null
                | Self::Bool(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Float(_)
                | Self::Double(_)
                | Self::Str(_)
                | Self::Object(_),
                _,
            ) => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(v) => v.hash(state),
            Self::Int(v) => v.hash(state),
            Self::Long(v) => v.hash(state),
            Self::Float(v) => v.to_bits().hash(state),
            Self::Double(v) => v.to_bits().hash(state),
            Self::Str(v) => v.hash(state),
            Self::Object(v) => v.hash(state),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<i32> for Value {
    fn from(v: i32) -> Self {
        Self::Int(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Long(v)
    }
}

impl From<f32> for Value {
    fn from(v: f32) -> Self {
        Self::Float(v)
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Self::Double(v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_no_larger_than_three_words() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn values_of_different_types_differ_even_when_their_numbers_agree() {
        assert_ne!(Value::Int(1), Value::Long(1));
        assert_eq!(Value::Int(1).order(&Value::Long(1)), Ordering::Equal);
        assert_eq!(Value::Double(f64::NAN), Value::Double(f64::NAN));
    }
}
