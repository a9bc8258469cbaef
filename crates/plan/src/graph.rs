//! What planning gives: streams, tables and queries with every name and type resolved.

use std::sync::Arc;

use weir_event::{DataType, Schema, Value};
use weir_expr::{Aggregate, Bound, Expr, StreamFunction};
use weir_query::{Annotation, EventType, JoinKind, Logical, RateKind, Span};

use crate::statistics::StatisticsPlan;

/// Declares a number that names one thing of a plan.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in the plan's list.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A stream of the app.
    StreamId
);
id!(
    /// A table of the app.
    TableId
);
id!(
    /// A named window of the app.
    WindowId
);
id!(
    /// An aggregation of the app.
    AggregationId
);
id!(
    /// A query of the app.
    QueryId
);
id!(
    /// A partition of the app.
    PartitionId
);

/// An app, ready to run.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The name given by `@app:name`, if there is one.
    pub name: Option<String>,
    /// The app's own annotations.
    pub annotations: Vec<Annotation>,
    /// Set by `@app:playback`.
    pub playback: Option<Playback>,
    /// Set by `@app:statistics`.
    pub statistics: Option<StatisticsPlan>,
    /// All streams: defined, created by queries, inner, and fault streams.
    pub streams: Vec<StreamPlan>,
    /// The tables.
    pub tables: Vec<TablePlan>,
    /// The named windows.
    pub windows: Vec<NamedWindowPlan>,
    /// The triggers.
    pub triggers: Vec<TriggerPlan>,
    /// The aggregations.
    pub aggregations: Vec<AggregationPlan>,
    /// The functions whose text is in the app.
    pub scripts: Vec<ScriptPlan>,
    /// The queries, in the order of the text, those in partitions among them.
    pub queries: Vec<QueryPlan>,
    /// The partitions, in the order of the text.
    pub partitions: Vec<PartitionPlan>,
    /// Windows, and what they hold, of queries that could not be planned: what is wrong with
    /// their parameters is found in the same go.
    pub strays: Vec<(WindowPlan, Schema)>,
}

impl Plan {
    /// The stream of that name; inner and fault streams by their name with the sign.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<StreamId> {
        let at = self.streams.iter().position(|it| it.name == name && it.partition.is_none())?;
        Some(StreamId(at as u32))
    }
}

/// `@app:playback(idle.time=…, increment=…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playback {
    /// After so much real silence the clock is moved, in milliseconds.
    pub idle_ms: Option<i64>,
    /// By how much, in milliseconds.
    pub increment_ms: i64,
}

/// A function of `define function`.
#[derive(Debug, Clone)]
pub struct ScriptPlan {
    /// Its name.
    pub name: String,
    /// The function made ready; `None` where its text is wrong.
    pub bound: Option<Bound>,
}

/// A stream.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// Its name, with the sign of an inner or fault stream.
    pub name: String,
    /// Its attributes.
    pub schema: Schema,
    /// What stands before its definition: sources, sinks and so on.
    pub annotations: Vec<Annotation>,
    /// The partition an inner stream lives in.
    pub partition: Option<PartitionId>,
    /// What happens to events that cannot be computed.
    pub on_error: OnError,
}

/// What `@OnError` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Logged and dropped.
    Log,
    /// Sent to the fault stream, with the error.
    Stream(StreamId),
    /// Kept in the error store.
    Store,
}

/// A table.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub schema: Schema,
    /// The places of the primary key's attributes; empty without one.
    pub primary_key: Vec<usize>,
    /// The places of indexed attributes.
    pub indexes: Vec<usize>,
    /// What stands before its definition.
    pub annotations: Vec<Annotation>,
    /// The store that its rows are in, where they are not in memory.
    pub store: Option<TableStore>,
}

/// What `@store` says.
#[derive(Debug, Clone)]
pub struct TableStore {
    /// Its options, with `type`; those without a name have an empty one.
    pub options: Vec<(String, String)>,
    /// The places of the attributes of each `@Index`.
    pub indexes: Vec<Vec<usize>>,
    /// What `@cache` says.
    pub cache: Option<CachePlan>,
    /// The annotation.
    pub span: Span,
}

/// What the `@cache` of a `@store` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlan {
    /// How many rows it holds at most.
    pub size: usize,
    /// Which row goes when there are too many.
    pub policy: CacheWord,
    /// How long a row is kept, in milliseconds; `None` for ever.
    pub retention_ms: Option<i64>,
    /// How often rows that were kept long enough are taken out, in milliseconds.
    pub purge_every_ms: i64,
}

/// The policies of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheWord {
    /// First in, first out.
    Fifo,
    /// The least recently used row goes.
    Lru,
    /// The least frequently used row goes.
    Lfu,
}

/// A `define window`.
#[derive(Debug, Clone)]
pub struct NamedWindowPlan {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub schema: Schema,
    /// Which window, over slot 0.
    pub window: WindowPlan,
    /// Which of its events its readers see.
    pub output: EventType,
}

/// A window call.
#[derive(Debug, Clone)]
pub struct WindowPlan {
    /// Its name without `window.`.
    pub name: String,
    /// Its parameters, computed over the arriving event in slot 0.
    pub params: Vec<Expr>,
    /// What the arriving event is known as.
    pub input: String,
    /// Where it stands in the text.
    pub span: Span,
}

/// A trigger: a stream with the attribute `triggered_time long`.
#[derive(Debug, Clone)]
pub struct TriggerPlan {
    /// The stream it sends to.
    pub stream: StreamId,
    /// When it fires.
    pub at: TriggerTime,
    /// Where it stands in the text.
    pub span: Span,
}

/// When a trigger fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerTime {
    /// Once, when the app starts.
    Start,
    /// Each time so many milliseconds have passed.
    EveryMs(i64),
    /// As a Quartz cron expression says.
    Cron(String),
}

/// A `define aggregation`.
#[derive(Debug, Clone)]
pub struct AggregationPlan {
    /// Its name.
    pub name: String,
    /// What a reader sees: `AGG_TIMESTAMP` and the selected attributes.
    pub schema: Schema,
    /// What it reads.
    pub input: SinglePlan,
    /// The group-by attributes, over slot 0.
    pub group_by: Vec<Expr>,
    /// The selected values.
    pub items: Vec<AggregationItem>,
    /// The attribute that says the time of an event; the app's clock without it.
    pub by: Option<Expr>,
    /// Whether the newest value is that of the latest event by `by`, not of the last to arrive.
    pub newest_by_time: bool,
    /// The periods, finest first.
    pub periods: Vec<weir_query::Period>,
    /// How long closed periods are kept; for ever without it.
    pub retention: Option<Retention>,
    /// The tables of a database in which its closed periods are, too.
    pub stored: Option<StoredPeriods>,
    /// The time zone whose days, months and years count; `None` for GMT.
    pub time_zone: Option<String>,
    /// Its definition.
    pub span: Span,
    /// What stands before its definition.
    pub annotations: Vec<Annotation>,
}

/// The tables of a database that hold closed periods: `AGG_TIMESTAMP`, the time of events where
/// they have their own, the group, newest values, the time of the latest event, and the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPeriods {
    /// A table for each period, finest first.
    pub tables: Vec<TableId>,
    /// The column of each part, in the order in which the aggregation has them.
    pub parts: Vec<usize>,
    /// The column of `AGG_LAST_EVENT_TIMESTAMP`, where it is there.
    pub latest: Option<usize>,
}

/// How long an aggregation keeps closed periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How often it is looked at, in milliseconds.
    pub interval_ms: i64,
    /// For each period, how long, in milliseconds; for ever without it.
    pub kept: Vec<Option<i64>>,
}

/// One selected value of an aggregation.
#[derive(Debug, Clone)]
pub struct AggregationItem {
    /// Its name.
    pub name: String,
    /// Which aggregate; without one the newest value, or a group-by attribute.
    pub aggregate: Option<Aggregate>,
    /// The argument, or the value itself; `count()` has none.
    pub value: Option<Expr>,
    /// The type of what a reader sees.
    pub data_type: DataType,
    /// Which of the group-by attributes the value is.
    pub group: Option<usize>,
}

/// A query.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// Its name: `@info(name='…')`, or `query_<n>`.
    pub name: String,
    /// Where it stands in the text.
    pub span: Span,
    /// The partition it stands in.
    pub partition: Option<PartitionId>,
    /// What it reads.
    pub input: InputPlan,
    /// What it selects.
    pub select: SelectPlan,
    /// How often it puts out.
    pub rate: Option<RateKind>,
    /// Where its output goes.
    pub output: OutputPlan,
    /// The tables that its `in` conditions search.
    pub checks: Vec<CheckPlan>,
}

/// A condition on the rows of a table, for one `in`.
#[derive(Debug, Clone)]
pub struct CheckPlan {
    /// The table.
    pub table: TableId,
    /// The condition; the table's row is in `table_slot`.
    pub condition: Expr,
    /// See `condition`.
    pub table_slot: u16,
}

/// What a query reads.
#[derive(Debug, Clone)]
pub enum InputPlan {
    /// One stream or named window; slot 0.
    Single(Box<SinglePlan>),
    /// Two inputs joined; slots 0 and 1.
    Join(Box<JoinPlan>),
    /// A pattern or sequence; a slot for each of its views.
    State(Box<StatePlan>),
}

impl InputPlan {
    /// Its windows and what they hold.
    pub(crate) fn strays(self) -> Vec<(WindowPlan, Schema)> {
        match self {
            Self::Single(single) => single.stray().into_iter().collect(),
            Self::Join(join) => {
                [join.left, join.right].into_iter().filter_map(SinglePlan::stray).collect()
            }
            Self::State(_) => Vec::new(),
        }
    }
}

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A stream.
    Stream(StreamId),
    /// A named window.
    Window(WindowId),
    /// A table, which only joins can read.
    Table(TableId),
    /// An aggregation, which only joins can read.
    Aggregation(AggregationId),
}

/// One input with what is done to its events on the way in.
#[derive(Debug, Clone)]
pub struct SinglePlan {
    /// Where the events come from.
    pub origin: Origin,
    /// Filters and functions before the window.
    pub before: Vec<HandlerPlan>,
    /// The window.
    pub window: Option<WindowPlan>,
    /// Filters and functions after the window.
    pub after: Vec<HandlerPlan>,
    /// The attributes after all handlers.
    pub schema: Schema,
    /// The attributes as the window holds them.
    pub window_schema: Schema,
}

impl SinglePlan {
    /// Its window and what that holds.
    pub(crate) fn stray(self) -> Option<(WindowPlan, Schema)> {
        Some((self.window?, self.window_schema))
    }
}

/// What is done to each event.
#[derive(Debug, Clone)]
pub enum HandlerPlan {
    /// Events go on where it holds; aggregates are in the slot after the inputs.
    Filter {
        /// The condition.
        condition: Expr,
        /// The aggregates it uses.
        aggregates: Vec<AggregatePlan>,
    },
    /// `#log(…)`.
    Log {
        /// `INFO` and so on.
        priority: String,
        /// What to say before the event.
        message: Option<Expr>,
        /// Whether the event is shown.
        show_event: bool,
    },
    /// What takes the place of a stream for a while, such as `#reorder:kslack(…)`; like a window
    /// it keeps a state, but its events go on to the window.
    Processor {
        /// Its name and parameters.
        call: WindowPlan,
        /// The attributes of the events it takes.
        schema: Schema,
    },
    /// A stream function that adds attributes.
    Function {
        /// What it does.
        function: Arc<dyn StreamFunction>,
        /// The arguments.
        args: Vec<Expr>,
    },
}

/// A join.
#[derive(Debug, Clone)]
pub struct JoinPlan {
    /// Slot 0.
    pub left: SinglePlan,
    /// Slot 1.
    pub right: SinglePlan,
    /// Which side's events go on without a match.
    pub kind: JoinKind,
    /// Whether arrivals on the left are joined.
    pub left_triggers: bool,
    /// Whether arrivals on the right are joined.
    pub right_triggers: bool,
    /// The condition; none holds always.
    pub on: Option<Expr>,
    /// `within` of an aggregation side.
    pub within: Option<(Expr, Option<Expr>)>,
    /// `per` of an aggregation side.
    pub per: Option<Expr>,
}

/// A pattern or sequence.
#[derive(Debug, Clone)]
pub struct StatePlan {
    /// Whether other events may lie between the elements.
    pub sequence: bool,
    /// The streams waited for, in the order of the text.
    pub elements: Vec<ElementPlan>,
    /// How they belong together.
    pub root: StateNode,
    /// In which time, in milliseconds.
    pub within_ms: Option<i64>,
    /// What expressions see: slot `i` is `views[i]`.
    pub views: Vec<View>,
}

/// One slot of a pattern's expressions: one event, or all events, of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The element's number.
    pub element: u16,
    /// Which of its events.
    pub which: Which,
}

/// Which event of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that has just arrived and is being tried.
    Candidate,
    /// The n-th, from 0.
    At(u32),
    /// The newest for 0, the one before it for 1, and so on.
    Last(u32),
    /// All, as a list.
    All,
}

/// One stream of a pattern.
#[derive(Debug, Clone)]
pub struct ElementPlan {
    /// Where its events come from: a stream, or a named window, of which all rows are events.
    pub origin: Origin,
    /// Its name: the alias, or the stream's.
    pub name: String,
    /// Its attributes.
    pub schema: Schema,
    /// The conditions an event must meet; the event is the element's candidate view.
    pub filters: Vec<ElementFilter>,
    /// The candidate's slot.
    pub candidate: u16,
    /// At least so many events.
    pub min: u32,
    /// At most so many; any number without it.
    pub max: Option<u32>,
    /// Set for `not`: nothing may arrive.
    pub absent: Option<Absent>,
    /// Whether it was written with a count (`<m:n>`, `*`, `+`, `?`).
    pub counted: bool,
}

/// A condition on the events of an element.
#[derive(Debug, Clone)]
pub struct ElementFilter {
    /// The condition; aggregates are in the slot after the views.
    pub condition: Expr,
    /// The aggregates it uses: over all events that the element was tried with.
    pub aggregates: Vec<AggregatePlan>,
}

/// An element that must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    /// For so long, in milliseconds; without it, until the other operand of `and` happens.
    pub for_ms: Option<i64>,
}

/// How elements belong together.
#[derive(Debug, Clone)]
pub enum StateNode {
    /// The element of that number.
    Element(u16),
    /// One after the other.
    Next(Vec<StateNode>),
    /// Starts again each time.
    Every(Box<StateNode>),
    /// Two at once; operands are elements.
    Logical {
        /// Both or either.
        op: Logical,
        /// Written first.
        left: u16,
        /// Written second.
        right: u16,
    },
}

/// An aggregate call.
#[derive(Debug, Clone)]
pub struct AggregatePlan {
    /// Which.
    pub aggregate: Aggregate,
    /// Its argument; `count()` has none.
    pub arg: Option<Expr>,
    /// Which events it learns of, where it stands in a part that is not always computed.
    pub guard: Option<Expr>,
    /// The type of its answer.
    pub data_type: DataType,
}

/// What a query selects. Slots: the inputs, then the aggregates, then the output attributes.
#[derive(Debug, Clone)]
pub struct SelectPlan {
    /// The number of inputs.
    pub inputs: u16,
    /// The output attributes.
    pub schema: Schema,
    /// Their values.
    pub items: Vec<Expr>,
    /// The aggregates.
    pub aggregates: Vec<AggregatePlan>,
    /// The group-by attributes.
    pub group_by: Vec<Expr>,
    /// The condition on the output.
    pub having: Option<Expr>,
    /// Output attributes to sort by, and whether the largest comes first.
    ///
    /// Places behind the output attributes are those of `order_extra`.
    pub order_by: Vec<(usize, bool)>,
    /// Attributes of the inputs to sort by.
    pub order_extra: Vec<Expr>,
    /// `limit`.
    pub limit: Option<u64>,
    /// `offset`.
    pub offset: Option<u64>,
}

/// Where the output of a query goes.
#[derive(Debug, Clone)]
pub struct OutputPlan {
    /// What is done with it.
    pub action: ActionPlan,
    /// Which events.
    pub events: EventType,
}

/// What is done with the output of a query.
#[derive(Debug, Clone)]
pub enum ActionPlan {
    /// Sent to a stream.
    Stream(StreamId),
    /// Added to a named window.
    Window(WindowId),
    /// Added to a table.
    Insert(TableId),
    /// Rows of a table go.
    Delete(TableChange),
    /// Rows of a table change.
    Update(TableChange),
    /// Rows of a table change, or the event is added.
    UpdateOrInsert(TableChange),
    /// Nothing: callbacks alone see it.
    Return,
}

/// A change of rows: the output event is in slot 0, the table's row in slot 1.
#[derive(Debug, Clone)]
pub struct TableChange {
    /// The table.
    pub table: TableId,
    /// Which rows.
    pub condition: Expr,
    /// Attributes of the table and their new values.
    pub set: Vec<(usize, Expr)>,
    /// Whether the text has a `set`; without it every output attribute is set.
    pub explicit_set: bool,
    /// The tables that its `in` conditions search; their row is in slot 2.
    pub checks: Vec<CheckPlan>,
}

/// A partition.
#[derive(Debug, Clone)]
pub struct PartitionPlan {
    /// How streams are divided.
    pub keys: Vec<KeyPlan>,
    /// Its queries, in the order of the text.
    pub queries: Vec<QueryId>,
    /// What stands before it.
    pub annotations: Vec<Annotation>,
    /// Set by `@purge`.
    pub purge: Option<Purge>,
}

/// When the state of idle keys goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// How often it is looked at, in milliseconds.
    pub interval_ms: i64,
    /// A key idle for longer than this goes, in milliseconds.
    pub idle_ms: i64,
}

/// How a stream is divided.
#[derive(Debug, Clone)]
pub struct KeyPlan {
    /// The stream or named window.
    pub origin: Origin,
    /// By what.
    pub by: KeyBy,
}

/// By what a stream is divided; expressions over slot 0.
#[derive(Debug, Clone)]
pub enum KeyBy {
    /// A part for each value.
    Value(Expr),
    /// A part for each label whose condition holds.
    Ranges(Vec<(Expr, String)>),
}

/// The type of a language's word.
#[must_use]
pub(crate) fn data_type(word: weir_query::Type) -> DataType {
    match word {
        weir_query::Type::String => DataType::String,
        weir_query::Type::Int => DataType::Int,
        weir_query::Type::Long => DataType::Long,
        weir_query::Type::Float => DataType::Float,
        weir_query::Type::Double => DataType::Double,
        weir_query::Type::Bool => DataType::Bool,
        weir_query::Type::Object => DataType::Object,
    }
}

/// The value and type of a constant.
#[must_use]
pub(crate) fn literal(literal: &weir_query::Literal) -> (Value, DataType) {
    use weir_query::Literal;
    match literal {
        Literal::Int(v) => (Value::Int(*v), DataType::Int),
        Literal::Long(v) | Literal::TimeMs(v) => (Value::Long(*v), DataType::Long),
        Literal::Float(v) => (Value::Float(*v), DataType::Float),
        Literal::Double(v) => (Value::Double(*v), DataType::Double),
        Literal::Bool(v) => (Value::Bool(*v), DataType::Bool),
        Literal::Str(v) => (Value::text(v.as_str()), DataType::String),
    }
}
