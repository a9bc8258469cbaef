//! On-demand queries: asked from outside, answered once.

use super::{Expr, Selection, SetClause, StreamRef, Within};
use crate::span::Span;

/// An on-demand query.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandQuery {
    /// What it reads, if it reads.
    pub input: Option<OnDemandInput>,
    /// What it selects; `*` where the text says nothing.
    pub selection: Selection,
    /// What it does.
    pub action: OnDemandAction,
    /// All of it.
    pub span: Span,
}

/// `from Table as t on … within … per …`.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandInput {
    /// A table, window or aggregation.
    pub store: StreamRef,
    /// The alias, which the reference reads and then forgets.
    pub alias: Option<String>,
    /// Which rows.
    pub on: Option<Expr>,
    /// `within`, with aggregations.
    pub within: Option<Within>,
    /// `per`, with aggregations.
    pub per: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// What an on-demand query does.
#[derive(Debug, Clone, PartialEq)]
pub enum OnDemandAction {
    /// Nothing but answer.
    Find,
    /// `insert into Table`.
    Insert {
        /// The table.
        target: StreamRef,
    },
    /// `delete Table on …`.
    Delete {
        /// The table.
        target: StreamRef,
        /// Which rows.
        on: Option<Expr>,
    },
    /// `update Table set … on …`.
    Update {
        /// The table.
        target: StreamRef,
        /// `set`, or empty.
        set: Vec<SetClause>,
        /// Which rows.
        on: Expr,
    },
    /// `update or insert into Table set … on …`.
    UpdateOrInsert {
        /// The table.
        target: StreamRef,
        /// `set`, or empty.
        set: Vec<SetClause>,
        /// Which rows.
        on: Expr,
    },
}
