//! SiddhiQL text to a tree and a list of problems, and back.

mod format;
mod lexer;
mod parse;
mod print;
mod problem;
mod render;
mod span;
mod tree;
mod variables;

pub use format::format_source;
pub use parse::{
    EXPRESSION_HEIGHT_MAX, NESTING_MAX, TEXT_BYTES_MAX, parse_app, parse_expression,
    parse_on_demand,
};
pub use print::{print_app, print_expr, print_on_demand, print_query};
pub use problem::{Label, PROBLEMS_MAX, Problem};
pub use render::{render_problem, render_problems};
pub use span::{LineIndex, Position, Span};
pub use tree::{
    AggregationDefinition, AggregationPeriods, Annotation, AnnotationElement, App, Args,
    ArithmeticOp, AttributeDefinition, AttributeRef, CompareOp, Constant, Definition, EventType,
    Execution, Expr, ExprKind, FunctionCall, FunctionDefinition, Handler, HandlerRef, Index, Input,
    Join, JoinKind, Literal, Logical, NullTest, OnDemandAction, OnDemandInput, OnDemandQuery,
    OrderBy, Output, OutputAction, OutputAttribute, Partition, PartitionBy, PartitionKey,
    PartitionRange, Period, Query, Rate, RateKind, RateWhich, SelectItems, Selection, SetClause,
    Side, SingleInput, StateElement, StateInput, StateKind, StreamDefinition, StreamKind,
    StreamRef, TableDefinition, Time, TriggerAt, TriggerDefinition, Type, WindowDefinition, Within,
};
pub use variables::substitute_variables;
