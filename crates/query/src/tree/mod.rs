//! The tree of an app: what the text says, in the order in which it says it.

mod definition;
mod expression;
mod input;
mod on_demand;
mod query;

pub use definition::{
    AggregationDefinition, AggregationPeriods, Annotation, AnnotationElement, App,
    AttributeDefinition, Definition, FunctionDefinition, Period, StreamDefinition, TableDefinition,
    TriggerAt, TriggerDefinition, Type, WindowDefinition,
};
pub use expression::{
    Args, ArithmeticOp, AttributeRef, CompareOp, Constant, Expr, ExprKind, FunctionCall,
    HandlerRef, Index, Literal, NullTest,
};
pub use input::{
    Handler, Input, Join, JoinKind, Logical, Side, SingleInput, StateElement, StateInput,
    StateKind, StreamKind, StreamRef, Time, Within,
};
pub use on_demand::{OnDemandAction, OnDemandInput, OnDemandQuery};
pub use query::{
    EventType, Execution, OrderBy, Output, OutputAction, OutputAttribute, Partition, PartitionBy,
    PartitionKey, PartitionRange, Query, Rate, RateKind, RateWhich, SelectItems, Selection,
    SetClause,
};
