//! The part of a selector that needs no state: having, order, limit and the output columns.

use std::sync::Arc;

use weir_event::{Batch, Chunk, Column, Kind};
use weir_expr::{Expr, Fault, Input, Rows as PlaceRows, Scope, Source};

use super::order::sort_runs;
use super::selector::{SelectSpec, Selected};
use crate::flow::Flow;

/// What expressions read of a query's inputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// Which rows are at the places; else they may be left out.
    rows: bool,
    /// When the rows show to have happened.
    times: bool,
}

impl Read {
    fn of<'e>(inputs: u16, exprs: impl Iterator<Item = &'e Expr>) -> Self {
        let mut read = Self { rows: false, times: false };
        for expr in exprs {
            expr.walk(&mut |expr| match expr {
                Expr::Attribute { slot, .. } => read.rows |= *slot < inputs,
                Expr::Chain { .. } | Expr::IsAbsent { .. } => read.rows = true,
                // What `in` compares with is not to be seen from here.
                Expr::Timestamp { .. } | Expr::Event { .. } | Expr::In { .. } => {
                    read = Self { rows: true, times: true };
                }
                Expr::Const(..)
                | Expr::Arithmetic { .. }
                | Expr::Compare { .. }
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::IsNull(_)
                | Expr::IfElse(_)
                | Expr::Call { .. } => {}
            });
        }
        read
    }
}

/// What the expressions of a selector read of its inputs.
#[derive(Debug)]
pub(super) struct Reads {
    /// The output attributes and what the order looks at.
    items: Read,
    /// The condition, and the output attributes where it needs any.
    having: Read,
}

impl Reads {
    /// `for_having`: which output attributes are computed for `having` alone.
    pub(super) fn of(spec: &SelectSpec, for_having: Option<&[bool]>) -> Self {
        let items = spec.items.iter().chain(&spec.order_extra);
        let early = spec.items.iter().enumerate();
        let early = early.filter(|(i, _)| for_having.is_none_or(|reads| reads[*i]));
        let having = spec.having.iter().chain(early.map(|(_, item)| item));
        Self { items: Read::of(spec.inputs, items), having: Read::of(spec.inputs, having) }
    }
}

fn picked_rows(rows: PlaceRows<'_>, places: &[u32]) -> Vec<u32> {
    match rows {
        PlaceRows::From(0) => places.to_vec(),
        PlaceRows::From(start) => places.iter().map(|place| start + place).collect(),
        PlaceRows::List(rows) => places.iter().map(|place| rows[*place as usize]).collect(),
        PlaceRows::Same(row) => vec![row; places.len()],
    }
}

/// The places that leave, in order, and their chunks.
#[derive(Debug, Default)]
pub(super) struct Picked {
    pub(super) places: Vec<u32>,
    pub(super) chunks: Vec<Chunk>,
}

/// The part of a selector that needs no state.
pub(super) struct Stage<'a> {
    pub(super) spec: &'a SelectSpec,
    pub(super) reads: &'a Reads,
    pub(super) scope: &'a Scope<'a>,
    pub(super) totals: &'a [Column],
}

impl Stage<'_> {
    /// Runs `body` with a scope over `places` only, aggregates and output attributes included;
    /// of the inputs there is what `read` names.
    fn over<R>(
        &self,
        places: &[u32],
        outputs: &[Column],
        read: Read,
        body: impl FnOnce(&Scope<'_>) -> R,
    ) -> R {
        // Places are in order but for those that were sorted for the output.
        let all = places.len() == self.scope.len && places.is_sorted();
        let mut inputs = Vec::with_capacity(self.spec.inputs as usize + 2);
        if all {
            inputs.extend_from_slice(self.scope.inputs);
            inputs.push(Input::new(Source::Columns(self.totals), PlaceRows::From(0)));
            inputs.push(Input::new(Source::Columns(outputs), PlaceRows::From(0)));
            return body(&Scope { inputs: &inputs, len: self.scope.len, env: self.scope.env });
        }
        let at = |times: &[i64]| places.iter().map(|at| times[*at as usize]).collect();
        let part = |input: &Input<'_>| {
            let rows = if read.rows { picked_rows(input.rows, places) } else { Vec::new() };
            let shown: Option<Vec<i64>> = input.shown_at.filter(|_| read.times).map(at);
            (rows, shown)
        };
        let lists: Vec<_> = self.scope.inputs.iter().map(part).collect();
        for (input, (rows, shown)) in self.scope.inputs.iter().zip(&lists) {
            let rows = PlaceRows::List(rows);
            inputs.push(Input { rows, shown_at: shown.as_deref(), ..*input });
        }
        inputs.push(Input::new(Source::Columns(self.totals), PlaceRows::List(places)));
        inputs.push(Input::new(Source::Columns(outputs), PlaceRows::From(0)));
        body(&Scope { inputs: &inputs, len: places.len(), env: self.scope.env })
    }

    fn columns(&self, places: &[u32]) -> Result<Vec<Column>, Fault> {
        self.over(places, &[], self.reads.items, |scope| {
            self.spec.items.iter().map(|item| item.eval_column(scope)).collect()
        })
    }

    /// Keeps the places that pass; the output columns of those kept, for the places as they stood.
    pub(super) fn having(&self, having: &Expr, places: &mut Vec<u32>) -> Result<Early, Fault> {
        let columns = self.columns(places)?;
        let mut passing = Vec::new();
        self.over(places, &columns, self.reads.having, |scope| having.select(scope, &mut passing))?;
        let mut at = vec![0; self.scope.len];
        for passed in &passing {
            at[places[*passed as usize] as usize] = *passed;
        }
        *places = passing.iter().map(|passed| places[*passed as usize]).collect();
        Ok(Early { columns, at })
    }

    /// Keeps the places that pass a condition that reads only some of the output attributes.
    pub(super) fn lean_having(
        &self,
        having: &Expr,
        reads: &[bool],
        places: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        let columns = self.over(places, &[], self.reads.having, |scope| {
            let wanted = self.spec.items.iter().zip(reads);
            let column = |(item, read): (&Expr, &bool)| match read {
                true => item.eval_column(scope),
                false => Ok(Column::new(item.data_type())),
            };
            wanted.map(column).collect::<Result<Vec<_>, _>>()
        })?;
        let mut passing = Vec::new();
        self.over(places, &columns, self.reads.having, |scope| having.select(scope, &mut passing))?;
        if places.len() < self.scope.len {
            passing.iter_mut().for_each(|passed| *passed = places[*passed as usize]);
        }
        *places = passing;
        Ok(())
    }

    pub(super) fn order_and_limit(
        &self,
        flow: &Flow,
        picked: Picked,
        ordered: bool,
    ) -> Result<Picked, Fault> {
        let mut columns = self.columns(&picked.places)?;
        self.over(&picked.places, &[], self.reads.items, |scope| {
            for extra in &self.spec.order_extra {
                columns.push(extra.eval_column(scope)?);
            }
            Ok(())
        })?;
        let kind_of = |i: u32| flow.kinds[picked.places[i as usize] as usize];
        let mut out = Picked::default();
        let mut start = 0;
        for chunk in &picked.chunks {
            let mut order: Vec<u32> = (start..chunk.end).collect();
            start = chunk.end;
            if ordered && !self.spec.order_by.is_empty() {
                sort_runs(&mut order, kind_of, &columns, &self.spec.order_by);
            }
            let before = out.places.len();
            let mut to_skip = self.spec.offset.filter(|_| ordered).unwrap_or(0);
            let mut to_take = self.spec.limit.unwrap_or(u64::MAX);
            for i in order {
                if to_skip > 0 {
                    to_skip -= 1;
                    continue;
                }
                // An expired row is never held back, yet it uses the limit up (gotcha 4).
                if to_take > 0 || kind_of(i) == Kind::Expired {
                    out.places.push(picked.places[i as usize]);
                }
                to_take = to_take.saturating_sub(1);
            }
            if out.places.len() > before {
                out.chunks.push(Chunk { end: out.places.len() as u32, ..*chunk });
            }
        }
        Ok(out)
    }

    /// The output rows at places, which show when they happened.
    pub(super) fn rows(&self, flow: &Flow, places: &[u32]) -> Result<Batch, Fault> {
        let columns = self.columns(places)?.into_iter().map(Arc::new).collect();
        let times = places.iter().map(|place| flow.times[*place as usize]).collect();
        Ok(Batch { timestamps: Arc::new(times), columns })
    }

    pub(super) fn output(
        &self,
        flow: &Flow,
        picked: Picked,
        early: Option<Early>,
        numbers: &[u32],
        grouped: bool,
    ) -> Result<Selected, Fault> {
        let places = &picked.places;
        let columns = match early {
            Some(early) => {
                let rows: Vec<u32> = places.iter().map(|place| early.at[*place as usize]).collect();
                early.columns.iter().map(|column| Arc::new(column.gather(&rows))).collect()
            }
            None => self.shared_columns(places)?,
        };
        let pick = |place: &u32| *place as usize;
        Ok(Selected {
            picked: None,
            batch: Batch {
                timestamps: Arc::new(places.iter().map(|place| flow.times[pick(place)]).collect()),
                columns,
            },
            kinds: places.iter().map(|place| flow.kinds[pick(place)]).collect(),
            groups: if grouped {
                places.iter().map(|place| numbers[pick(place)]).collect()
            } else {
                Vec::new()
            },
            chunks: picked.chunks,
        })
    }

    /// The output columns; an attribute of a whole batch is passed on without a copy.
    fn shared_columns(&self, places: &[u32]) -> Result<Vec<Arc<Column>>, Fault> {
        let whole = places.len() == self.scope.len;
        self.over(places, &[], self.reads.items, |scope| {
            let column = |item: &Expr| {
                if whole
                    && let Expr::Attribute { slot, column, .. } = item
                    && let Input { source, rows: PlaceRows::From(0), .. } = scope.input(*slot)
                    && let Source::Batch { columns, .. } = source
                    && columns[*column as usize].len() == scope.len
                {
                    return Ok(Arc::clone(&columns[*column as usize]));
                }
                item.eval_column(scope).map(Arc::new)
            };
            self.spec.items.iter().map(column).collect()
        })
    }
}

/// Output columns that `having` needed, and where in them each place stands.
pub(super) struct Early {
    columns: Vec<Column>,
    at: Vec<u32>,
}
