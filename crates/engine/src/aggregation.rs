//! `define aggregation` in an app: what feeds it, and what a query asks of it.

use std::sync::Arc;

use weir_aggregation::{Aggregation, Bounds, Calendar, ItemSpec, Period, Purged, Spec, What};
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Column, DataType, Value};
use weir_expr::{Aggregate, Env, Expr, Fault, Input, Rows, Scope};
use weir_operators::Cx;
use weir_plan::{AggregationItem, AggregationPlan};

use crate::app::App;
use crate::outputs::{Level, Outputs};
use crate::query::{Delivery, Single};
use crate::stored_periods::PeriodTables;
use crate::timer::{Target, Timer};

/// An aggregation with what is done to events on the way in.
pub(crate) struct NamedAggregation {
    pub input: Single,
    pub totals: Aggregation,
    /// Where closed periods are kept, too.
    pub tables: Option<PeriodTables>,
}

/// How `define aggregation` is run; `None` where its time zone is not known.
pub(crate) fn spec(plan: &AggregationPlan) -> Option<Spec> {
    let calendar = match &plan.time_zone {
        Some(zone) => Calendar::named(zone)?,
        None => Calendar::default(),
    };
    let kept = plan.retention.as_ref().map_or_else(Vec::new, |it| it.kept.clone());
    Some(Spec {
        calendar,
        periods: plan.periods.iter().map(|it| period(*it)).collect(),
        by: plan.by.clone(),
        group_by: plan.group_by.clone(),
        newest_by_time: plan.newest_by_time,
        items: plan.items.iter().map(item).collect(),
        kept,
    })
}

fn period(period: weir_query::Period) -> Period {
    match period {
        weir_query::Period::Second => Period::Second,
        weir_query::Period::Minute => Period::Minute,
        weir_query::Period::Hour => Period::Hour,
        weir_query::Period::Day => Period::Day,
        weir_query::Period::Month => Period::Month,
        weir_query::Period::Year => Period::Year,
    }
}

fn item(it: &AggregationItem) -> ItemSpec {
    let what = match (it.aggregate, it.group) {
        (None, Some(group)) => What::Group(group),
        (Some(Aggregate::Sum), _) => What::Sum,
        (Some(Aggregate::Avg), _) => What::Avg,
        (Some(Aggregate::Count), _) => What::Count,
        (Some(Aggregate::DistinctCount), _) => What::DistinctCount,
        (Some(Aggregate::Min), _) => What::Min,
        (Some(Aggregate::Max), _) => What::Max,
        // Planning lets no other aggregate through.
        (Some(_) | None, _) => What::Newest,
    };
    ItemSpec { what, value: it.value.clone(), data_type: it.data_type }
}

/// What a query asks of an aggregation.
pub(crate) struct Asking {
    pub aggregation: usize,
    within: (Expr, Option<Expr>),
    per: Expr,
}

/// Which periods were asked for.
pub(crate) type Asked = (Period, Bounds);

impl Asking {
    /// The question of a plan, which has both `within` and `per`.
    pub(crate) fn new(
        aggregation: usize,
        within: Option<&(Expr, Option<Expr>)>,
        per: Option<&Expr>,
    ) -> Option<Self> {
        Some(Self { aggregation, within: within?.clone(), per: per?.clone() })
    }

    /// Which periods are asked for at one place of a scope.
    pub(crate) fn asked(&self, scope: &Scope<'_>, place: usize) -> Result<Asked, Fault> {
        let start = self.within.0.value_at(scope, place)?;
        let bounds = match &self.within.1 {
            Some(end) => Bounds::between(&start, &end.value_at(scope, place)?)?,
            None => Bounds::of_pattern(&start)?,
        };
        let per = self.per.value_at(scope, place)?;
        let period = per.as_text().and_then(|text| Period::named(text));
        let period = period.ok_or_else(|| {
            Fault::runtime(format!(
                "`{per}` is no period\nhint: `per` takes `sec`, `min`, `hour`, `day`, `month` or \
                 `year`"
            ))
        })?;
        Ok((period, bounds))
    }
}

/// The rows of an aggregation, with the bounds behind the selected values.
pub(crate) fn read(
    aggregation: &NamedAggregation,
    (period, bounds): Asked,
) -> Result<Batch, Fault> {
    let mut batch = aggregation.totals.read(period, bounds)?;
    let len = batch.len();
    let same = |time| Arc::new(Column::repeated(&Value::Long(time), DataType::Long, len));
    batch.columns.extend([same(bounds.start), same(bounds.end)]);
    Ok(batch)
}

impl NamedAggregation {
    fn receive(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let totals = &mut self.totals;
        self.input.pass(cx, delivery, notes, |cx, held, flow, whole| {
            let Some(last) = flow.chunks.last() else { return Ok(()) };
            let rows = if whole { Rows::From(0) } else { Rows::List(&flow.rows) };
            let input =
                Input { source: held.source(), rows, shown_at: Some(&flow.times), chain: None };
            let env: Env<'_> = cx.env(last.now);
            let scope = Scope { inputs: &[input], len: flow.len(), env: &env };
            totals.receive(&scope, flow.chunks.iter().map(|it| (it.end as usize, it.now)))
        })?
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        self.input.save(w);
        self.totals.save(w);
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.input.load(r)?;
        self.totals.load(r)
    }
}

impl App {
    /// Events arrive at an aggregation.
    pub(crate) fn aggregate(
        &mut self,
        aggregation: usize,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let (mut wakes, mut faults, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut cx =
            Cx { wakes: &mut wakes, faults: &mut faults, random: &self.random, tables: None };
        let taken = self.aggregations[aggregation].receive(&mut cx, delivery, &mut notes);
        for note in notes {
            self.note(Level::Info, &note, out);
        }
        self.write_periods(aggregation, out);
        taken
    }

    /// Periods that are over by now close, before somebody reads.
    pub(crate) fn close_periods(&mut self, aggregation: usize, now: i64) {
        self.aggregations[aggregation].totals.advance(now);
    }

    /// Purges begin, one interval after the start.
    pub(crate) fn start_purges(&mut self) {
        for (at, plan) in self.plan.aggregations.iter().enumerate() {
            if let Some(retention) = &plan.retention {
                let due = self.wall.saturating_add(retention.interval_ms);
                self.wall_timers.ask(due, Target::Retention(at as u32), weir_event::Key(0));
            }
        }
    }

    /// Closed periods that are kept no longer go.
    pub(crate) fn purge_aggregation(&mut self, at: usize, timer: Timer, out: &mut dyn Outputs) {
        let Some(retention) = &self.plan.aggregations[at].retention else { return };
        let due = timer.due.saturating_add(retention.interval_ms);
        self.close_periods(at, self.clock);
        let purged = self.aggregations[at].totals.purge(timer.due);
        self.write_periods(at, out);
        match purged {
            Purged::Done => self.wall_timers.ask(due, timer.target, timer.key),
            Purged::Halted => {
                let name = &self.plan.aggregations[at].name;
                let text = format!(
                    "the aggregation `{name}` is purged no more: what would go is missing in its \
                     longer periods"
                );
                self.note(Level::Error, &text, out);
            }
        }
    }
}
