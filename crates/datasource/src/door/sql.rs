//! Statements of the user's own tables, with values of events.

use weir_event::{Epoch, OutputNo, Value};

use super::error::StoreError;
use crate::session::Dialect;

/// How many rows a query may answer: 1,000,000. One that finds more is refused.
pub const QUERY_ROWS_MAX: usize = 1_000_000;

/// A statement and the values for its `?`, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, in the database's own dialect, with `?` where a value goes (`??` for the
    /// operator of PostgreSQL).
    pub text: String,
    /// The values.
    pub values: Vec<Value>,
    /// Whether it is left out when the statement before it met a row.
    pub only_if_none: bool,
}

impl Statement {
    /// A statement.
    #[must_use]
    pub fn new(text: impl Into<String>, values: impl Into<Vec<Value>>) -> Self {
        Self { text: text.into(), values: values.into(), only_if_none: false }
    }

    /// The same, left out when the statement before it met a row.
    #[must_use]
    pub fn unless_met(self) -> Self {
        Self { only_if_none: true, ..self }
    }
}

/// What a query answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`. Whole numbers are `long`, others `double`; a truth
    /// value is `bool` where the database has such a type.
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
    /// The SQL that its statements are written in.
    fn dialect(&self) -> Dialect;

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
