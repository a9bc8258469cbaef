//! What an expression sees: for each input its rows, and what the entry provides.

use std::cell::Cell;
use std::sync::Arc;

use weir_event::{Column, NO_ROW, RowStore, Value};

use crate::changes::Changes;
use crate::fault::Fault;

/// Where the values of one input are.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Nowhere: every attribute is null.
    Nothing,
    /// In the columns of a batch.
    Batch {
        /// One column an attribute.
        columns: &'a [Arc<Column>],
        /// When each row happened.
        timestamps: &'a [i64],
    },
    /// In plain columns.
    Columns(&'a [Column]),
    /// In a row store.
    Store(&'a RowStore),
}

impl Source<'_> {
    /// The value of one attribute of one row; null for [`NO_ROW`].
    #[must_use]
    pub fn value(&self, row: u32, column: usize) -> Value {
        if row == NO_ROW {
            return Value::Null;
        }
        match self {
            Self::Nothing => Value::Null,
            Self::Batch { columns, .. } => columns[column].value(row as usize),
            Self::Columns(columns) => columns[column].value(row as usize),
            Self::Store(store) => store.value(row, column),
        }
    }

    /// When one row happened; 0 for [`NO_ROW`].
    #[must_use]
    pub fn timestamp(&self, row: u32) -> i64 {
        if row == NO_ROW {
            return 0;
        }
        match self {
            Self::Nothing | Self::Columns(_) => 0,
            Self::Batch { timestamps, .. } => timestamps[row as usize],
            Self::Store(store) => store.timestamp(row),
        }
    }
}

/// Which rows of an input the expression is computed for.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// The rows `start..`, one after the other.
    From(u32),
    /// These rows; [`NO_ROW`] reads as nulls.
    List(&'a [u32]),
    /// The same row each time.
    Same(u32),
}

impl Rows<'_> {
    /// The row that stands for place `i`.
    #[must_use]
    #[inline]
    pub fn at(&self, i: usize) -> u32 {
        match self {
            Self::From(start) => start + i as u32,
            Self::List(rows) => rows[i],
            Self::Same(row) => *row,
        }
    }
}

/// One input of an expression: a stream, a side of a join, an element of a pattern, a table,
/// the aggregates, or the output attributes.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Where its values are.
    pub source: Source<'a>,
    /// Which rows.
    pub rows: Rows<'a>,
    /// The timestamps to show instead of the rows' own, one a place: an event that left a window
    /// shows when it left.
    pub shown_at: Option<&'a [i64]>,
    /// Set for all events of a counted pattern element: `rows` are numbers of these chains.
    pub chain: Option<Chains<'a>>,
}

/// Chains of rows, one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Chains<'a> {
    /// Where each chain ends in `rows`.
    pub ends: &'a [u32],
    /// The rows of all chains.
    pub rows: &'a [u32],
}

impl<'a> Chains<'a> {
    /// The rows of one chain; none for one that is not there.
    #[must_use]
    pub fn at(&self, chain: u32) -> &'a [u32] {
        let chain = chain as usize;
        let Some(end) = self.ends.get(chain) else { return &[] };
        let start = if chain == 0 { 0 } else { self.ends[chain - 1] };
        &self.rows[start as usize..*end as usize]
    }
}

impl<'a> Input<'a> {
    /// The rows as they are.
    #[must_use]
    pub fn new(source: Source<'a>, rows: Rows<'a>) -> Self {
        Self { source, rows, shown_at: None, chain: None }
    }

    /// An input that has no event: all of its attributes are null.
    pub const NOTHING: Input<'static> =
        Input { source: Source::Nothing, rows: Rows::Same(NO_ROW), shown_at: None, chain: None };
}

/// Answers `condition in Table` for one place of a scope.
pub trait InTable {
    /// Whether some row of the table meets check number `check` of this query.
    ///
    /// # Errors
    ///
    /// The condition could not be computed.
    fn contains(&self, check: usize, scope: &Scope<'_>, place: usize) -> Result<bool, Fault>;
}

/// What the entry provides to expressions instead of a clock and a source of random numbers.
pub struct Env<'a> {
    /// The app's clock in epoch milliseconds.
    pub now: i64,
    /// Counts the random values drawn in this entry; seeded by its place in the log.
    pub random: &'a Cell<u64>,
    /// Answers `in`.
    pub tables: Option<&'a dyn InTable>,
    /// Lists and maps that functions changed; `None` where nobody else could see them.
    pub changes: Option<&'a Changes>,
}

impl Env<'_> {
    /// The next random number, the same each time the entry is replayed (splitmix64).
    #[must_use]
    pub fn next_random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.random.set(state);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// What an expression is computed over: `len` places, each naming a row of every input.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The inputs by slot number.
    pub inputs: &'a [Input<'a>],
    /// The number of places.
    pub len: usize,
    /// What the entry provides.
    pub env: &'a Env<'a>,
}

impl<'a> Scope<'a> {
    /// The input in a slot; one without events where the slot is not filled.
    #[must_use]
    #[inline]
    pub fn input(&self, slot: u16) -> Input<'a> {
        self.inputs.get(slot as usize).copied().unwrap_or(Input::NOTHING)
    }

    /// The value of one attribute at one place.
    #[must_use]
    pub fn value(&self, slot: u16, column: u16, place: usize) -> Value {
        let input = self.input(slot);
        input.source.value(input.rows.at(place), column as usize)
    }
}
