//! The condition of an expression window: its text, compiled, and the aggregates it keeps.

use std::fmt;
use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{DataType, Kind, RowStore, Text, Value};
use weir_expr::{Env, Expr, Fault, Input, Rows, Scope, Source};

use crate::select::{AggregateSpec, Running};

/// A condition over rows of a window.
///
/// Slot 0 holds the row that came or left, slot 1 the first row held, slot 2 the last one, slot 3
/// the aggregates.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The condition itself, of type `bool`.
    pub test: Expr,
    /// The aggregates it uses.
    pub aggregates: Vec<AggregateSpec>,
}

/// Compiles the texts of conditions over the rows of one window.
pub trait Conditions: fmt::Debug + Send + Sync {
    /// The condition that a text means; the same text gives the same each time.
    ///
    /// # Errors
    ///
    /// The text is no condition; the sentence is for the person who wrote it.
    fn compile(&self, text: &str) -> Result<Condition, String>;
}

/// Where the condition of a window comes from.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// It is the same for all events.
    Same(Arc<Condition>),
    /// Its text is computed for each event.
    Each { text: Expr, conditions: Arc<dyn Conditions> },
}

/// The condition of one key with what its aggregates have learnt.
#[derive(Debug)]
pub(super) struct Judge {
    condition: Arc<Condition>,
    /// The text, where it is not the same for all events.
    text: Option<Text>,
    running: Running,
}

/// A row and the timestamp it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) row: u32,
    pub(super) time: i64,
}

/// The rows that a condition is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) row: Seen,
    pub(super) first: Seen,
    pub(super) last: Seen,
}

impl Judge {
    fn new(condition: Arc<Condition>, text: Option<Text>) -> Self {
        let running = Running::new(&condition.aggregates);
        Self { condition, text, running }
    }

    /// Whether the condition holds after a row came or left.
    ///
    /// # Errors
    ///
    /// It could not be computed.
    pub(super) fn holds(
        &mut self,
        env: &Env<'_>,
        store: &RowStore,
        about: &About,
        kind: Kind,
    ) -> Result<bool, Fault> {
        let times = [[about.row.time], [about.first.time], [about.last.time]];
        let input = |at: usize, seen: Seen| Input {
            source: Source::Store(store),
            rows: Rows::Same(seen.row),
            shown_at: Some(&times[at]),
            chain: None,
        };
        let rows = [input(0, about.row), input(1, about.first), input(2, about.last)];
        self.running.take(&Scope { inputs: &rows, len: 1, env }, kind)?;
        let totals = Input::new(Source::Columns(self.running.totals()), Rows::From(0));
        let [row, first, last] = rows;
        let inputs = [row, first, last, totals];
        let answer = self.condition.test.value_at(&Scope { inputs: &inputs, len: 1, env }, 0)?;
        truth(&answer, "the condition of a window")
    }

    /// Forgets what the aggregates have learnt.
    pub(super) fn reset(&mut self) {
        self.running.reset();
    }
}

impl Wanted {
    /// Makes `judge` the one for an arriving row; whether it is another than before.
    ///
    /// # Errors
    ///
    /// There is no text, or it is no condition; the judge stays.
    pub(super) fn ready(
        &self,
        judge: &mut Option<Judge>,
        env: &Env<'_>,
        store: &RowStore,
        row: Seen,
    ) -> Result<bool, Fault> {
        let (text, conditions) = match self {
            Self::Same(condition) => {
                if judge.is_none() {
                    *judge = Some(Judge::new(condition.clone(), None));
                }
                return Ok(false);
            }
            Self::Each { text, conditions } => (text, conditions),
        };
        let time = [row.time];
        let input = Input {
            source: Source::Store(store),
            rows: Rows::Same(row.row),
            shown_at: Some(&time),
            chain: None,
        };
        let value = text.value_at(&Scope { inputs: &[input], len: 1, env }, 0)?;
        let Some(text) = value.as_text() else {
            return Err(if value.is_null() {
                Fault::null("the expression of a window")
            } else {
                Fault::wrong_type(&value, "string")
            });
        };
        if judge.as_ref().is_some_and(|judge| judge.text.as_ref() == Some(text)) {
            return Ok(false);
        }
        let condition = conditions.compile(text).map_err(Fault::runtime)?;
        *judge = Some(Judge::new(Arc::new(condition), Some(text.clone())));
        Ok(true)
    }

    /// Writes the judge of a key.
    pub(super) fn save(&self, judge: Option<&Judge>, w: &mut Writer) {
        w.bool(judge.is_some());
        if let Some(judge) = judge {
            if let Self::Each { .. } = self {
                w.str(judge.text.as_deref().unwrap_or_default());
            }
            judge.running.save(w);
        }
    }

    /// Reads what [`Self::save`] wrote.
    pub(super) fn load(&self, r: &mut Reader<'_>) -> Result<Option<Judge>, DecodeError> {
        if !r.bool()? {
            return Ok(None);
        }
        let mut judge = match self {
            Self::Same(condition) => Judge::new(condition.clone(), None),
            Self::Each { conditions, .. } => {
                let text = Text::from(r.str()?);
                let condition = conditions.compile(&text).map_err(|_| DecodeError::Malformed {
                    what: "expression window",
                    why: "its expression cannot be read any more",
                })?;
                Judge::new(Arc::new(condition), Some(text))
            }
        };
        judge.running.load(r)?;
        Ok(Some(judge))
    }
}

/// A value that has to be a `bool`.
pub(super) fn truth(value: &Value, what: &str) -> Result<bool, Fault> {
    if let Value::Bool(holds) = value {
        return Ok(*holds);
    }
    Err(if value.is_null() { Fault::null(what) } else { Fault::wrong_type(value, "bool") })
}

/// The condition that a parameter asks for: a constant text, a text computed for each event, or,
/// where `plain` is set, a `bool` of the event itself.
pub(super) fn wanted(
    param: &Expr,
    plain: bool,
    conditions: Option<&Arc<dyn Conditions>>,
) -> Result<Wanted, String> {
    let computed = param.clone();
    if let Expr::Const(value, _) = param {
        let text = value.as_text().map(|text| text.to_string()).unwrap_or_default();
        let condition = conditions.ok_or_else(nowhere)?.compile(&text)?;
        return Ok(Wanted::Same(Arc::new(condition)));
    }
    if plain && computed.data_type() == DataType::Bool {
        let condition = Condition { test: computed, aggregates: Vec::new() };
        return Ok(Wanted::Same(Arc::new(condition)));
    }
    let conditions = conditions.cloned().ok_or_else(nowhere)?;
    Ok(Wanted::Each { text: computed, conditions })
}

fn nowhere() -> String {
    "a window cannot have an expression here".to_owned()
}
