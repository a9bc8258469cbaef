//! Windows made from what the user wrote.

use weir_event::{DataType, Value};
use weir_expr::Expr;

use super::batch::BatchWindow;
use super::clock::Clock;
use super::external_time::ExternalTimeWindow;
use super::external_time_batch::{ExternalBatches, ExternalTimeBatchWindow, Start};
use super::length::LengthWindow;
use super::length_batch::LengthBatchWindow;
use super::signature::{BOOL, INT, LONG, SPAN, Signature, check, computed, constant, exactly};
use super::time::TimeWindow;
use super::time_batch::{TimeBatchTimes, TimeBatchWindow};
use super::tumbling::Keep;
use super::{Param, Window};

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
}

type Built = Result<Box<dyn Window>, String>;

/// A window of the language: its name, what it takes, and how it is made from that.
struct Entry {
    name: &'static str,
    signatures: &'static [Signature],
    make: fn(&WindowSpec<'_>) -> Built,
}

/// Every window this build carries, in order of name.
const WINDOWS: &[Entry] = &[
    Entry {
        name: "batch",
        signatures: &[exactly(&[]), exactly(&[constant("window.length", INT)])],
        make: batch,
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
];

/// The names of all windows this build carries, in order.
pub fn window_names() -> impl Iterator<Item = &'static str> {
    WINDOWS.iter().map(|entry| entry.name)
}

/// Makes the window that was asked for.
///
/// # Errors
///
/// There is no such window, or its parameters are not what it takes; the sentence is for the
/// person who wrote the app.
pub fn build(spec: &WindowSpec<'_>) -> Result<Box<dyn Window>, String> {
    let Some(entry) = WINDOWS.iter().find(|entry| entry.name == spec.name) else {
        let names: Vec<_> = window_names().map(|name| format!("`{name}`")).collect();
        return Err(format!("there is no window `{}`; there are {}", spec.name, names.join(", ")));
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
    fn number(&self, place: usize) -> i64 {
        self.params.get(place).and_then(Param::constant).and_then(Value::as_i64).unwrap_or(0)
    }

    /// The length at a place; a negative one is like 0, which holds nothing.
    fn length(&self, place: usize) -> usize {
        usize::try_from(self.number(place)).unwrap_or(0)
    }

    /// The span at a place in milliseconds, which must be more than 0.
    fn positive(&self, place: usize, what: &str) -> Result<i64, String> {
        match self.number(place) {
            number @ 1.. => Ok(number),
            other => Err(format!(
                "the parameter `{what}` of the window `{}` has to be more than 0, but is {other}",
                self.name
            )),
        }
    }

    fn flag(&self, place: usize) -> bool {
        matches!(self.params.get(place).and_then(Param::constant), Some(Value::Bool(true)))
    }

    /// The attribute at a place that tells the time.
    fn clock(&self, place: usize) -> Result<Clock, String> {
        match self.params.get(place).map(|param| &param.expr) {
            Some(Expr::Attribute { slot: 0, column, .. }) => {
                Ok(Clock { column: usize::from(*column) })
            }
            _ => Err(format!(
                "the parameter `timestamp` of the window `{}` has to be an attribute of type long",
                self.name
            )),
        }
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

fn time(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(TimeWindow::new(spec.number(0).max(0), spec.types)))
}

fn time_batch(spec: &WindowSpec<'_>) -> Built {
    let flag = spec.params.iter().position(|it| it.expr.data_type() == DataType::Bool);
    let start_given = spec.params.len() > 1 && flag != Some(1);
    let times = TimeBatchTimes {
        time_ms: spec.positive(0, "window.time")?,
        start_ms: start_given.then(|| spec.number(1)),
    };
    let streaming = flag.is_some_and(|place| spec.flag(place));
    Ok(Box::new(TimeBatchWindow::new(times, streaming, spec.keep(), spec.types)))
}
