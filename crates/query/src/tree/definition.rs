//! An app and what it defines.

use super::{AttributeRef, Execution, FunctionCall, OutputAttribute, SelectItems, SingleInput};
use super::{EventType, Time};
use crate::span::Span;

/// A whole app.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct App {
    /// The `@app:…` annotations; their names come without `app:`.
    pub annotations: Vec<Annotation>,
    /// All definitions, in the order of the text.
    pub definitions: Vec<Definition>,
    /// Queries and partitions, in the order of the text.
    pub execution: Vec<Execution>,
}

impl App {
    /// The first `@app:name` annotation of that name, whatever its case.
    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// The name given by `@app:name('…')`.
    pub fn name(&self) -> Option<&str> {
        self.annotation("name")?.elements.first().map(|it| it.value.as_str())
    }
}

/// `@name(key='value', 'value', @nested(…))`.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// The name as written, without `@` and without `app:`; its case does not matter.
    pub name: String,
    /// The elements, in the order of the text.
    pub elements: Vec<AnnotationElement>,
    /// The annotations inside, in the order of the text.
    pub annotations: Vec<Annotation>,
    /// From `@` to the closing parenthesis.
    pub span: Span,
}

impl Annotation {
    /// The value of the first element with that key, whatever its case.
    pub fn element(&self, key: &str) -> Option<&AnnotationElement> {
        self.elements
            .iter()
            .find(|it| it.key.as_deref().is_some_and(|written| written.eq_ignore_ascii_case(key)))
    }

    /// The first annotation of that name inside, whatever its case.
    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }
}

/// `key='value'`, or `'value'` alone.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationElement {
    /// The key, with its dots, dashes and colons, if there is one.
    pub key: Option<String>,
    /// What stands between the quotes.
    pub value: String,
    /// The whole element.
    pub span: Span,
}

/// One `define …`.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// `define stream`.
    Stream(StreamDefinition),
    /// `define table`.
    Table(TableDefinition),
    /// `define window`.
    Window(Box<WindowDefinition>),
    /// `define trigger`.
    Trigger(TriggerDefinition),
    /// `define function`.
    Function(FunctionDefinition),
    /// `define aggregation`.
    Aggregation(Box<AggregationDefinition>),
}

impl Definition {
    /// The name it defines.
    pub fn name(&self) -> &str {
        match self {
            Self::Stream(it) => &it.name,
            Self::Table(it) => &it.name,
            Self::Window(it) => &it.name,
            Self::Trigger(it) => &it.name,
            Self::Function(it) => &it.name,
            Self::Aggregation(it) => &it.name,
        }
    }

    /// From its first annotation to its end.
    pub fn span(&self) -> Span {
        match self {
            Self::Stream(it) => it.span,
            Self::Table(it) => it.span,
            Self::Window(it) => it.span,
            Self::Trigger(it) => it.span,
            Self::Function(it) => it.span,
            Self::Aggregation(it) => it.span,
        }
    }
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text.
    String,
    /// 32 bits, signed.
    Int,
    /// 64 bits, signed.
    Long,
    /// 32 bits, binary floating point.
    Float,
    /// 64 bits, binary floating point.
    Double,
    /// True or false.
    Bool,
    /// Anything.
    Object,
}

impl Type {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Object => "object",
        }
    }
}

/// `price double`.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeDefinition {
    /// The attribute.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Name and type.
    pub span: Span,
}

/// `define stream Name (a int, …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamDefinition {
    /// What stands before `define`.
    pub annotations: Vec<Annotation>,
    /// The stream.
    pub name: String,
    /// At least one.
    pub attributes: Vec<AttributeDefinition>,
    /// The name alone.
    pub name_span: Span,
    /// From the first annotation to the closing parenthesis.
    pub span: Span,
}

/// `define table Name (a int, …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableDefinition {
    /// What stands before `define`.
    pub annotations: Vec<Annotation>,
    /// The table.
    pub name: String,
    /// At least one.
    pub attributes: Vec<AttributeDefinition>,
    /// The name alone.
    pub name_span: Span,
    /// From the first annotation to the closing parenthesis.
    pub span: Span,
}

/// `define window Name (a int, …) length(5) output all events`.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowDefinition {
    /// What stands before `define`.
    pub annotations: Vec<Annotation>,
    /// The window.
    pub name: String,
    /// At least one.
    pub attributes: Vec<AttributeDefinition>,
    /// The window's kind and its arguments.
    pub window: FunctionCall,
    /// What `output … events` says; nothing written means all events.
    pub output: Option<EventType>,
    /// The name alone.
    pub name_span: Span,
    /// From the first annotation to the end.
    pub span: Span,
}

/// `define trigger Name at …`.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerDefinition {
    /// The trigger.
    pub name: String,
    /// When it fires.
    pub at: TriggerAt,
    /// The name alone.
    pub name_span: Span,
    /// The whole definition.
    pub span: Span,
}

/// When a trigger fires.
#[derive(Debug, Clone, PartialEq)]
pub enum TriggerAt {
    /// `at every 5 sec`.
    Every(Time),
    /// `at 'start'` or `at '<cron expression>'`.
    Text(String),
}

/// `define function f[javascript] return int { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionDefinition {
    /// The function.
    pub name: String,
    /// What stands in the brackets.
    pub language: String,
    /// What it returns.
    pub returns: Type,
    /// What stands between the braces, unchanged.
    pub body: String,
    /// The name alone.
    pub name_span: Span,
    /// The whole definition.
    pub span: Span,
}

/// `define aggregation A from S select … group by … aggregate by … every …`.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregationDefinition {
    /// What stands before `define`.
    pub annotations: Vec<Annotation>,
    /// The aggregation.
    pub name: String,
    /// What it reads.
    pub input: SingleInput,
    /// What it keeps: all attributes or a list.
    pub items: SelectItems,
    /// `group by`, or empty.
    pub group_by: Vec<AttributeRef>,
    /// The attribute that says the time of an event; the event's own time without it.
    pub aggregate_by: Option<AttributeRef>,
    /// The periods it is kept for.
    pub every: AggregationPeriods,
    /// The name alone.
    pub name_span: Span,
    /// From the first annotation to the end.
    pub span: Span,
}

impl AggregationDefinition {
    /// The listed output attributes; none for `*`.
    pub fn listed(&self) -> &[OutputAttribute] {
        match &self.items {
            SelectItems::All => &[],
            SelectItems::List(items) => items,
        }
    }
}

/// What follows `every` in an aggregation.
#[derive(Debug, Clone, PartialEq)]
pub enum AggregationPeriods {
    /// `sec ... year`: these two and all between.
    Range(Period, Period),
    /// `sec, hour`: exactly these, as written.
    List(Vec<Period>),
}

/// A calendar period of an aggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// `sec`.
    Second,
    /// `min`.
    Minute,
    /// `hour`.
    Hour,
    /// `day`.
    Day,
    /// `month`.
    Month,
    /// `year`.
    Year,
}

impl Period {
    /// The word of the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Second => "sec",
            Self::Minute => "min",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}
