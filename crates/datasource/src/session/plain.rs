//! What every kind of database can do: run statements with plain values, in transactions or not.

use weir_event::{Epoch, Object, Seq, Value};

use super::dialect::Dialect;
use crate::door::StoreError;

/// A value as it goes into a database or comes out of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Found {
    /// The names of the columns, as the database spells them.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A connection.
///
/// It is made anew by the next call after it was lost, except within a transaction, which then
/// fails. Texts have `?` where values go, whatever the database itself wants there.
pub(crate) trait Session: Send {
    /// How the database's SQL differs.
    fn dialect(&self) -> Dialect;

    /// The database, for messages; without passwords.
    fn name(&self) -> &str;

    /// Runs one statement without values, such as one that makes a table.
    fn batch(&mut self, text: &str) -> Result<(), StoreError>;

    /// Runs one statement; answers how many rows it met.
    fn write(&mut self, text: &str, values: &[Cell]) -> Result<u64, StoreError>;

    /// Runs a query; more than [`crate::QUERY_ROWS_MAX`] rows are refused.
    fn read(&mut self, text: &str, values: &[Cell]) -> Result<Found, StoreError>;

    /// Begins a transaction: what it writes others see all at once, or never.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Ends it; everything in it is done.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives it up; nothing in it is done. A connection that cannot even do that is dropped,
    /// which has the same effect.
    fn rollback(&mut self);
}

impl Cell {
    /// A value of an event as databases hold it.
    pub(crate) fn of(value: &Value) -> Result<Self, StoreError> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Bool(*v),
            Value::Int(v) => Self::Int(i64::from(*v)),
            Value::Long(v) => Self::Int(*v),
            Value::Float(v) => Self::Real(f64::from(*v)),
            Value::Double(v) => Self::Real(*v),
            Value::Str(v) => Self::Text(v.to_string()),
            Value::Object(object) => match &**object {
                Object::Bytes(bytes) => Self::Bytes(bytes.clone()),
                Object::Json(text) => Self::Text(text.to_string()),
                Object::List(_)
                | Object::Map(_)
                | Object::Set(_)
                | Object::Error { .. }
                | Object::Event { .. } => {
                    let why = "no column holds a list, a map, a set or an event";
                    let hint = "write its parts, or its text as `json:toString` gives it";
                    return Err(StoreError::refused("object", why, hint));
                }
            },
        })
    }

    /// The value for an event.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int(v) => Value::Long(v),
            Self::Real(v) => Value::Double(v),
            Self::Text(v) => Value::text(v),
            Self::Bytes(v) => Value::object(Object::Bytes(v)),
        }
    }

    /// A number of ours as stored: epochs and places stay below 2^63.
    pub(crate) fn number(number: u64) -> Result<Self, StoreError> {
        i64::try_from(number).map(Self::Int).map_err(|_| {
            let hint =
                "such a number comes from a damaged log: look at the messages before this one";
            StoreError::refused(number, "it is above 2^63", hint)
        })
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(v) => Some(*v),
            Self::Bool(v) => Some(i64::from(*v)),
            Self::Null | Self::Real(_) | Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    /// An epoch as stored; one that makes no sense counts as none.
    pub(crate) fn as_epoch(&self) -> Epoch {
        Epoch(self.as_int().and_then(|it| u64::try_from(it).ok()).unwrap_or_default())
    }

    /// A place in the log as stored; one that makes no sense counts as none.
    pub(crate) fn as_seq(&self) -> Seq {
        Seq(self.as_int().and_then(|it| u64::try_from(it).ok()).unwrap_or_default())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
