//! What a query reads: streams, joins, patterns and sequences.

use super::{Expr, FunctionCall, Query};
use crate::span::Span;

/// What follows `from`.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// One stream, window, trigger or aggregation.
    Single(SingleInput),
    /// Two of them, joined.
    Join(Box<Join>),
    /// `a -> b`.
    Pattern(Box<StateInput>),
    /// `a, b`.
    Sequence(Box<StateInput>),
    /// `(from … return)`: a query in place of a stream; its output is `Return`.
    Anonymous(Box<Query>),
}

/// A stream by name, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamRef {
    /// The name without its sign.
    pub name: String,
    /// The sign before it.
    pub kind: StreamKind,
    /// Sign and name.
    pub span: Span,
}

/// The sign before a stream's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// `name`.
    Plain,
    /// `#name`: lives inside a partition.
    Inner,
    /// `!name`: carries what failed on `name`.
    Fault,
}

impl StreamKind {
    /// The sign itself; empty for a plain stream.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Inner => "#",
            Self::Fault => "!",
        }
    }
}

/// A stream with what is done to it on the way in.
#[derive(Debug, Clone, PartialEq)]
pub struct SingleInput {
    /// The stream.
    pub stream: StreamRef,
    /// Filters, functions and at most one window, in the order of the text.
    pub handlers: Vec<Handler>,
    /// `as name` in a join, `name=` in a pattern or sequence.
    pub alias: Option<String>,
    /// All of it.
    pub span: Span,
}

impl SingleInput {
    /// The name by which expressions know it: the alias, or else the stream.
    pub fn known_as(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.stream.name)
    }

    /// Its window, if it has one.
    pub fn window(&self) -> Option<&FunctionCall> {
        self.handlers.iter().find_map(|handler| match handler {
            Handler::Window(call) => Some(call),
            Handler::Filter(_) | Handler::Function(_) => None,
        })
    }
}

/// What is done to the events of a stream before the query proper.
#[derive(Debug, Clone, PartialEq)]
pub enum Handler {
    /// `[condition]`.
    Filter(Expr),
    /// `#name(…)` or `#namespace:name(…)`.
    Function(FunctionCall),
    /// `#window.name(…)`.
    Window(FunctionCall),
}

/// Two inputs joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The input written first.
    pub left: SingleInput,
    /// The input written second.
    pub right: SingleInput,
    /// Which side's events go on without a match.
    pub kind: JoinKind,
    /// The one side whose arrivals are joined; both without it.
    pub unidirectional: Option<Side>,
    /// The condition.
    pub on: Option<Expr>,
    /// `within`, with aggregations.
    pub within: Option<Within>,
    /// `per`, with aggregations.
    pub per: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// Which side's events go on without a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `join`, `inner join`: neither.
    Inner,
    /// `left outer join`.
    LeftOuter,
    /// `right outer join`.
    RightOuter,
    /// `full outer join`: both.
    FullOuter,
}

/// A side of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Written first.
    Left,
    /// Written second.
    Right,
}

/// `within start, end` or `within pattern`.
#[derive(Debug, Clone, PartialEq)]
pub struct Within {
    /// The start, or the only bound.
    pub start: Expr,
    /// The end.
    pub end: Option<Expr>,
}

/// A length of time with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// Milliseconds; never negative.
    pub ms: i64,
    /// Where it stands.
    pub span: Span,
}

/// A pattern or a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct StateInput {
    /// What must happen; for a sequence `Every` stands only at the very top.
    pub element: StateElement,
    /// In which time.
    pub within: Option<Time>,
    /// All of it.
    pub span: Span,
}

/// A part of a pattern or sequence, and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct StateElement {
    /// What it is.
    pub kind: StateKind,
    /// Where it stands.
    pub span: Span,
}

/// What a part of a pattern or sequence is.
#[derive(Debug, Clone, PartialEq)]
pub enum StateKind {
    /// `e1=S[filter]`: one event.
    Stream(SingleInput),
    /// `a -> b -> c` or `a, b, c`: two or more, one after the other. A group in parentheses is a
    /// `Next` inside this one.
    Next(Vec<StateElement>),
    /// `every a` or `every (a -> b)`. `every` before the first element of a sequence holds that
    /// element alone.
    Every(Box<StateElement>),
    /// `e1=S<2:5>`; `*`, `?` and `+` in a sequence are 0 or more, 0 or 1, 1 or more.
    Count {
        /// The stream.
        stream: SingleInput,
        /// At least so many; 0 where the text has no minimum.
        min: i32,
        /// At most so many; any number without it.
        max: Option<i32>,
    },
    /// `a and b`, `a or b`: each operand a `Stream` or an `Absent`.
    Logical {
        /// Whether both must happen.
        op: Logical,
        /// Written first.
        left: Box<StateElement>,
        /// Written second.
        right: Box<StateElement>,
    },
    /// `not S for 5 sec`; without a time only as an operand of `and`.
    Absent {
        /// The stream; it has no alias.
        stream: SingleInput,
        /// For how long nothing may arrive.
        waiting: Option<Time>,
    },
}

/// Whether both of two must happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Logical {
    /// Both.
    And,
    /// One of them.
    Or,
}
