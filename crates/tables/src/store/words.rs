//! What a store is asked, in words that need no engine.

use weir_event::{DataType, OutputNo, Schema, Value};
use weir_expr::{ArithmeticOp, CompareOp};

/// A table whose rows are in a store, as its definition has it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSpec {
    /// The app.
    pub app: String,
    /// The table.
    pub table: String,
    /// Its attributes.
    pub schema: Schema,
    /// The places of the primary key's attributes; empty without one.
    pub primary_key: Vec<usize>,
    /// The places of the attributes of each index.
    pub indexes: Vec<Vec<usize>>,
    /// The options of `@store`, with `type`; those without a name have an empty one.
    pub options: Vec<(String, String)>,
}

impl StoreSpec {
    /// An option, whatever the case of its name.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        let (_, value) = self.options.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// An expression that a store computes for each of its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreExpr {
    /// An attribute of the row, by its place.
    Column(usize),
    /// A value that is given with each question, of this type.
    Param(usize, DataType),
    /// Both.
    And(Box<[StoreExpr; 2]>),
    /// Either.
    Or(Box<[StoreExpr; 2]>),
    /// Not.
    Not(Box<StoreExpr>),
    /// Whether there is no value.
    IsNull(Box<StoreExpr>),
    /// A comparison.
    Compare(CompareOp, Box<[StoreExpr; 2]>),
    /// Arithmetic.
    Arithmetic(ArithmeticOp, Box<[StoreExpr; 2]>),
}

/// Something that an app does to a store again and again, with other values.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreStatement {
    /// The rows that meet a condition.
    Find(StoreExpr),
    /// Whether some row meets it.
    Contains(StoreExpr),
    /// Any rows, so many at most.
    First(u64),
    /// How many rows there are.
    Count,
    /// Rows are added.
    Insert,
    /// The rows that meet it go.
    Delete(StoreExpr),
    /// The rows that meet it get new values, by the places of their attributes.
    Update(StoreExpr, Vec<(usize, StoreExpr)>),
    /// So they do, and where none meets it a row is added.
    UpdateOrInsert(StoreExpr, Vec<(usize, StoreExpr)>),
}

/// A question to a store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup<'a> {
    /// Its number among the questions of this app to this store. It is a function of the log, so
    /// that an answer that was recorded is found again when the log is replayed.
    pub call: u64,
    /// What [`Store::prepare`] answered.
    pub statement: usize,
    /// The values of its parameters.
    pub params: &'a [Value],
}

/// One row's worth of a change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChangedRow {
    /// The values of the statement's parameters.
    pub params: Vec<Value>,
    /// The row to add, for statements that add one.
    pub row: Vec<Value>,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFailure {
    /// What is in the way; a second line may say what to do.
    pub why: String,
    /// Whether the same may work later, without a person changing anything here.
    pub is_passing: bool,
}

impl StoreFailure {
    /// A failure that does not pass by itself.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_passing: false }
    }
}

/// Rows outside of the app: in a database, or whatever else keeps rows.
///
/// One store serves one table of one app on one thread. A question sees every change that was
/// handed over before it. Questions and changes are numbered by the log, so that whoever stands
/// behind this can record answers and replay them, and do no change twice.
pub trait Store: Send {
    /// Makes a statement ready, or finds that it was; its number. Nothing is asked or changed
    /// yet, and nobody has to be connected.
    ///
    /// # Errors
    ///
    /// The store cannot do this; the words say what.
    fn prepare(&mut self, statement: &StoreStatement) -> Result<usize, StoreFailure>;

    /// The app starts: tables are made that are not there.
    ///
    /// # Errors
    ///
    /// The store cannot be used.
    fn start(&mut self) -> Result<(), StoreFailure>;

    /// The rows that a [`StoreStatement::Find`] or [`StoreStatement::First`] means, each with the
    /// values of all attributes.
    ///
    /// # Errors
    ///
    /// There is no answer; the event goes to `@OnError`.
    fn find(&mut self, asked: &Lookup<'_>) -> Result<Vec<Vec<Value>>, StoreFailure>;

    /// Whether some row meets the condition of a [`StoreStatement::Contains`].
    ///
    /// # Errors
    ///
    /// There is no answer; the event goes to `@OnError`.
    fn contains(&mut self, asked: &Lookup<'_>) -> Result<bool, StoreFailure>;

    /// How many rows there are, for a [`StoreStatement::Count`].
    ///
    /// # Errors
    ///
    /// There is no answer; the event goes to `@OnError`.
    fn count(&mut self, asked: &Lookup<'_>) -> Result<u64, StoreFailure>;

    /// Hands a change over: all of its rows, in order, or none. Each change of a table has a
    /// greater number than the one before.
    ///
    /// # Errors
    ///
    /// It is refused; the events go to `@OnError`. A store may also take the change and do it
    /// later, and then what comes of it is no longer the event's.
    fn change(
        &mut self,
        number: OutputNo,
        statement: usize,
        rows: Vec<ChangedRow>,
    ) -> Result<(), StoreFailure>;
}

/// Opens stores for the tables of apps, by the `type` of their `@store`.
pub trait OpenStores {
    /// Makes the store of a table; without reaching out to anything.
    ///
    /// # Errors
    ///
    /// There is no such store, or an option is wrong; the words say what, a second line what to
    /// do.
    fn open(&self, spec: &StoreSpec) -> Result<Box<dyn Store>, StoreFailure>;
}
