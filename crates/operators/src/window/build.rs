//! Windows made from what the user wrote.

use std::sync::Arc;

use weir_event::{DataType, Value};
use weir_expr::Expr;

use super::batch::BatchWindow;
use super::clock::Clock;
use super::condition::{Conditions, wanted};
use super::cron::CronWindow;
use super::delay::DelayWindow;
use super::expression::ExpressionWindow;
use super::expression_batch::ExpressionBatchWindow;
use super::external_time::ExternalTimeWindow;
use super::external_time_batch::{ExternalBatches, ExternalTimeBatchWindow, Start};
use super::frequent::FrequentWindow;
use super::length::LengthWindow;
use super::length_batch::LengthBatchWindow;
use super::lossy_frequent::LossyFrequentWindow;
use super::rounds::Ticks;
use super::session::SessionWindow;
use super::signature::{
    BOOL, DOUBLE, INT, LONG, SORTABLE, SPAN, STRING, Signature, TEXT_OR_BOOL, check, computed,
    constant, exactly, repeating,
};
use super::sort::{SortBy, SortWindow};
use super::time::TimeWindow;
use super::time_batch::TimeBatchWindow;
use super::time_length::TimeLengthWindow;
use super::tumbling::Keep;
use super::{Param, Window};
use crate::cron::Cron;

/// A window as the user asked for it.
#[derive(Debug)]
pub struct WindowSpec<'a> {
    /// Its name; names are case-sensitive.
    pub name: &'a str,
    /// Its parameters, compiled over the arriving event.
    pub params: Vec<Param>,
    /// The types of its rows.
    pub types: &'a [DataType],
    /// Whether somebody wants rows that leave it: the query's output is not `current events`.
    pub expired_wanted: bool,
    /// Whether it is a window of its own, by `define window`.
    pub named: bool,
    /// Whether a join, or `in`, of the app searches it.
    pub find_wanted: bool,
    /// Compiles the expressions of an expression window, where there may be one.
    pub conditions: Option<Arc<dyn Conditions>>,
}

pub(super) type Built = Result<Box<dyn Window>, String>;

/// A window of the language: its name, what it takes, and how it is made from that.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) signatures: &'static [Signature],
    pub(super) make: fn(&WindowSpec<'_>) -> Built,
}

/// Every window of the core, in order of name; families have lists of their own.
const WINDOWS: &[Entry] = &[
    Entry {
        name: "batch",
        signatures: &[exactly(&[]), exactly(&[constant("window.length", INT)])],
        make: batch,
    },
    Entry {
        name: "cron",
        signatures: &[exactly(&[constant("cron.expression", STRING)])],
        make: cron,
    },
    Entry { name: "delay", signatures: &[exactly(&[constant("window.delay", SPAN)])], make: delay },
    Entry {
        name: "expression",
        signatures: &[exactly(&[computed("expression", STRING)])],
        make: expression,
    },
    Entry {
        name: "expressionBatch",
        signatures: &[
            exactly(&[computed("expression", TEXT_OR_BOOL)]),
            exactly(&[
                computed("expression", TEXT_OR_BOOL),
                computed("include.triggering.event", BOOL),
            ]),
            exactly(&[
                computed("expression", TEXT_OR_BOOL),
                computed("include.triggering.event", BOOL),
                constant("stream.current.event", BOOL),
            ]),
        ],
        make: expression_batch,
    },
    Entry {
        name: "externalTime",
        signatures: &[exactly(&[computed("timestamp", LONG), constant("window.time", SPAN)])],
        make: external_time,
    },
    Entry {
        name: "externalTimeBatch",
        signatures: &[
            exactly(&[computed("timestamp", LONG), constant("window.time", SPAN)]),
            exactly(&[
                computed("timestamp", LONG),
                constant("window.time", SPAN),
                computed("start.time", SPAN),
            ]),
            exactly(&[
                computed("timestamp", LONG),
                constant("window.time", SPAN),
                computed("start.time", SPAN),
                constant("timeout", SPAN),
            ]),
            exactly(&[
                computed("timestamp", LONG),
                constant("window.time", SPAN),
                computed("start.time", SPAN),
                constant("timeout", SPAN),
                constant("replace.with.batchtime", BOOL),
            ]),
        ],
        make: external_time_batch,
    },
    Entry {
        name: "frequent",
        signatures: &[
            exactly(&[constant("event.count", INT)]),
            exactly(&[constant("event.count", INT), computed("attribute", STRING)]),
        ],
        make: frequent,
    },
    Entry {
        name: "length",
        signatures: &[exactly(&[constant("window.length", INT)])],
        make: length,
    },
    Entry {
        name: "lengthBatch",
        signatures: &[
            exactly(&[constant("window.length", INT)]),
            exactly(&[constant("window.length", INT), constant("stream.current.event", BOOL)]),
        ],
        make: length_batch,
    },
    Entry {
        name: "lossyFrequent",
        signatures: &[
            exactly(&[constant("support.threshold", DOUBLE)]),
            exactly(&[constant("support.threshold", DOUBLE), constant("error.bound", DOUBLE)]),
            exactly(&[
                constant("support.threshold", DOUBLE),
                constant("error.bound", DOUBLE),
                computed("attribute", STRING),
            ]),
        ],
        make: lossy_frequent,
    },
    Entry {
        name: "session",
        signatures: &[
            exactly(&[constant("session.gap", SPAN)]),
            exactly(&[constant("session.gap", SPAN), computed("session.key", STRING)]),
            exactly(&[
                constant("session.gap", SPAN),
                computed("session.key", STRING),
                constant("allowed.latency", SPAN),
            ]),
        ],
        make: session,
    },
    Entry {
        name: "sort",
        signatures: &[
            exactly(&[constant("window.length", INT), computed("attribute", SORTABLE)]),
            repeating(&[
                constant("window.length", INT),
                computed("attribute", SORTABLE),
                constant("order", STRING),
            ]),
            repeating(&[
                constant("window.length", INT),
                computed("attribute", SORTABLE),
                constant("order", STRING),
                computed("attribute", SORTABLE),
            ]),
        ],
        make: sort,
    },
    Entry { name: "time", signatures: &[exactly(&[constant("window.time", SPAN)])], make: time },
    Entry {
        name: "timeBatch",
        signatures: &[
            exactly(&[constant("window.time", SPAN)]),
            exactly(&[constant("window.time", SPAN), constant("start.time", SPAN)]),
            exactly(&[constant("window.time", SPAN), constant("stream.current.event", BOOL)]),
            exactly(&[
                constant("window.time", SPAN),
                constant("start.time", SPAN),
                constant("stream.current.event", BOOL),
            ]),
        ],
        make: time_batch,
    },
    Entry {
        name: "timeLength",
        signatures: &[exactly(&[constant("window.time", SPAN), constant("window.length", INT)])],
        make: time_length,
    },
];

fn entries() -> impl Iterator<Item = &'static Entry> {
    WINDOWS.iter().chain(super::unique::WINDOWS)
}

/// The names of all windows this build carries, in order.
pub fn window_names() -> impl Iterator<Item = &'static str> {
    entries().map(|entry| entry.name)
}

/// Makes the window that was asked for.
///
/// # Errors
///
/// There is no such window, or its parameters are not what it takes; the sentence is for the
/// person who wrote the app, and a second line after `hint: ` says what to do.
pub fn build(spec: &WindowSpec<'_>) -> Result<Box<dyn Window>, String> {
    let Some(entry) = entries().find(|entry| entry.name == spec.name) else {
        let names: Vec<_> = window_names().map(|name| format!("`{name}`")).collect();
        let (name, names) = (spec.name, names.join(", "));
        return Err(format!("there is no window `{name}`\nhint: there are {names}"));
    };
    check(entry.name, entry.signatures, &spec.params)?;
    (entry.make)(spec)
}

impl WindowSpec<'_> {
    /// What becomes of the batches of a tumbling window.
    fn keep(&self) -> Keep {
        if self.expired_wanted {
            Keep::Last
        } else if self.find_wanted {
            Keep::Everything
        } else if self.named {
            Keep::Shown
        } else {
            Keep::Nothing
        }
    }

    /// The whole number at a place; 0 where there is none.
    pub(super) fn number(&self, place: usize) -> i64 {
        self.params.get(place).and_then(Param::constant).and_then(Value::as_i64).unwrap_or(0)
    }

    /// The length at a place; a negative one is like 0, which holds nothing.
    pub(super) fn length(&self, place: usize) -> usize {
        usize::try_from(self.number(place)).unwrap_or(0)
    }

    /// The span at a place in milliseconds, which must be more than 0.
    pub(super) fn positive(&self, place: usize, what: &str) -> Result<i64, String> {
        match self.number(place) {
            number @ 1.. => Ok(number),
            other => Err(format!(
                "the parameter `{what}` of the window `{}` has to be more than 0, but is {other}",
                self.name
            )),
        }
    }

    pub(super) fn flag(&self, place: usize) -> bool {
        matches!(self.params.get(place).and_then(Param::constant), Some(Value::Bool(true)))
    }

    /// The attribute at a place, by its place in the schema.
    fn attribute(&self, place: usize) -> Option<usize> {
        let expr = &self.params.get(place)?.expr;
        if let Expr::Attribute { slot: 0, column, .. } = expr {
            Some(usize::from(*column))
        } else {
            None
        }
    }

    /// The attribute at a place that tells the time.
    pub(super) fn clock(&self, place: usize) -> Result<Clock, String> {
        let column = self.attribute(place).ok_or_else(|| {
            format!(
                "the parameter `timestamp` of the window `{}` has to be an attribute of type long",
                self.name
            )
        })?;
        Ok(Clock { column })
    }

    /// The attributes by which events are counted: those named from a place on, or all.
    fn counted_by(&self, from: usize) -> Result<Vec<usize>, String> {
        if self.params.len() <= from {
            return Ok((0..self.types.len()).collect());
        }
        (from..self.params.len())
            .map(|place| {
                self.attribute(place).ok_or_else(|| {
                    format!("the window `{}` counts by attributes of the event only", self.name)
                })
            })
            .collect()
    }

    pub(super) fn real(&self, place: usize) -> f64 {
        self.params.get(place).and_then(Param::constant).and_then(Value::as_f64).unwrap_or(0.0)
    }
}

fn batch(spec: &WindowSpec<'_>) -> Built {
    if spec.number(0) < 0 {
        return Err(format!(
            "the parameter `window.length` of the window `batch` has to be 0 or more, but is {}",
            spec.number(0)
        ));
    }
    Ok(Box::new(BatchWindow::new(spec.length(0), spec.expired_wanted, spec.types)))
}

fn cron(spec: &WindowSpec<'_>) -> Built {
    let text = spec.params.first().and_then(Param::constant).and_then(Value::as_text);
    let cron = Cron::parse(text.map_or("", |text| text))?;
    Ok(Box::new(CronWindow::new(cron, spec.types)))
}

fn expression(spec: &WindowSpec<'_>) -> Built {
    let wanted = wanted(&spec.params[0].expr, false, spec.conditions.as_ref())?;
    Ok(Box::new(ExpressionWindow::new(wanted, spec.types)))
}

fn expression_batch(spec: &WindowSpec<'_>) -> Built {
    let wanted = wanted(&spec.params[0].expr, true, spec.conditions.as_ref())?;
    let include = match spec.params.get(1) {
        Some(include) => include.expr.clone(),
        None => Expr::Const(Value::Bool(false), DataType::Bool),
    };
    Ok(Box::new(ExpressionBatchWindow::new(wanted, include, spec.flag(2), spec.types)))
}

fn delay(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(DelayWindow::new(spec.number(0).max(0), spec.types)))
}

fn external_time(spec: &WindowSpec<'_>) -> Built {
    let clock = spec.clock(0)?;
    Ok(Box::new(ExternalTimeWindow::new(clock, spec.number(1), spec.types)))
}

fn external_time_batch(spec: &WindowSpec<'_>) -> Built {
    let start = match spec.params.get(2) {
        None => Start::FirstEvent,
        Some(param) if param.constant().is_some() => Start::Moment(spec.number(2)),
        Some(param) if param.expr.data_type() == DataType::Long => {
            Start::Computed(param.expr.clone())
        }
        Some(param) => {
            return Err(format!(
                "the parameter `start.time` of the window `externalTimeBatch` has to be a constant \
                 or of type long, but is computed and of type {}",
                param.expr.data_type()
            ));
        }
    };
    let asked = ExternalBatches {
        clock: spec.clock(0)?,
        time_ms: spec.positive(1, "window.time")?,
        start,
        timeout_ms: spec.number(3),
        replace: spec.flag(4),
    };
    let kept = spec.expired_wanted || spec.find_wanted || spec.named;
    Ok(Box::new(ExternalTimeBatchWindow::new(asked, spec.expired_wanted, kept, spec.types)))
}

fn frequent(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(FrequentWindow::new(spec.length(0), spec.counted_by(1)?, spec.types)))
}

fn length(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(LengthWindow::new(spec.length(0), spec.types)))
}

fn length_batch(spec: &WindowSpec<'_>) -> Built {
    if spec.number(0) < 0 {
        return Err(format!(
            "the parameter `window.length` of the window `lengthBatch` has to be 0 or more, but is \
             {}: no batch would ever be complete",
            spec.number(0)
        ));
    }
    let (length, streaming) = (spec.length(0), spec.flag(1));
    Ok(Box::new(LengthBatchWindow::new(length, streaming, spec.keep(), spec.types)))
}

fn lossy_frequent(spec: &WindowSpec<'_>) -> Built {
    if spec.params.len() < 2 {
        return Err(
            "the window `lossyFrequent` has to be given its `error.bound` too; a tenth of \
                    the `support.threshold` is usual"
                .to_owned(),
        );
    }
    let (support, error) = (spec.real(0), spec.real(1));
    if !((0.0..=1.0).contains(&support) && error > 0.0 && error <= 1.0) {
        return Err(format!(
            "the window `lossyFrequent` takes fractions of 1: a `support.threshold` from 0 to 1 \
             and an `error.bound` above 0, not {support} and {error}"
        ));
    }
    let columns = spec.counted_by(2)?;
    Ok(Box::new(LossyFrequentWindow::new(support, error, columns, spec.types)))
}

fn session(spec: &WindowSpec<'_>) -> Built {
    for (place, what) in [(0, "session.gap"), (2, "allowed.latency")] {
        let param = spec.params.get(place);
        if param.is_some_and(|it| it.expr.data_type() != DataType::Long) {
            return Err(format!(
                "the parameter `{what}` of the window `session` has to be a time, such as 5 sec, \
                 or of type long"
            ));
        }
    }
    let column = spec.attribute(1);
    if spec.params.len() > 1 && column.is_none() {
        return Err(
            "the parameter `session.key` of the window `session` has to be an attribute of \
                    type string"
                .to_owned(),
        );
    }
    let (gap_ms, latency_ms) = (spec.number(0), spec.number(2));
    if latency_ms > gap_ms {
        return Err("the parameter `allowed.latency` of the window `session` cannot be more than \
                    its `session.gap`"
            .to_owned());
    }
    Ok(Box::new(SessionWindow::new(gap_ms, column, latency_ms, spec.types)))
}

fn sort(spec: &WindowSpec<'_>) -> Built {
    let mut by: Vec<SortBy> = Vec::new();
    let mut place = 1;
    while place < spec.params.len() {
        let column = spec.attribute(place).ok_or_else(|| {
            format!("the window `sort` sorts by attributes; its parameter {} is none", place + 1)
        })?;
        place += 1;
        let next = spec.params.get(place).filter(|it| it.expr.data_type() == DataType::String);
        let descending = match next {
            None => false,
            Some(param) => {
                place += 1;
                order_word(param)?
            }
        };
        by.push(SortBy { column, descending });
    }
    Ok(Box::new(SortWindow::new(spec.length(0), by, spec.types)))
}

/// Whether an order is written as descending.
fn order_word(param: &Param) -> Result<bool, String> {
    let word = param.constant().and_then(Value::as_text).map(|it| it.to_ascii_lowercase());
    match word.as_deref() {
        Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) | None => Err("the order of the window `sort` is 'asc' or 'desc'".to_owned()),
    }
}

fn time(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(TimeWindow::new(spec.number(0).max(0), spec.types)))
}

fn time_batch(spec: &WindowSpec<'_>) -> Built {
    let flag = spec.params.iter().position(|it| it.expr.data_type() == DataType::Bool);
    let start_given = spec.params.len() > 1 && flag != Some(1);
    let times = Ticks {
        time_ms: spec.positive(0, "window.time")?,
        start_ms: start_given.then(|| spec.number(1)),
    };
    let streaming = flag.is_some_and(|place| spec.flag(place));
    Ok(Box::new(TimeBatchWindow::new(times, streaming, spec.keep(), spec.types)))
}

fn time_length(spec: &WindowSpec<'_>) -> Built {
    let (time_ms, length) = (spec.number(0).max(0), spec.length(1));
    Ok(Box::new(TimeLengthWindow::new(time_ms, length, spec.types)))
}
