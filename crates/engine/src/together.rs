//! Which streams' entries may be taken many at a time, the answer being that of one at a time.
//!
//! Rows that go depth first through a tree of queries leave it in the same order whether chunks go
//! one by one or together. Where two ways meet again (a stream that two queries feed, a table or
//! named window that two use, a query that two of its streams reach), or where an expression
//! looks at the entry's own clock or at a table, the order would show: there it is one at a time.

use std::collections::BTreeSet;

use weir_event::{Batch, Column, each_column};
use weir_expr::{Aggregate, Expr};
use weir_plan::{
    ActionPlan, AggregationPlan, HandlerPlan, InputPlan, Origin, QueryPlan, SinglePlan, StreamId,
};

use crate::app::{App, Receiver};
use crate::query::{Port, QueryInput};

/// Whether the entries of a stream may be taken many at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Together {
    /// One at a time.
    No,
    /// Where none of their values is null: something fails on one.
    WithoutNulls,
    /// All of them go through one receiver after the other.
    Yes,
    /// The same, but for tables that receivers read and write by key: those go chunk by chunk.
    BesideTables,
}

/// By stream, whether its entries may be taken together.
pub(crate) fn streams(app: &App) -> Vec<Together> {
    let one = |stream| {
        let mut walk = Walk::new(app, stream);
        match (walk.stream(stream), walk.fragile) {
            (false, _) if Walk::new(app, stream).stream_beside_tables(stream) => {
                Together::BesideTables
            }
            (false, _) => Together::No,
            (true, true) => Together::WithoutNulls,
            (true, false) => Together::Yes,
        }
    };
    (0..app.receivers.len() as u32).map(one).collect()
}

impl App {
    /// Whether chunks of a stream's rows may be taken together.
    pub(crate) fn takes_together(&self, stream: StreamId, batch: &Batch) -> bool {
        match self.together[stream.index()] {
            Together::No => false,
            Together::WithoutNulls => batch.columns.iter().all(|column| has_no_null(column)),
            Together::Yes | Together::BesideTables => true,
        }
    }
}

fn has_no_null(column: &Column) -> bool {
    each_column!(column, values => values.nulls.is_none(), _objects => false)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Stream(u32),
    Query(u32),
    Partition(u32),
    Tap(u32),
}

struct Walk<'a> {
    app: &'a App,
    seen: BTreeSet<Place>,
    /// The stream that the entries are of.
    start: u32,
    /// Whether something fails on a null of an entry.
    fragile: bool,
}

impl<'a> Walk<'a> {
    fn new(app: &'a App, start: u32) -> Self {
        Self { app, seen: BTreeSet::new(), start, fragile: false }
    }

    fn stream(&mut self, stream: u32) -> bool {
        self.seen.insert(Place::Stream(stream))
            && self.app.receivers[stream as usize].iter().all(|it| self.receiver(stream, *it))
    }

    /// Whether the stream's chunks may go together but for the tables that they are looked up in.
    fn stream_beside_tables(&mut self, stream: u32) -> bool {
        let together = self.seen.insert(Place::Stream(stream))
            && self.app.receivers[stream as usize].iter().all(|it| {
                if let Receiver::Query(query, port) = *it
                    && uses_table_by_key(self.app, query, port)
                {
                    return self.seen.insert(Place::Query(query)) && self.onward(query);
                }
                self.receiver(stream, *it)
            });
        together && !self.fragile
    }

    /// What a query that uses a table puts out.
    fn onward(&mut self, query: u32) -> bool {
        match &self.app.plan.queries[query as usize].output.action {
            ActionPlan::Stream(stream) => self.stream(stream.0),
            ActionPlan::Return | ActionPlan::Insert(_) | ActionPlan::UpdateOrInsert(_) => true,
            ActionPlan::Window(_) | ActionPlan::Delete(_) | ActionPlan::Update(_) => false,
        }
    }

    fn receiver(&mut self, stream: u32, receiver: Receiver) -> bool {
        match receiver {
            Receiver::Tap(tap) => self.seen.insert(Place::Tap(tap)),
            Receiver::Query(query, port) => self.query(stream, query, port),
            Receiver::Aggregation(aggregation) => {
                is_plain_aggregation(&self.app.plan.aggregations[aggregation as usize])
            }
            Receiver::Partition(partition) => {
                let inside = &self.app.partitions[partition as usize];
                let from = Origin::Stream(weir_plan::StreamId(stream));
                let divided = inside.keys.iter().any(|key| key.origin == from);
                let readers = inside.inside.iter().find(|(origin, _)| *origin == from);
                self.seen.insert(Place::Partition(partition))
                    && divided
                    && readers.is_some_and(|(_, readers)| {
                        readers.iter().all(|(query, port)| self.query(stream, *query, *port))
                    })
            }
        }
    }

    fn query(&mut self, from: u32, query: u32, port: Port) -> bool {
        let plan = &self.app.plan.queries[query as usize];
        if !self.seen.insert(Place::Query(query)) || port == Port::Both && !is_self_contained(plan)
        {
            return false;
        }
        if !is_plain(plan) {
            return false;
        }
        if fails_on_null(plan) {
            // Rows that queries made may have nulls where the entries have none.
            if from != self.start {
                return false;
            }
            self.fragile = true;
        }
        match &plan.output.action {
            ActionPlan::Return => true,
            ActionPlan::Stream(stream) => self.stream(stream.0),
            ActionPlan::Window(_)
            | ActionPlan::Insert(_)
            | ActionPlan::Delete(_)
            | ActionPlan::Update(_)
            | ActionPlan::UpdateOrInsert(_) => false,
        }
    }
}

/// Whether a query only looks up or replaces rows of a table by their key.
pub(crate) fn uses_table_by_key(app: &App, query: u32, port: Port) -> bool {
    let (plan, query) = (&app.plan.queries[query as usize], &app.queries[query as usize]);
    match &query.input {
        QueryInput::State(_) => false,
        QueryInput::Single(_) => {
            is_plain(plan) && !fails_on_null(plan) && query.writes_by_key(&app.tables)
        }
        QueryInput::Join(join) => {
            let sent_on = matches!(plan.output.action, ActionPlan::Stream(_) | ActionPlan::Return);
            sent_on
                && is_plain_beside_table(plan)
                && join.reads_by_key(port, &query.selector, &app.tables)
        }
    }
}

/// As [`is_plain`], but for the table that a stream is joined with.
fn is_plain_beside_table(plan: &QueryPlan) -> bool {
    let InputPlan::Join(join) = &plan.input else { return false };
    let plain_side = |it: &SinglePlan| match it.origin {
        Origin::Stream(_) => it.before.iter().chain(&it.after).all(is_plain_handler),
        Origin::Table(_) => it.before.is_empty() && it.after.is_empty(),
        Origin::Window(_) | Origin::Aggregation(_) => false,
    };
    plain_side(&join.left)
        && plain_side(&join.right)
        && join.on.as_ref().is_none_or(|on| !on.needs_care())
        && is_plain_output(plan)
}

/// Whether a join of a stream with itself keeps its chunks apart by itself.
fn is_self_contained(plan: &QueryPlan) -> bool {
    matches!(&plan.input, InputPlan::Join(_))
}

/// Whether nothing in the query looks at the entry itself, at a table, or may fail.
fn is_plain(plan: &QueryPlan) -> bool {
    let plain_side = |it: &SinglePlan| {
        let judged = it.window.as_ref().is_some_and(|it| it.name.starts_with("expression"));
        !judged
            && matches!(it.origin, Origin::Stream(_))
            && it.before.iter().chain(&it.after).all(is_plain_handler)
    };
    let input = match &plan.input {
        InputPlan::Single(single) => plain_side(single),
        InputPlan::Join(join) => {
            plain_side(&join.left)
                && plain_side(&join.right)
                && join.on.as_ref().is_none_or(|on| !on.needs_care())
        }
        // An absent element's deadline may fall between two chunks.
        InputPlan::State(state) => state.elements.iter().all(|it| {
            let plain = |filter: &weir_plan::ElementFilter| {
                filter.aggregates.is_empty() && !filter.condition.needs_care()
            };
            let stream = matches!(it.origin, Origin::Stream(_));
            stream && it.absent.is_none() && it.filters.iter().all(plain)
        }),
    };
    input && is_plain_output(plan)
}

fn is_plain_output(plan: &QueryPlan) -> bool {
    let select = &plan.select;
    let plain = |it: &Expr| !it.needs_care();
    plan.checks.is_empty()
        && plan.rate.is_none()
        && select.items.iter().all(plain)
        && select.group_by.iter().all(plain)
        && select.having.iter().all(plain)
        && select.order_extra.iter().all(plain)
        && select.aggregates.iter().all(|it| it.arg.iter().all(plain))
}

/// The windows that take any event; others need some attribute of it.
const TAKES_NULLS: [&str; 10] = [
    "batch",
    "cron",
    "delay",
    "frequent",
    "length",
    "lengthBatch",
    "lossyFrequent",
    "time",
    "timeBatch",
    "timeLength",
];

/// Whether a null may stop an event of the query.
fn fails_on_null(plan: &QueryPlan) -> bool {
    let side = |it: &SinglePlan| {
        it.window.as_ref().is_some_and(|window| !TAKES_NULLS.contains(&window.name.as_str()))
    };
    let input = match &plan.input {
        InputPlan::Single(single) => side(single),
        InputPlan::Join(join) => side(&join.left) || side(&join.right),
        InputPlan::State(_) => false,
    };
    let fails = |it: Aggregate| matches!(it, Aggregate::And | Aggregate::Or | Aggregate::UnionSet);
    let handlers = match &plan.input {
        InputPlan::Single(single) => single.before.iter().chain(&single.after).any(|it| {
            matches!(it, HandlerPlan::Filter { aggregates, .. }
                if aggregates.iter().any(|it| fails(it.aggregate)))
        }),
        InputPlan::Join(_) | InputPlan::State(_) => false,
    };
    input || handlers || plan.select.aggregates.iter().any(|it| fails(it.aggregate))
}

/// Whether events reach an aggregation without a fault, by the app's clock alone.
fn is_plain_aggregation(plan: &AggregationPlan) -> bool {
    plan.by.is_none()
        && plan.input.before.iter().all(is_plain_handler)
        && plan.group_by.iter().all(|it| !it.needs_care())
        && plan.items.iter().all(|it| it.value.iter().all(|value| !value.needs_care()))
}

fn is_plain_handler(handler: &HandlerPlan) -> bool {
    match handler {
        HandlerPlan::Filter { condition, aggregates } => {
            !condition.needs_care()
                && aggregates.iter().all(|it| it.arg.iter().all(|a| !a.needs_care()))
        }
        HandlerPlan::Log { .. } | HandlerPlan::Function { .. } | HandlerPlan::Processor { .. } => {
            false
        }
    }
}
