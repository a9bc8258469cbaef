//! A plan becomes a running app: windows, selectors, handlers.

use std::cell::Cell;
use std::sync::Arc;

use weir_aggregation::Aggregation;
use weir_event::{DataType, Schema};
use weir_expr::Expr;
use weir_operators::Window;
use weir_operators::cron::Cron;
use weir_operators::rate::{Picture, RateLimit, RateSpec, Which};
use weir_operators::select::{AggregateSpec, EventTypes, OrderSpec, SelectSpec, Selector};
use weir_operators::window::{
    Condition, Conditions, Param, WindowSpec, build as build_window, build_processor,
};
use weir_plan::{
    ActionPlan, AggregatePlan, AggregationPlan, HandlerPlan, InputPlan, JoinPlan, NamedWindowPlan,
    Origin, Plan, QueryPlan, SelectPlan, SinglePlan, TableChange, TriggerPlan, TriggerTime,
    WindowPlan, condition, types,
};
use weir_query::{EventType, JoinKind, Problem, RateKind, RateWhich, Span};
use weir_tables::{OpenStores, Table, TableCondition};

use crate::aggregation::{Asking, NamedAggregation, spec};
use crate::app::App;
use crate::errors::ErrorStore;
use crate::named_window::NamedWindow;
use crate::partition::Partition;
use crate::pattern;
use crate::query::{
    Change, Handler, Join, JoinSide, Meant, Query, QueryInput, Seat, SideOrigin, Single, check,
};
use crate::stored_periods::PeriodTables;
use crate::stores;
use crate::timer::Timers;
use crate::together;
use crate::wiring::connect;

/// What a plan is run with, made part by part so that everything wrong with it is found at once.
pub(crate) struct Parts {
    tables: Vec<Table>,
    queries: Vec<Query>,
    windows: Vec<NamedWindow>,
    aggregations: Vec<NamedAggregation>,
    trigger_crons: Vec<Option<Cron>>,
}

/// Makes the parts of a plan, which may be one with problems of its own.
pub(crate) fn parts(
    plan: &Plan,
    name: &str,
    from: &dyn OpenStores,
    problems: &mut Vec<Problem>,
) -> Parts {
    let tables = stores::tables(plan, name, from, problems);
    let mut take = |problem| problems.push(problem);
    let windows = plan.windows.iter().map(named_window);
    let windows = windows.filter_map(|it| it.map_err(&mut take).ok()).collect();
    let query = |it| stores::ready(query(it, plan, name)?, &tables, it.span);
    let queries = plan.queries.iter().map(query);
    let queries = queries.filter_map(|it| it.map_err(&mut take).ok()).collect();
    let crons = plan.triggers.iter().map(trigger_cron);
    let trigger_crons = crons.filter_map(|it| it.map_err(&mut take).ok()).collect();
    let aggregations = plan.aggregations.iter().map(|it| aggregation(it, name, &tables));
    let aggregations = aggregations.filter_map(|it| it.map_err(&mut take).ok()).collect();
    let strays = plan.strays.iter().map(|(window, schema)| built(window, schema, true, false));
    problems.extend(strays.filter_map(Result::err));
    Parts { tables, queries, windows, aggregations, trigger_crons }
}

fn named_window(it: &NamedWindowPlan) -> Result<NamedWindow, Problem> {
    let spec = WindowSpec {
        name: &it.window.name,
        params: params(&it.window),
        types: &types(&it.schema),
        expired_wanted: it.output != EventType::Current,
        named: true,
        find_wanted: true,
        conditions: Some(window_conditions(&it.window, &it.schema)),
    };
    match build_window(&spec) {
        Ok(window) => Ok(NamedWindow::new(window, &it.window.name, event_types(it.output))),
        Err(why) => Err(hinted("window", it.window.span, &why)),
    }
}

fn aggregation(
    it: &AggregationPlan,
    app: &str,
    tables: &[Table],
) -> Result<NamedAggregation, Problem> {
    let seat = Seat { slot: 0, inputs: 1 };
    let input = single(&it.input, seat, false, false, &format!("{app}: {}", it.name))?;
    let Some(spec) = spec(it) else {
        let zone = it.time_zone.as_deref().unwrap_or_default();
        let message = format!("`aggTimeZone` is `{zone}`, which is no time zone");
        let problem = Problem::new("time-zone", it.span, message);
        return Err(problem.with_hint("write `GMT`, or a name such as `Asia/Colombo`"));
    };
    let stored = it.stored.as_ref();
    let tables = stored.map(|stored| PeriodTables::new(stored, it.by.is_some(), tables));
    let tables = tables.transpose().map_err(|why| Problem::new("store", it.span, why.why))?;
    Ok(NamedAggregation { input, totals: Aggregation::new(spec), tables })
}

fn trigger_cron(it: &TriggerPlan) -> Result<Option<Cron>, Problem> {
    let TriggerTime::Cron(text) = &it.at else { return Ok(None) };
    match Cron::parse(text) {
        Ok(cron) => Ok(Some(cron)),
        Err(why) => Err(Problem::new("trigger", it.span, why)),
    }
}

/// Makes the running app of a plan and its parts.
pub(crate) fn build(plan: Plan, parts: Parts, name: String, text: &str) -> App {
    let mut app = App {
        name,
        text: text.to_owned(),
        receivers: vec![Vec::new(); plan.streams.len()],
        window_receivers: vec![Vec::new(); plan.windows.len()],
        partitions: plan
            .partitions
            .iter()
            .map(|it| Partition::new(it.keys.clone(), it.purge))
            .collect(),
        queries: parts.queries,
        windows: parts.windows,
        tables: parts.tables,
        aggregations: parts.aggregations,
        taps: Vec::new(),
        together: Vec::new(),
        min_wait_ms: None,
        clock: 0,
        wall: 0,
        timers: Timers::default(),
        wall_timers: Timers::default(),
        last_event: 0,
        trigger_crons: parts.trigger_crons,
        errors: ErrorStore::default(),
        random: Cell::new(0),
        depth: 0,
        started: false,
        plan,
    };
    for query in &app.queries {
        if let QueryInput::Join(join) = &query.input {
            for (window, column) in join.asked_windows() {
                app.windows[window].index_by(column);
            }
        }
    }
    connect(&mut app);
    app.min_wait_ms = app
        .queries
        .iter()
        .filter_map(Query::min_wait_ms)
        .chain(app.windows.iter().filter_map(|it| it.window.min_wait_ms()))
        .min();
    app.together = together::streams(&app);
    app
}

fn event_types(events: EventType) -> EventTypes {
    match events {
        EventType::Current => EventTypes { current: true, expired: false },
        EventType::Expired => EventTypes { current: false, expired: true },
        EventType::All => EventTypes { current: true, expired: true },
    }
}

/// The parameters of a window, which sees its own event alone, in slot 0.
fn params(window: &WindowPlan) -> Vec<Param> {
    let alone = |expr: &Expr| {
        let mut expr = expr.clone();
        expr.for_each_slot(&mut |slot| *slot = 0);
        Param { expr }
    };
    window.params.iter().map(alone).collect()
}

fn aggregates(plans: &[AggregatePlan]) -> Vec<AggregateSpec> {
    plans
        .iter()
        .map(|it| AggregateSpec {
            aggregate: it.aggregate,
            arg: it.arg.clone(),
            guard: it.guard.clone(),
            data_type: it.data_type,
        })
        .collect()
}

fn query(it: &QueryPlan, plan: &Plan, app: &str) -> Result<Query, Problem> {
    let expired_wanted = it.output.events != EventType::Current;
    let label = format!("{app}: {}", it.name);
    let (mut rows_leave, mut rounds) = (true, None);
    let (mut select, mut checks) = (it.select.clone(), it.checks.clone());
    let mut input = match &it.input {
        InputPlan::Single(input) => {
            let seat = Seat { slot: 0, inputs: 1 };
            let single = single(input, seat, expired_wanted, false, &label)?;
            rounds = single.window.as_ref().and_then(|window| window.rounds());
            rounds = rounds.filter(|_| single.after.is_empty() && it.rate.is_none());
            let expires = single.window.as_ref().is_some_and(|it| it.puts_out_expired());
            rows_leave = expires || !matches!(input.origin, Origin::Stream(_));
            // A snapshot rate limit shows what a window holds, so it sees rows leave.
            let unseen = !expired_wanted && it.rate.is_none();
            QueryInput::Single(Box::new(if unseen { single.unseen() } else { single }))
        }
        InputPlan::Join(join) => {
            let learns = !it.select.aggregates.is_empty();
            let input = join_input(join, it, expired_wanted, learns, &label)?;
            QueryInput::Join(Box::new(input))
        }
        InputPlan::State(state) => {
            let built = pattern::build(it, state)
                .map_err(|why| Problem::new("pattern-size", it.span, why))?;
            (select, checks) = (built.select, built.checks);
            QueryInput::State(Box::new(built.state))
        }
    };
    // A limit that shows what a window holds sees when it starts anew, and one that counts rows
    // counts that too, unless an aggregate or a group takes it in.
    let counts = matches!(it.rate, Some(RateKind::Events { which: RateWhich::First, .. }))
        && it.select.aggregates.is_empty()
        && it.select.group_by.is_empty();
    let resets = counts || matches!(it.rate, Some(RateKind::Snapshot { .. }));
    let mut spec = select_spec(&select, it.output.events);
    spec.collapse = !resets;
    spec.keep_groups = it.rate.is_some();
    spec.rows_leave = rows_leave;
    let rate = it.rate.as_ref().map(|rate| {
        let grouped = !it.select.group_by.is_empty();
        RateLimit::new(rate_spec(rate, it), grouped, &types(&it.select.schema))
    });
    let tumbling = rounds.and_then(|rounds| Some((rounds, Selector::tumbling(&spec)?)));
    let selector = match (tumbling, &mut input) {
        (Some((rounds, selector)), QueryInput::Single(single)) => {
            (single.window, single.rounds) = (None, Some(rounds));
            selector
        }
        _ => Selector::new(spec),
    };
    Ok(Query {
        name: it.name.clone(),
        input,
        rate,
        selector,
        output: it.output.clone(),
        change: change(&it.output.action, plan),
        checks: checks.iter().map(check).collect(),
        taps: Vec::new(),
    })
}

fn rate_spec(rate: &RateKind, query: &QueryPlan) -> RateSpec {
    let which = |it: RateWhich| match it {
        RateWhich::All => Which::All,
        RateWhich::First => Which::First,
        RateWhich::Last => Which::Last,
    };
    match rate {
        RateKind::Events { which: it, count } => {
            RateSpec::Events { which: which(*it), count: (*count).max(1) as u64 }
        }
        RateKind::Time { which: it, every } => {
            RateSpec::Time { which: which(*it), every_ms: every.ms.max(1) }
        }
        RateKind::Snapshot { every } => {
            RateSpec::Snapshot { every_ms: every.ms.max(1), picture: picture(query) }
        }
    }
}

/// What a snapshot of a query shows.
fn picture(query: &QueryPlan) -> Picture {
    let select = &query.select;
    let windowed = match &query.input {
        InputPlan::Single(single) => single.window.is_some(),
        InputPlan::Join(_) => true,
        InputPlan::State(_) => false,
    };
    let totals: Vec<usize> = (0..select.items.len())
        .filter(|at| {
            let mut total = false;
            select.items[*at].walk(&mut |it| {
                total |= matches!(it, Expr::Attribute { slot, .. } if *slot == select.inputs);
            });
            total
        })
        .collect();
    let only_totals = totals.len() == select.items.len();
    match (windowed, select.group_by.is_empty(), totals.is_empty()) {
        (false, true, _) => Picture::Last,
        (false, false, _) => Picture::LastOfGroups,
        (true, _, true) => Picture::Rows,
        (true, true, false) if only_totals => Picture::Totals,
        (true, true, false) => Picture::RowsWithTotals(totals),
        (true, false, false) if only_totals => Picture::GroupTotals,
        (true, false, false) => Picture::GroupRowsWithTotals(totals),
    }
}

pub(crate) fn select_spec(select: &SelectPlan, events: EventType) -> SelectSpec {
    SelectSpec {
        inputs: select.inputs,
        group_by: select.group_by.clone(),
        aggregates: aggregates(&select.aggregates),
        items: select.items.clone(),
        having: select.having.clone(),
        order_by: select
            .order_by
            .iter()
            .map(|(column, descending)| OrderSpec { column: *column, descending: *descending })
            .collect(),
        order_extra: select.order_extra.clone(),
        limit: select.limit,
        offset: select.offset,
        types: event_types(events),
        collapse: true,
        keep_groups: false,
        rows_leave: true,
    }
}

fn change(action: &ActionPlan, plan: &Plan) -> Option<Change> {
    let meant = |to: &TableChange, may_overwrite| {
        Meant::new(to, &plan.tables[to.table.index()].primary_key, may_overwrite)
    };
    Some(match action {
        ActionPlan::Insert(table) => Change::Insert(table.index()),
        ActionPlan::Delete(to) => Change::Delete(meant(to, false)),
        ActionPlan::Update(to) => Change::Update(meant(to, false)),
        ActionPlan::UpdateOrInsert(to) => Change::UpdateOrInsert(meant(to, true)),
        ActionPlan::Stream(_) | ActionPlan::Window(_) | ActionPlan::Return => return None,
    })
}

fn single(
    it: &SinglePlan,
    seat: Seat,
    expired_wanted: bool,
    find_wanted: bool,
    label: &str,
) -> Result<Single, Problem> {
    let window = match &it.window {
        Some(window) => Some(built(window, &it.window_schema, expired_wanted, find_wanted)?),
        None => None,
    };
    let handlers = |list: &[HandlerPlan]| -> Result<Vec<Handler>, Problem> {
        list.iter().map(|handler| self::handler(handler, seat, label)).collect()
    };
    if let Some(HandlerPlan::Processor { call, .. }) = it.after.iter().find(is_processor) {
        let message = format!("`{}` takes no rows that leave a window", call.name);
        let problem = Problem::new("processor", call.span, message);
        return Err(problem.with_hint("write it before the window"));
    }
    Ok(Single::new(handlers(&it.before)?, window, handlers(&it.after)?, seat))
}

/// A problem whose text may say what to do in a second line.
pub(crate) fn hinted(code: &'static str, span: Span, why: &str) -> Problem {
    match why.split_once("\nhint: ") {
        Some((message, hint)) => Problem::new(code, span, message).with_hint(hint),
        None => Problem::new(code, span, why),
    }
}

fn built(
    window: &WindowPlan,
    schema: &Schema,
    expired_wanted: bool,
    find_wanted: bool,
) -> Result<Box<dyn Window>, Problem> {
    let types: Vec<DataType> = types(schema);
    build_window(&WindowSpec {
        name: &window.name,
        params: params(window),
        types: &types,
        expired_wanted,
        named: false,
        find_wanted,
        conditions: Some(window_conditions(window, schema)),
    })
    .map_err(|why| hinted("window", window.span, &why))
}

/// Compiles conditions over the rows of a window.
#[derive(Debug)]
struct WindowConditions {
    input: String,
    schema: Schema,
}

impl Conditions for WindowConditions {
    fn compile(&self, text: &str) -> Result<Condition, String> {
        let plan = condition(&self.input, &self.schema, text).map_err(|problems| {
            let why = problems.first().map_or("it is wrong", |problem| problem.message.as_str());
            format!("`{text}` is no condition for a window: {why}")
        })?;
        Ok(Condition { test: plan.condition, aggregates: aggregates(&plan.aggregates) })
    }
}

fn window_conditions(window: &WindowPlan, schema: &Schema) -> Arc<dyn Conditions> {
    Arc::new(WindowConditions { input: window.input.clone(), schema: schema.clone() })
}

fn is_processor(it: &&HandlerPlan) -> bool {
    matches!(it, HandlerPlan::Processor { .. })
}

fn handler(it: &HandlerPlan, seat: Seat, label: &str) -> Result<Handler, Problem> {
    Ok(match it {
        HandlerPlan::Filter { condition, aggregates } if aggregates.is_empty() => {
            Handler::Filter(condition.clone())
        }
        HandlerPlan::Filter { condition, aggregates } => {
            let spec = SelectSpec {
                inputs: seat.inputs as u16,
                group_by: Vec::new(),
                aggregates: self::aggregates(aggregates),
                items: Vec::new(),
                having: Some(condition.clone()),
                order_by: Vec::new(),
                order_extra: Vec::new(),
                limit: None,
                offset: None,
                types: EventTypes { current: true, expired: true },
                collapse: false,
                keep_groups: false,
                rows_leave: true,
            };
            Handler::Totals(Box::new(Selector::new(spec)))
        }
        HandlerPlan::Log { priority, message, show_event } => Handler::Log {
            prefix: label.to_owned(),
            priority: priority.clone(),
            message: message.clone(),
            show_event: *show_event,
        },
        HandlerPlan::Function { function, args } => {
            Handler::Function { function: function.clone(), args: args.clone() }
        }
        HandlerPlan::Processor { call, schema } => {
            let built = build_processor(&WindowSpec {
                name: &call.name,
                params: params(call),
                types: &types(schema),
                expired_wanted: false,
                named: false,
                find_wanted: false,
                conditions: None,
            });
            let refused = |why: String| Problem::new("unknown-function", call.span, why);
            Handler::Processor(built.map_err(refused)?)
        }
    })
}

fn join_input(
    join: &JoinPlan,
    query: &QueryPlan,
    expired_wanted: bool,
    learns: bool,
    label: &str,
) -> Result<Join, Problem> {
    let refused = |why: &str| Problem::new("join", query.span, why);
    let (keep_left, keep_right) = match join.kind {
        JoinKind::Inner => (false, false),
        JoinKind::LeftOuter => (true, false),
        JoinKind::RightOuter => (false, true),
        JoinKind::FullOuter => (true, true),
    };
    let side = |it: &SinglePlan, slot: usize, triggers: bool, kept: bool| {
        if !it.after.is_empty() {
            let why = "a side of a join cannot have a filter or function after its window";
            return Err(refused(why));
        }
        let seat = Seat { slot, inputs: 2 };
        let single = single(it, seat, expired_wanted, true, label)?;
        let origin = match it.origin {
            Origin::Stream(_) => SideOrigin::Stream,
            Origin::Window(window) => SideOrigin::Window(window.index()),
            Origin::Table(table) => {
                let condition = join.on.clone().map(|on| TableCondition::new(on, slot as u16));
                SideOrigin::Table(table.index(), condition)
            }
            Origin::Aggregation(id) => {
                let asking = Asking::new(id.index(), join.within.as_ref(), join.per.as_ref());
                let missing = || Problem::new("join", query.span, "`within` and `per` are missing");
                SideOrigin::Aggregation(asking.ok_or_else(missing)?)
            }
        };
        let window = it.window.as_ref().map(|window| window.name.as_str());
        Ok(JoinSide::new(single, origin, (triggers, kept), window))
    };
    let left = side(&join.left, 0, join.left_triggers, keep_left)?;
    let right = side(&join.right, 1, join.right_triggers, keep_right)?;
    Ok(Join::new([left, right], join.on.clone(), expired_wanted || learns))
}
