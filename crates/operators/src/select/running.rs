//! Aggregates of one condition, told of rows one by one.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Kind};
use weir_expr::{Fault, Input, Rows as Places, Scope, Source, Vector};

use super::aggregator::{AggregateSpec, Aggregates, Rows};

/// Aggregates of one condition, told of rows one by one.
#[derive(Debug)]
pub(crate) struct Running {
    aggregates: Aggregates,
    /// One column an aggregate, of one value: what it is after the last row.
    totals: Vec<Column>,
}

impl Running {
    /// Aggregates that have seen no row.
    pub(crate) fn new(specs: &[AggregateSpec]) -> Self {
        Self {
            aggregates: Aggregates::new(specs.to_vec(), true),
            totals: specs.iter().map(|it| Column::new(it.data_type)).collect(),
        }
    }

    /// What the aggregates are after the last row.
    pub(crate) fn totals(&self) -> &[Column] {
        &self.totals
    }

    /// Takes the row at the one place of a scope: one that came or one that left.
    ///
    /// # Errors
    ///
    /// An argument could not be computed; aggregates before it have taken the row.
    pub(crate) fn take(&mut self, scope: &Scope<'_>, kind: Kind) -> Result<(), Fault> {
        for at in 0..self.totals.len() {
            let spec = &self.aggregates.specs()[at];
            if let Some(guard) = &spec.guard {
                let mut inputs = scope.inputs.to_vec();
                inputs.push(Input::new(Source::Columns(&self.totals), Places::From(0)));
                if !guard.holds_at(&Scope { inputs: &inputs, ..*scope }, 0)? {
                    continue;
                }
            }
            let arg = match &spec.arg {
                Some(arg) => Vector::same(&arg.value_at(scope, 0)?),
                None => Vector::Null,
            };
            let rows = Rows {
                range: 0..1,
                kinds: &[kind],
                groups: &[0],
                top: 1,
                arg: &arg,
                expired_shown: true,
            };
            let total = &mut self.totals[at];
            total.clear();
            self.aggregates.at(at).run(&rows, total)?;
        }
        Ok(())
    }

    /// Starts again.
    pub(crate) fn reset(&mut self) {
        self.aggregates.clear(&[0]);
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        self.aggregates.save(w, &[0]);
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.aggregates.load(r, 1)
    }
}
