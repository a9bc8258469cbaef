//! Whether an event may be taken: split by what has to be known for the answer.

use std::sync::Arc;

use weir_event::{Column, Key, Kind, NO_ROW, StoredColumn, Text};
use weir_expr::{CompareAs, CompareOp, Env, Expr, Fault, Input, Rows, Scope, Source, order_as};

use super::kept::Kept;
use super::partial::{Partials, SILENCE};
use super::spec::{ElementSpec, PatternSpec, ViewOf};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::select::{AggregateSpec, EventTypes, SelectSpec, Selector};

/// An event that is being tried, in the columns it arrived in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arriving<'a> {
    pub(super) columns: &'a [Arc<Column>],
    pub(super) timestamps: &'a [i64],
    pub(super) row: usize,
}

impl Arriving<'_> {
    pub(super) fn time(&self) -> i64 {
        self.timestamps[self.row]
    }
}

/// One event of a partial match, or the one being tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) step: usize,
    pub(super) which: ViewOf,
}

/// The conditions of one element.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// What the event alone has to meet; the event is in slot 0.
    pub(super) alone: Option<Expr>,
    /// The equality that waiting partial matches are found by.
    pub(super) keyed: Option<KeyedOn>,
    rest: Vec<Test>,
}

/// `this.a == earlier.b`.
#[derive(Debug)]
pub(super) struct KeyedOn {
    /// The event's side; the event is in slot 0.
    pub(super) value: Expr,
    pub(super) by: CompareAs,
    /// The earlier element, which takes one event, and its attribute.
    pub(super) step: usize,
    pub(super) column: usize,
}

#[derive(Debug)]
enum Test {
    /// Two attributes, or an attribute and a constant.
    Attributes { op: CompareOp, by: CompareAs, left: Operand, right: Operand },
    /// Anything; slot `i` is `seen[i]`.
    Any { expr: Expr, seen: Vec<Seen> },
    /// A condition with aggregates, which are in the selector of that number.
    Totals { selector: usize, seen: Vec<Seen> },
}

#[derive(Debug, Clone, Copy)]
struct Operand {
    seen: Seen,
    column: usize,
}

/// What tests look at.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) partials: &'a Partials,
    pub(super) kept: &'a [Kept],
    pub(super) arriving: Arriving<'a>,
    pub(super) partial: u32,
    /// The element that tries the event.
    pub(super) step: usize,
}

/// Where an event is.
enum Found {
    Nowhere,
    Arriving,
    Kept(usize, u32),
}

impl Condition {
    /// `steps` gives the number of each element; `indexed` says whether an equality may be looked
    /// up.
    pub(super) fn new(
        spec: &PatternSpec,
        element: &ElementSpec,
        own: usize,
        steps: &[usize],
        indexed: bool,
        totals: &mut Vec<Selector>,
    ) -> Self {
        let mut made = Self::default();
        let mut parts = Vec::new();
        for filter in &element.filters {
            if filter.aggregates.is_empty() {
                split(&filter.condition, &mut parts);
                continue;
            }
            let (before, counting) = counting(&filter.condition, spec.views.len() as u16);
            parts.extend(before);
            made.add_parts(spec, element, (own, steps, indexed), &mut parts);
            let seen = every_slot(spec, steps);
            made.rest.push(Test::Totals { selector: totals.len(), seen });
            totals.push(totals_of(spec, counting, &filter.aggregates));
        }
        made.add_parts(spec, element, (own, steps, indexed), &mut parts);
        made
    }

    fn add_parts(
        &mut self,
        spec: &PatternSpec,
        element: &ElementSpec,
        (own, steps, indexed): (usize, &[usize], bool),
        parts: &mut Vec<Expr>,
    ) {
        let made = self;
        let counts = made.rest.iter().any(|it| matches!(it, Test::Totals { .. }));
        for part in parts.drain(..) {
            let seen = slots(&part);
            // What stands behind aggregates may not keep events from them.
            if counts {
                made.rest.push(test(spec, steps, &part, &seen));
                continue;
            }
            if seen.iter().all(|slot| *slot == element.candidate) && !part.needs_care() {
                let alone = moved(&part, &[element.candidate]);
                made.alone = Some(match made.alone.take() {
                    None => alone,
                    Some(before) => Expr::And(Box::new((before, alone))),
                });
                continue;
            }
            if indexed
                && made.keyed.is_none()
                && let Some(keyed) = keyed_on(spec, element, own, steps, &part)
            {
                made.keyed = Some(keyed);
                continue;
            }
            made.rest.push(test(spec, steps, &part, &seen));
        }
    }

    /// Whether the conditions that need more than the event hold, the equality apart.
    #[inline]
    pub(super) fn holds(
        &self,
        sight: &Sight<'_>,
        env: &Env<'_>,
        totals: &mut [Selector],
        key: Key,
    ) -> Result<bool, Fault> {
        for test in &self.rest {
            let holds = match test {
                Test::Attributes { op, by, left, right } => {
                    sight.compare(*op, *by, *left, *right)?
                }
                Test::Any { expr, seen } => sight.any(expr, seen, env)?,
                Test::Totals { selector, seen } => {
                    sight.counts(&mut totals[*selector], seen, env, key)?
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What has to hold before aggregates are reached, and the rest, joined.
fn counting(condition: &Expr, totals: u16) -> (Vec<Expr>, Expr) {
    let mut parts = Vec::new();
    split(condition, &mut parts);
    let counts = |part: &Expr| slots(part).contains(&totals);
    let first = parts.iter().position(counts).unwrap_or(0);
    let mut rest = parts.split_off(first).into_iter();
    let all = rest.next().unwrap_or_else(|| condition.clone());
    (parts, rest.fold(all, |all, part| Expr::And(Box::new((all, part)))))
}

fn totals_of(spec: &PatternSpec, condition: Expr, aggregates: &[AggregateSpec]) -> Selector {
    let spec = SelectSpec {
        inputs: spec.views.len() as u16,
        group_by: Vec::new(),
        aggregates: aggregates.to_vec(),
        items: Vec::new(),
        having: Some(condition),
        order_by: Vec::new(),
        order_extra: Vec::new(),
        limit: None,
        offset: None,
        types: EventTypes { current: true, expired: true },
        collapse: false,
        keep_groups: false,
        rows_leave: true,
    };
    Selector::new(spec)
}

fn every_slot(spec: &PatternSpec, steps: &[usize]) -> Vec<Seen> {
    (0..spec.views.len() as u16).filter_map(|slot| seen(spec, steps, slot)).collect()
}

/// The parts of an expression that all have to hold.
fn split(expr: &Expr, parts: &mut Vec<Expr>) {
    if let Expr::And(sides) = expr {
        split(&sides.0, parts);
        split(&sides.1, parts);
    } else {
        parts.push(expr.clone());
    }
}

fn slots(expr: &Expr) -> Vec<u16> {
    let mut slots = Vec::new();
    expr.clone().for_each_slot(&mut |slot| {
        if !slots.contains(slot) {
            slots.push(*slot);
        }
    });
    slots
}

fn has_check(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |it| found |= matches!(it, Expr::In { .. }));
    found
}

/// The expression with its slots numbered by their place in `slots`.
fn moved(expr: &Expr, slots: &[u16]) -> Expr {
    let mut moved = expr.clone();
    moved.for_each_slot(&mut |slot| {
        *slot = slots.iter().position(|it| it == slot).unwrap_or(0) as u16;
    });
    moved
}

/// The step and event that a slot stands for.
pub(super) fn seen(spec: &PatternSpec, steps: &[usize], slot: u16) -> Option<Seen> {
    let view = spec.views.get(slot as usize)?;
    Some(Seen { step: steps[view.element as usize], which: view.which })
}

fn keyed_on(
    spec: &PatternSpec,
    element: &ElementSpec,
    own: usize,
    steps: &[usize],
    part: &Expr,
) -> Option<KeyedOn> {
    let Expr::Compare { op: CompareOp::Equal, by, sides } = part else { return None };
    let side = |here: &Expr, there: &Expr| {
        let Expr::Attribute { slot, column, .. } = there else { return None };
        let view = spec.views.get(*slot as usize)?;
        let earlier = spec.elements.get(view.element as usize)?;
        let single = earlier.count.is_none() && earlier.absent.is_none();
        let step = steps[view.element as usize];
        let alone = slots(here) == [element.candidate] && !here.needs_care();
        (alone && single && step != own && view.which == ViewOf::At(0)).then(|| KeyedOn {
            value: moved(here, &[element.candidate]),
            by: *by,
            step,
            column: *column as usize,
        })
    };
    side(&sides.0, &sides.1).or_else(|| side(&sides.1, &sides.0))
}

fn test(spec: &PatternSpec, steps: &[usize], part: &Expr, slots: &[u16]) -> Test {
    let operand = |expr: &Expr| {
        let Expr::Attribute { slot, column, .. } = expr else { return None };
        Some(Operand { seen: seen(spec, steps, *slot)?, column: *column as usize })
    };
    if let Expr::Compare { op, by, sides } = part
        && let (Some(left), Some(right)) = (operand(&sides.0), operand(&sides.1))
    {
        return Test::Attributes { op: *op, by: *by, left, right };
    }
    if has_check(part) {
        // The condition of the check knows the slots by their own numbers.
        let seen = every_slot(spec, steps);
        return Test::Any { expr: part.clone(), seen };
    }
    let seen = slots.iter().filter_map(|slot| seen(spec, steps, *slot)).collect();
    Test::Any { expr: moved(part, slots), seen }
}

impl<'a> Sight<'a> {
    #[inline]
    fn find(&self, seen: Seen) -> Found {
        if seen.which == ViewOf::Candidate {
            return Found::Arriving;
        }
        let layout = self.partials.layout(seen.step);
        let own = seen.step == self.step;
        let row = if layout.counted || own {
            let chain =
                if layout.counted { self.partials.chain(self.partial, seen.step) } else { &[] };
            match which(chain, seen.which) {
                // The event being tried stands at the end of its own chain.
                NO_ROW if own && seen.which == ViewOf::At(chain.len() as u32) => {
                    return Found::Arriving;
                }
                row => row,
            }
        } else {
            single(self.partials.slot(self.partial, seen.step), seen.which)
        };
        if row == NO_ROW { Found::Nowhere } else { Found::Kept(layout.stream, row) }
    }

    #[inline]
    fn compare(
        &self,
        op: CompareOp,
        by: CompareAs,
        left: Operand,
        right: Operand,
    ) -> Result<bool, Fault> {
        let order = match by {
            CompareAs::Double => match (self.double(left), self.double(right)) {
                (Some(Some(l)), Some(Some(r))) => l.partial_cmp(&r),
                (Some(_), Some(_)) => return Ok(op == CompareOp::NotEqual),
                (None, _) | (_, None) => return self.compare_values(op, by, left, right),
            },
            CompareAs::Str => match (self.text(left), self.text(right)) {
                (Some(Some(l)), Some(Some(r))) => Some(l.cmp(r)),
                (Some(_), Some(_)) => return Ok(op == CompareOp::NotEqual),
                (None, _) | (_, None) => return self.compare_values(op, by, left, right),
            },
            CompareAs::Int | CompareAs::Long | CompareAs::Float | CompareAs::Bool => {
                return self.compare_values(op, by, left, right);
            }
        };
        Ok(op.holds(order))
    }

    fn compare_values(
        &self,
        op: CompareOp,
        by: CompareAs,
        left: Operand,
        right: Operand,
    ) -> Result<bool, Fault> {
        Ok(match order_as(by, &self.value(left), &self.value(right))? {
            Some(order) => op.holds(order),
            None => op == CompareOp::NotEqual,
        })
    }

    fn value(&self, operand: Operand) -> weir_event::Value {
        match self.find(operand.seen) {
            Found::Nowhere => weir_event::Value::Null,
            Found::Arriving => self.arriving.columns[operand.column].value(self.arriving.row),
            Found::Kept(stream, row) => self.kept[stream].store.value(row, operand.column),
        }
    }

    /// The value of a `double` column; `None` where the column is something else.
    #[inline]
    fn double(&self, operand: Operand) -> Option<Option<f64>> {
        match self.find(operand.seen) {
            Found::Nowhere => Some(None),
            Found::Arriving => {
                let column = &*self.arriving.columns[operand.column];
                let Column::Double(values) = column else { return None };
                Some(values.get(self.arriving.row).copied())
            }
            Found::Kept(stream, row) => {
                let column = &self.kept[stream].store.columns()[operand.column];
                let StoredColumn::Double(values) = column else { return None };
                Some(values.get(row).copied())
            }
        }
    }

    /// The value of a `string` column; `None` where the column is something else.
    #[inline]
    fn text(&self, operand: Operand) -> Option<Option<&'a Text>> {
        match self.find(operand.seen) {
            Found::Nowhere => Some(None),
            Found::Arriving => {
                let column = &*self.arriving.columns[operand.column];
                let Column::Str(values) = column else { return None };
                Some(values.get(self.arriving.row))
            }
            Found::Kept(stream, row) => {
                let column = &self.kept[stream].store.columns()[operand.column];
                let StoredColumn::Str(values) = column else { return None };
                Some(values.get(row))
            }
        }
    }

    fn any(&self, expr: &Expr, seen: &[Seen], env: &Env<'_>) -> Result<bool, Fault> {
        const FEW: usize = 4;
        if seen.len() <= FEW {
            let mut inputs = [Input::NOTHING; FEW];
            for (input, seen) in inputs.iter_mut().zip(seen) {
                *input = self.input(*seen);
            }
            return expr.holds_at(&Scope { inputs: &inputs, len: 1, env }, 0);
        }
        let inputs: Vec<Input<'_>> = seen.iter().map(|it| self.input(*it)).collect();
        expr.holds_at(&Scope { inputs: &inputs, len: 1, env }, 0)
    }

    /// Whether a condition with aggregates holds, which learn of the event.
    fn counts(
        &self,
        selector: &mut Selector,
        seen: &[Seen],
        env: &Env<'_>,
        key: Key,
    ) -> Result<bool, Fault> {
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let (random, tables) = (env.random, env.tables);
        let cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables };
        let inputs: Vec<Input<'_>> = seen.iter().map(|it| self.input(*it)).collect();
        let mut flow = Flow::default();
        flow.push(0, Kind::Current, self.arriving.time());
        flow.end_chunk(env.now, key);
        Ok(!selector.passing(&cx, &inputs, &flow)?.is_empty())
    }

    fn input(&self, seen: Seen) -> Input<'a> {
        match self.find(seen) {
            Found::Nowhere => Input::NOTHING,
            Found::Arriving => {
                let Arriving { columns, timestamps, row } = self.arriving;
                Input::new(Source::Batch { columns, timestamps }, Rows::Same(row as u32))
            }
            Found::Kept(stream, row) => {
                Input::new(Source::Store(&self.kept[stream].store), Rows::Same(row))
            }
        }
    }
}

/// The event of a chain that a reference means.
#[inline]
pub(super) fn which(chain: &[u32], which: ViewOf) -> u32 {
    let at = match which {
        ViewOf::At(n) => Some(n as usize),
        ViewOf::Last(k) => chain.len().checked_sub(k as usize + 1),
        ViewOf::Candidate | ViewOf::All => None,
    };
    at.and_then(|at| chain.get(at)).copied().unwrap_or(NO_ROW)
}

/// The event of an element that takes one.
#[inline]
pub(super) fn single(row: u32, which: ViewOf) -> u32 {
    match which {
        ViewOf::At(0) | ViewOf::Last(0) | ViewOf::All if row != SILENCE => row,
        ViewOf::At(_) | ViewOf::Last(_) | ViewOf::All | ViewOf::Candidate => NO_ROW,
    }
}
