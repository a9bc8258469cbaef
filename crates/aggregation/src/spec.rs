//! What an aggregation keeps, and how its answers are put together.

use weir_event::DataType;
use weir_expr::Expr;

use crate::cells::Part;
use crate::period::{Calendar, Period};

/// One selected value.
#[derive(Debug, Clone)]
pub struct ItemSpec {
    /// What it is.
    pub what: What,
    /// The argument or the value; `Count` and `Group` need none.
    pub value: Option<Expr>,
    /// The type its attribute is declared with.
    pub data_type: DataType,
}

/// What a selected value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// `sum(x)`
    Sum,
    /// `avg(x)`
    Avg,
    /// `count()`
    Count,
    /// `distinctCount(x)`
    DistinctCount,
    /// `min(x)`
    Min,
    /// `max(x)`
    Max,
    /// The newest event's value.
    Newest,
    /// The group-by attribute of that place.
    Group(usize),
}

/// An aggregation; expressions see the event in slot 0.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Where periods begin.
    pub calendar: Calendar,
    /// The periods, finest first; at least one.
    pub periods: Vec<Period>,
    /// The time of an event, a `long` or a text; the app's clock without it.
    pub by: Option<Expr>,
    /// What makes a group.
    pub group_by: Vec<Expr>,
    /// Whether the newest value is that of the latest event by `by`, not of the last to arrive.
    pub newest_by_time: bool,
    /// What is selected.
    pub items: Vec<ItemSpec>,
    /// For each period, how long it is kept once it is over, in milliseconds; for ever without.
    pub kept: Vec<Option<i64>>,
}

/// How a selected value is made of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The group's value of that place.
    Group(usize),
    /// A part as it is.
    Part(usize),
    /// A whole-number part of an `int` attribute.
    Int(usize),
    /// A part of a `float` attribute.
    Float(usize),
    /// One part divided by another.
    Ratio(usize, usize),
}

/// A part with what it adds up.
#[derive(Debug, Clone)]
pub(crate) struct PartSpec {
    pub part: Part,
    pub arg: Option<Expr>,
}

/// The parts that the items need, each once, and how the items are made of them.
pub(crate) fn parts(items: &[ItemSpec]) -> (Vec<PartSpec>, Vec<Shown>) {
    let mut parts: Vec<PartSpec> = Vec::new();
    let shown = items.iter().map(|item| shown(item, &mut parts)).collect();
    (parts, shown)
}

fn shown(item: &ItemSpec, parts: &mut Vec<PartSpec>) -> Shown {
    let of = item.value.as_ref().map_or(DataType::Long, Expr::data_type);
    let whole = matches!(of, DataType::Int | DataType::Long);
    let sum = if whole { Part::SumLong } else { Part::SumDouble };
    match item.what {
        What::Group(at) => Shown::Group(at),
        What::Count => Shown::Part(part(parts, Part::Count, None)),
        What::Sum => Shown::Part(part(parts, sum, item.value.as_ref())),
        What::Avg => {
            let sum = part(parts, sum, item.value.as_ref());
            Shown::Ratio(sum, part(parts, Part::Count, None))
        }
        What::DistinctCount => Shown::Part(part(parts, Part::Set, item.value.as_ref())),
        What::Newest => Shown::Part(part(parts, Part::Newest, item.value.as_ref())),
        What::Min | What::Max => {
            let greatest = item.what == What::Max;
            let kind = if whole {
                Part::ExtremeLong { greatest }
            } else {
                Part::ExtremeDouble { greatest }
            };
            let at = part(parts, kind, item.value.as_ref());
            match of {
                DataType::Int => Shown::Int(at),
                DataType::Float => Shown::Float(at),
                DataType::String
                | DataType::Long
                | DataType::Double
                | DataType::Bool
                | DataType::Object => Shown::Part(at),
            }
        }
    }
}

/// The place of a part, which is added where it is not there yet.
fn part(parts: &mut Vec<PartSpec>, kind: Part, arg: Option<&Expr>) -> usize {
    let column = |arg: Option<&Expr>| match arg {
        Some(Expr::Attribute { slot, column, .. }) => Some((*slot, *column)),
        _ => None,
    };
    let same = |it: &PartSpec| {
        let alike = column(it.arg.as_ref()) == column(arg);
        it.part == kind && alike && (kind == Part::Count || column(arg).is_some())
    };
    parts.iter().position(same).unwrap_or_else(|| {
        parts.push(PartSpec { part: kind, arg: arg.cloned() });
        parts.len() - 1
    })
}
