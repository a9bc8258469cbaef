//! Which streams' entries may be taken many at a time, the answer being that of one at a time.
//!
//! Rows that go depth first through a tree of queries leave it in the same order whether chunks go
//! one by one or together. Where two ways meet again (a stream that two queries feed, a table or
//! named window that two use, a query that two of its streams reach), or where an expression
//! looks at the entry's own clock or at a table, the order would show: there it is one at a time.

use std::collections::BTreeSet;

use weir_expr::Expr;
use weir_plan::{ActionPlan, HandlerPlan, InputPlan, Origin, QueryPlan, SinglePlan};

use crate::app::{App, Receiver};
use crate::query::Port;

/// By stream, whether its entries may be taken together.
pub(crate) fn streams(app: &App) -> Vec<bool> {
    (0..app.receivers.len())
        .map(|stream| Walk { app, seen: BTreeSet::new() }.stream(stream as u32))
        .collect()
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
}

impl Walk<'_> {
    fn stream(&mut self, stream: u32) -> bool {
        self.seen.insert(Place::Stream(stream))
            && self.app.receivers[stream as usize].iter().all(|it| self.receiver(stream, *it))
    }

    fn receiver(&mut self, stream: u32, receiver: Receiver) -> bool {
        match receiver {
            Receiver::Tap(tap) => self.seen.insert(Place::Tap(tap)),
            Receiver::Query(query, port) => self.query(query, port),
            Receiver::Partition(partition) => {
                let inside = &self.app.partitions[partition as usize];
                let from = Origin::Stream(weir_plan::StreamId(stream));
                let divided = inside.keys.iter().any(|key| key.origin == from);
                let readers = inside.inside.iter().find(|(origin, _)| *origin == from);
                self.seen.insert(Place::Partition(partition))
                    && divided
                    && readers.is_some_and(|(_, readers)| {
                        readers.iter().all(|(query, port)| self.query(*query, *port))
                    })
            }
        }
    }

    fn query(&mut self, query: u32, port: Port) -> bool {
        let plan = &self.app.plan.queries[query as usize];
        if !self.seen.insert(Place::Query(query)) || port == Port::Both && !is_self_contained(plan)
        {
            return false;
        }
        if !is_plain(plan) {
            return false;
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

/// Whether a join of a stream with itself keeps its chunks apart by itself.
fn is_self_contained(plan: &QueryPlan) -> bool {
    matches!(&plan.input, InputPlan::Join(_))
}

/// Whether nothing in the query looks at the entry itself, at a table, or may fail.
fn is_plain(plan: &QueryPlan) -> bool {
    let plain_side = |it: &SinglePlan| {
        matches!(it.origin, Origin::Stream(_))
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
        InputPlan::State(state) => state
            .elements
            .iter()
            .all(|it| it.absent.is_none() && it.filters.iter().all(|filter| !filter.needs_care())),
    };
    let select = &plan.select;
    let plain = |it: &Expr| !it.needs_care();
    input
        && plan.checks.is_empty()
        && plan.rate.is_none()
        && select.items.iter().all(plain)
        && select.group_by.iter().all(plain)
        && select.having.iter().all(plain)
        && select.aggregates.iter().all(|it| it.arg.iter().all(plain))
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
