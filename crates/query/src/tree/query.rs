//! Queries and partitions: what is selected, how often it leaves, where it goes.

use super::{Annotation, AttributeRef, Constant, Expr, Input, StreamRef, Time};
use crate::span::Span;

/// A part of an app that runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Execution {
    /// `from … insert into …`.
    Query(Box<Query>),
    /// `partition with (…) begin … end`.
    Partition(Box<Partition>),
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What stands before `from`.
    pub annotations: Vec<Annotation>,
    /// What it reads.
    pub input: Input,
    /// What it selects; `*` where the text says nothing.
    pub selection: Selection,
    /// How often it puts out; at once without it.
    pub rate: Option<Rate>,
    /// Where its output goes.
    pub output: Output,
    /// From the first annotation to the end.
    pub span: Span,
}

/// `select … group by … having … order by … limit … offset …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The output attributes.
    pub items: SelectItems,
    /// `group by`, or empty.
    pub group_by: Vec<AttributeRef>,
    /// The condition on the output.
    pub having: Option<Expr>,
    /// `order by`, or empty.
    pub order_by: Vec<OrderBy>,
    /// `limit`.
    pub limit: Option<Constant>,
    /// `offset`.
    pub offset: Option<Constant>,
    /// All of it; empty where the text has no `select`.
    pub span: Span,
}

impl Selection {
    /// `select *`, as where the text says nothing.
    pub fn everything(span: Span) -> Self {
        Self {
            items: SelectItems::All,
            group_by: Vec::new(),
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            span,
        }
    }

    /// The listed output attributes; none for `*`.
    pub fn listed(&self) -> &[OutputAttribute] {
        match &self.items {
            SelectItems::All => &[],
            SelectItems::List(items) => items,
        }
    }
}

/// What follows `select`.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItems {
    /// `*`.
    All,
    /// A list; never empty.
    List(Vec<OutputAttribute>),
}

/// `expression as name`, or an attribute alone.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputAttribute {
    /// The expression; an attribute where there is no alias.
    pub expr: Expr,
    /// The name after `as`.
    pub alias: Option<String>,
    /// All of it.
    pub span: Span,
}

/// `attribute desc`.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderBy {
    /// The attribute.
    pub attribute: AttributeRef,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// `output … every …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// How it is limited.
    pub kind: RateKind,
    /// All of it.
    pub span: Span,
}

/// How output is limited.
#[derive(Debug, Clone, PartialEq)]
pub enum RateKind {
    /// `output first every 3 events`.
    Events {
        /// Which of them leave.
        which: RateWhich,
        /// How many events make a round.
        count: i32,
    },
    /// `output last every 1 sec`.
    Time {
        /// Which of them leave.
        which: RateWhich,
        /// How long a round is.
        every: Time,
    },
    /// `output snapshot every 1 sec`.
    Snapshot {
        /// How long a round is.
        every: Time,
    },
}

/// Which events of a round leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateWhich {
    /// `all`, or nothing written.
    All,
    /// `first`.
    First,
    /// `last`.
    Last,
}

/// Where the output of a query goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What is done with it.
    pub action: OutputAction,
    /// Which events, if the text says; current events otherwise.
    pub events: Option<EventType>,
    /// All of it.
    pub span: Span,
}

/// What is done with the output of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputAction {
    /// `insert into Target`.
    Insert {
        /// A stream, table or window.
        target: StreamRef,
    },
    /// `delete Target on …`.
    Delete {
        /// The table.
        target: StreamRef,
        /// Which rows; the grammar can do without, the engine cannot.
        on: Option<Expr>,
    },
    /// `update Target set … on …`.
    Update {
        /// The table.
        target: StreamRef,
        /// `set`, or empty: all attributes of the output.
        set: Vec<SetClause>,
        /// Which rows.
        on: Expr,
    },
    /// `update or insert into Target set … on …`.
    UpdateOrInsert {
        /// The table.
        target: StreamRef,
        /// `set`, or empty: all attributes of the output.
        set: Vec<SetClause>,
        /// Which rows.
        on: Expr,
    },
    /// `return`: to the query's callbacks alone.
    Return,
}

/// `Table.attribute = expression`.
#[derive(Debug, Clone, PartialEq)]
pub struct SetClause {
    /// The attribute of the table.
    pub attribute: AttributeRef,
    /// Its new value.
    pub value: Expr,
}

/// Which events an output takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// `current events`, `events`: what arrives.
    Current,
    /// `expired events`: what leaves a window.
    Expired,
    /// `all events`: both.
    All,
}

/// `partition with (key of Stream, …) begin … end`.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// What stands before `partition`.
    pub annotations: Vec<Annotation>,
    /// How streams are divided; at least one.
    pub keys: Vec<PartitionKey>,
    /// What runs in each part.
    pub queries: Vec<Query>,
    /// From the first annotation to `end`.
    pub span: Span,
}

/// How one stream is divided.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionKey {
    /// The stream.
    pub stream: String,
    /// By what.
    pub by: PartitionBy,
    /// All of it.
    pub span: Span,
}

/// By what a stream is divided.
#[derive(Debug, Clone, PartialEq)]
pub enum PartitionBy {
    /// `symbol of S`: a part for each value.
    Value(Expr),
    /// `price < 10 as 'low' or … of S`: a part for each named range.
    Ranges(Vec<PartitionRange>),
}

/// `condition as 'name'`.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionRange {
    /// Which events belong to it.
    pub condition: Expr,
    /// The key of the part.
    pub name: String,
}
