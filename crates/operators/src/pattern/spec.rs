//! What a pattern or sequence is made of.

use weir_event::DataType;
use weir_expr::Expr;

use crate::select::AggregateSpec;

/// A pattern or sequence.
///
/// Expressions see slot `i` as `views[i]`; columns are those of `streams`.
#[derive(Debug, Clone)]
pub struct PatternSpec {
    /// Whether nothing else may happen between the elements.
    pub sequence: bool,
    /// The streams that feed it: the types of the attributes that expressions look at.
    pub streams: Vec<Vec<DataType>>,
    /// What is waited for, in the order of the text.
    pub elements: Vec<ElementSpec>,
    /// How the elements belong together.
    pub root: StateSpec,
    /// In which time, in milliseconds.
    pub within_ms: Option<i64>,
    /// What expressions see.
    pub views: Vec<ViewSpec>,
    /// The views that the selection looks at.
    pub selected: Vec<bool>,
}

/// One thing that is waited for.
#[derive(Debug, Clone)]
pub struct ElementSpec {
    /// The number of the stream it comes from.
    pub stream: usize,
    /// The conditions; all must hold, and are looked at in this order.
    pub filters: Vec<FilterSpec>,
    /// The slot of the event that is tried.
    pub candidate: u16,
    /// How many events it takes; `None` for one that is not counted.
    pub count: Option<CountSpec>,
    /// Set for what must not happen.
    pub absent: Option<AbsentSpec>,
}

/// A condition on the events of an element.
#[derive(Debug, Clone)]
pub struct FilterSpec {
    /// The condition; aggregates are in the slot after the views.
    pub condition: Expr,
    /// The aggregates it uses: over all events that the element was tried with.
    pub aggregates: Vec<AggregateSpec>,
}

/// `<min:max>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountSpec {
    /// At least so many events.
    pub min: u32,
    /// At most so many; `u32::MAX` for any number.
    pub max: u32,
}

/// `not …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsentSpec {
    /// `for` so long, in milliseconds; without it, until the other operand of `and` happens.
    pub for_ms: Option<i64>,
}

/// How elements belong together.
#[derive(Debug, Clone)]
pub enum StateSpec {
    /// The element of that number.
    Element(u16),
    /// One after the other.
    Next(Vec<StateSpec>),
    /// Starts again each time.
    Every(Box<StateSpec>),
    /// Both, in any order.
    And(u16, u16),
    /// The first to happen.
    Or(u16, u16),
}

/// One slot of a pattern's expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewSpec {
    /// The element.
    pub element: u16,
    /// Which of its events.
    pub which: ViewOf,
}

/// Which event of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewOf {
    /// The one that is being tried.
    Candidate,
    /// The n-th, from 0.
    At(u32),
    /// The newest for 0, the one before it for 1, and so on.
    Last(u32),
    /// All of them.
    All,
}
