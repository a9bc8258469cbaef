//! Statements of the user's own tables, with values of events.

use weir_event::{Epoch, Object, OutputNo, Value};

use super::error::StoreError;
use rusqlite::types::{Value as Stored, ValueRef};

/// How many rows a query may answer: 1,000,000. One that finds more is refused.
pub const QUERY_ROWS_MAX: usize = 1_000_000;

/// A statement and the values for its `?`, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, in the database's own dialect.
    pub text: String,
    /// The values.
    pub values: Vec<Value>,
}

/// What a query answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`. Whole numbers are `long`, others `double`.
    pub rows: Vec<Vec<Value>>,
}

/// The number of a write among those of one store of one app: a function of the log, so that a
/// replay numbers its writes the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteMark {
    /// The app.
    pub app: String,
    /// The store, unique within the app.
    pub store: String,
    /// The epoch of the node that writes.
    pub epoch: Epoch,
    /// The number; each write has a greater one than the write before.
    pub number: OutputNo,
}

/// What became of a numbered write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It was done; how many rows each statement changed.
    Done(Vec<u64>),
    /// It had been done before, and nothing was done now.
    Before,
}

/// A database that runs statements.
pub trait Sql: Send {
    /// Runs a statement and answers how many rows it changed.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]; nothing has changed, except as said there.
    fn execute(&mut self, statement: &Statement) -> Result<u64, StoreError>;

    /// Runs statements in one transaction: all of them or none.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]; nothing has changed, except as said there.
    fn execute_all(&mut self, statements: &[Statement]) -> Result<Vec<u64>, StoreError>;

    /// Runs statements in one transaction together with their number, unless the number or a
    /// greater one stands there already: a replay writes nothing twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a node of a higher epoch has written; otherwise as
    /// [`Self::execute_all`].
    fn execute_once(
        &mut self,
        mark: &WriteMark,
        statements: &[Statement],
    ) -> Result<Once, StoreError>;

    /// Runs a query.
    ///
    /// # Errors
    ///
    /// See [`StoreError`], and above [`QUERY_ROWS_MAX`].
    fn query(&mut self, statement: &Statement) -> Result<Rows, StoreError>;
}

/// A value as SQLite stores it.
pub(crate) fn bound(value: &Value) -> Result<Stored, StoreError> {
    Ok(match value {
        Value::Null => Stored::Null,
        Value::Bool(v) => Stored::Integer(i64::from(*v)),
        Value::Int(v) => Stored::Integer(i64::from(*v)),
        Value::Long(v) => Stored::Integer(*v),
        Value::Float(v) => Stored::Real(f64::from(*v)),
        Value::Double(v) => Stored::Real(*v),
        Value::Str(v) => Stored::Text(v.to_string()),
        Value::Object(object) => match &**object {
            Object::Bytes(bytes) => Stored::Blob(bytes.clone()),
            Object::Json(text) => Stored::Text(text.to_string()),
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

/// A value as SQLite gave it.
pub(crate) fn value_of(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::Long(v),
        ValueRef::Real(v) => Value::Double(v),
        ValueRef::Text(text) => Value::text(String::from_utf8_lossy(text).as_ref()),
        ValueRef::Blob(bytes) => Value::object(Object::Bytes(bytes.to_vec())),
    }
}
