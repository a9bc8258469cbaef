//! A whole app: definitions, then queries and partitions in the order of the text.

use weir_event::{DataType, Schema};
use weir_query as q;
use weir_query::Problem;

use crate::aggregation::aggregation;
use crate::change::table_change;
use crate::compile::{Compiler, NamedInput, Place, quoted};
use crate::configured::Configured;
use crate::define::{Definitions, attributes};
use crate::graph::{
    ActionPlan, AggregationPlan, InputPlan, KeyBy, KeyPlan, NamedWindowPlan, Origin, OutputPlan,
    PartitionId, PartitionPlan, Plan, Playback, Purge, QueryId, QueryPlan, SelectPlan, TableChange,
};
use crate::select::{final_slot, number_slots, slots};
use crate::statistics::statistics;
use crate::stored_periods::stored_periods;

/// Resolves all names and types of an app, which finds `configured` in its host's configuration.
///
/// The plan is whole only when there are no problems.
#[must_use]
pub fn plan(app: &q::App, configured: &Configured) -> (Plan, Vec<Problem>) {
    let mut planner = Planner::default();
    planner.definitions.configured = configured.clone();
    let app = configured.referred(app, &mut planner.problems);
    planner.app(&app);
    let mut problems = planner.problems;
    problems.sort_by_key(|problem| problem.span.start);
    (planner.definitions.plan, problems)
}

#[derive(Debug, Default)]
struct Planner {
    definitions: Definitions,
    problems: Vec<Problem>,
    query_names: Vec<String>,
    queries: usize,
}

impl Planner {
    fn app(&mut self, app: &q::App) {
        self.definitions.plan.name = app.name().map(str::to_owned);
        self.definitions.plan.annotations = app.annotations.clone();
        self.app_annotations(app);
        self.definitions.define_all(app, &mut self.problems);
        for definition in &app.definitions {
            match definition {
                q::Definition::Window(it) => self.named_window(it),
                q::Definition::Aggregation(it) => {
                    match aggregation(&self.definitions, it, &mut self.problems) {
                        Some(plan) => self.aggregation(it, plan),
                        None => self.definitions.add_faulty(&it.name),
                    }
                }
                q::Definition::Stream(_)
                | q::Definition::Table(_)
                | q::Definition::Trigger(_)
                | q::Definition::Function(_) => {}
            }
        }
        for execution in &app.execution {
            match execution {
                q::Execution::Query(query) => {
                    let planned = self.query(query, None);
                    self.definitions.plan.queries.extend(planned);
                }
                q::Execution::Partition(partition) => self.partition(partition),
            }
        }
    }

    fn aggregation(&mut self, it: &q::AggregationDefinition, mut plan: AggregationPlan) {
        let (first, problems) = (self.definitions.plan.tables.len(), &mut self.problems);
        if let Some((stored, tables)) = stored_periods(it, &plan, first, problems) {
            plan.stored = Some(stored);
            for table in tables {
                self.definitions.add_period_table(table, it.name_span, problems);
            }
        }
        self.definitions.add_aggregation(plan, it.name_span, problems);
    }

    fn app_annotations(&mut self, app: &q::App) {
        for annotation in &app.annotations {
            if annotation.name.eq_ignore_ascii_case("async") {
                self.problems.push(
                    Problem::new("async", annotation.span, "`@app:async` is not an annotation")
                        .with_hint("write `@async(buffer.size='…')` before a stream"),
                );
            }
        }
        if let Some(annotation) = app.annotation("statistics") {
            self.definitions.plan.statistics = statistics(annotation, &mut self.problems);
        }
        let Some(playback) = app.annotation("playback") else { return };
        let known = ["idle.time", "increment"];
        let mut times = [None, None];
        for element in &playback.elements {
            let key = element.key.as_deref().unwrap_or("");
            let Some(at) = known.iter().position(|it| it.eq_ignore_ascii_case(key)) else {
                let message = format!("`@app:playback` has no option `{key}`");
                let hint = format!("known are {}", quoted(&known));
                self.problems.push(Problem::new("playback", element.span, message).with_hint(hint));
                return;
            };
            times[at] = time_text(&element.value);
            if times[at].is_none() {
                let message = format!("`{}` is not a time", element.value);
                self.problems.push(
                    Problem::new("playback", element.span, message)
                        .with_hint("write `100 millisec`"),
                );
            }
        }
        match (times, playback.elements.len()) {
            ([None, None], 0) => {
                self.definitions.plan.playback = Some(Playback { idle_ms: None, increment_ms: 0 });
            }
            ([Some(idle), Some(increment)], _) => {
                let playback = Playback { idle_ms: Some(idle), increment_ms: increment };
                self.definitions.plan.playback = Some(playback);
            }
            _ => self.problems.push(Problem::new(
                "playback",
                playback.span,
                "`@app:playback` takes both `idle.time` and `increment`, or neither",
            )),
        }
    }

    fn named_window(&mut self, it: &q::WindowDefinition) {
        let schema = attributes(&it.attributes, &mut self.problems);
        let input = NamedInput {
            name: it.name.clone(),
            kind: q::StreamKind::Plain,
            schema: schema.clone(),
            slot: 0,
            counted: false,
        };
        let mut compiler = Compiler::new(&self.definitions, vec![input]);
        compiler.place = Place::Handler(0);
        let window = compiler.window(&it.window);
        self.problems.append(&mut compiler.problems);
        if window.is_none() {
            self.definitions.add_faulty(&it.name);
        }
        if let Some(window) = window {
            let output = it.output.unwrap_or(q::EventType::All);
            let plan = NamedWindowPlan { name: it.name.clone(), schema, window, output };
            self.definitions.add_window(plan, it.name_span, &mut self.problems);
        }
    }

    fn query_name(&mut self, query: &q::Query) -> String {
        self.queries += 1;
        let given = query
            .annotations
            .iter()
            .find(|it| it.name.eq_ignore_ascii_case("info"))
            .and_then(|info| info.element("name"));
        let name = match given {
            Some(element) => {
                if self.query_names.contains(&element.value) {
                    let message = format!("two queries are named `{}`", element.value);
                    self.problems.push(Problem::new("duplicate", element.span, message));
                }
                element.value.clone()
            }
            None => format!("query_{}", self.queries),
        };
        self.query_names.push(name.clone());
        name
    }

    fn query(&mut self, query: &q::Query, partition: Option<PartitionId>) -> Option<QueryPlan> {
        let name = self.query_name(query);
        let mut compiler = Compiler::new(&self.definitions, Vec::new());
        let mut input = compiler.input(&query.input, partition);
        let mut select = if compiler.unsure { None } else { compiler.select(&query.selection) };
        if let (Some(input), Some(select)) = (&mut input, &mut select) {
            if let InputPlan::State(state) = input {
                state.views = compiler.views.take().unwrap_or_default();
                let views = state.views.len() as u16;
                for filter in state.elements.iter_mut().flat_map(|it| &mut it.filters) {
                    filter.condition.for_each_slot(&mut |slot| *slot = final_slot(*slot, views));
                    let aggregates = filter.aggregates.iter_mut();
                    let args = aggregates.flat_map(|it| it.arg.iter_mut().chain(&mut it.guard));
                    args.for_each(|it| it.for_each_slot(&mut |at| *at = final_slot(*at, views)));
                }
            }
            let inputs = slots(input);
            number_slots(select, inputs);
            for check in &mut compiler.checks {
                check.table_slot = final_slot(check.table_slot, inputs);
                check.condition.for_each_slot(&mut |slot| *slot = final_slot(*slot, inputs));
            }
        }
        let checks = std::mem::take(&mut compiler.checks);
        self.problems.append(&mut compiler.problems);
        let mut strays = std::mem::take(&mut compiler.strays);
        self.check_rate(query);
        let output = select.as_ref().and_then(|select| self.output(query, select, partition));
        if select.is_none()
            && let q::OutputAction::Insert { target } = &query.output.action
        {
            self.definitions.add_faulty(&target.name);
        }
        let rate = query.rate.as_ref().map(|rate| rate.kind.clone());
        let span = query.span;
        match (input, select, output) {
            (Some(input), Some(select), Some(output)) => {
                Some(QueryPlan { name, span, partition, input, select, rate, output, checks })
            }
            (input, _, _) => {
                strays.extend(input.into_iter().flat_map(InputPlan::strays));
                self.definitions.plan.strays.append(&mut strays);
                None
            }
        }
    }

    fn check_rate(&mut self, query: &q::Query) {
        let Some(rate) = &query.rate else { return };
        let snapshot = matches!(rate.kind, q::RateKind::Snapshot { .. });
        let narrowed =
            matches!(query.output.events, Some(q::EventType::Current | q::EventType::Expired));
        if snapshot && narrowed {
            let message = "a snapshot is of all events: it cannot be of some alone";
            self.problems.push(
                Problem::new("rate", rate.span, message).with_hint("write `all events` or nothing"),
            );
        }
    }

    fn output(
        &mut self,
        query: &q::Query,
        select: &SelectPlan,
        partition: Option<PartitionId>,
    ) -> Option<OutputPlan> {
        let snapshot = matches!(
            query.rate.as_ref().map(|rate| &rate.kind),
            Some(q::RateKind::Snapshot { .. })
        );
        let default = if snapshot { q::EventType::All } else { q::EventType::Current };
        let events = query.output.events.unwrap_or(default);
        let action = match &query.output.action {
            q::OutputAction::Return => ActionPlan::Return,
            q::OutputAction::Insert { target } => self.insert(target, select, partition)?,
            q::OutputAction::Delete { target, on } => {
                let Some(on) = on else {
                    let message = "`delete` needs a condition";
                    self.problems.push(
                        Problem::new("output", query.output.span, message)
                            .with_hint("write `on true` to delete all rows"),
                    );
                    return None;
                };
                ActionPlan::Delete(self.change(target, select, on, None)?)
            }
            q::OutputAction::Update { target, set, on } => {
                ActionPlan::Update(self.change(target, select, on, Some(set))?)
            }
            q::OutputAction::UpdateOrInsert { target, set, on } => {
                let change = self.change(target, select, on, Some(set))?;
                let schema = self.definitions.table_schema(change.table);
                self.same_schema(target, &schema, &select.schema)?;
                ActionPlan::UpdateOrInsert(change)
            }
        };
        Some(OutputPlan { action, events })
    }

    fn insert(
        &mut self,
        target: &q::StreamRef,
        select: &SelectPlan,
        partition: Option<PartitionId>,
    ) -> Option<ActionPlan> {
        let existing = self.definitions.resolve(target, partition);
        let schema = select.schema.clone();
        Some(match existing {
            Ok(origin) => {
                let has = self.definitions.schema(origin);
                self.same_schema(target, &has, &schema)?;
                match origin {
                    Origin::Stream(id) => ActionPlan::Stream(id),
                    Origin::Window(id) => ActionPlan::Window(id),
                    Origin::Table(id) => ActionPlan::Insert(id),
                    Origin::Aggregation(_) => {
                        let message = format!("`{}` is an aggregation", target.name);
                        self.problems.push(Problem::new("output", target.span, message));
                        return None;
                    }
                }
            }
            Err(problem) if target.kind == q::StreamKind::Fault => {
                self.problems.push(problem);
                return None;
            }
            Err(_) => {
                let inner = match target.kind {
                    q::StreamKind::Inner => partition,
                    q::StreamKind::Plain | q::StreamKind::Fault => None,
                };
                let name = match (target.kind, inner) {
                    (q::StreamKind::Inner, None) => format!("#{}", target.name),
                    _ => target.name.clone(),
                };
                ActionPlan::Stream(self.definitions.add_stream(&name, schema, Vec::new(), inner))
            }
        })
    }

    fn same_schema(&mut self, target: &q::StreamRef, has: &Schema, gets: &Schema) -> Option<()> {
        same_schema(&mut self.problems, target, has, gets)
    }

    fn change(
        &mut self,
        target: &q::StreamRef,
        select: &SelectPlan,
        on: &q::Expr,
        set: Option<&Vec<q::SetClause>>,
    ) -> Option<TableChange> {
        table_change(&self.definitions, &mut self.problems, target, select, on, set)
    }

    fn partition(&mut self, partition: &q::Partition) {
        let id = PartitionId(self.definitions.plan.partitions.len() as u32);
        let mut keys = Vec::new();
        for key in &partition.keys {
            keys.extend(self.key(key));
        }
        let purge = self.purge(&partition.annotations);
        self.definitions.plan.partitions.push(PartitionPlan {
            keys,
            queries: Vec::new(),
            annotations: partition.annotations.clone(),
            purge,
        });
        for query in &partition.queries {
            if let Some(planned) = self.query(query, Some(id)) {
                let query_id = QueryId(self.definitions.plan.queries.len() as u32);
                self.definitions.plan.queries.push(planned);
                self.definitions.plan.partitions[id.index()].queries.push(query_id);
            }
        }
    }

    fn key(&mut self, key: &q::PartitionKey) -> Option<KeyPlan> {
        let stream =
            q::StreamRef { name: key.stream.clone(), kind: q::StreamKind::Plain, span: key.span };
        let input = q::SingleInput { stream, handlers: Vec::new(), alias: None, span: key.span };
        let mut compiler = Compiler::new(&self.definitions, Vec::new());
        let origin = compiler.open(&input, None);
        let by = origin.and_then(|_| match &key.by {
            q::PartitionBy::Value(value) => compiler.expr(value).map(KeyBy::Value),
            q::PartitionBy::Ranges(ranges) => {
                let ranges = ranges
                    .iter()
                    .map(|range| Some((compiler.condition(&range.condition)?, range.name.clone())));
                Some(KeyBy::Ranges(ranges.collect::<Option<_>>()?))
            }
        });
        self.problems.append(&mut compiler.problems);
        Some(KeyPlan { origin: origin?, by: by? })
    }

    fn purge(&mut self, annotations: &[q::Annotation]) -> Option<Purge> {
        let purge = annotations.iter().find(|it| it.name.eq_ignore_ascii_case("purge"))?;
        let mut wanted = |key: &str, default: Option<i64>| {
            let Some(element) = purge.element(key) else {
                if default.is_none() {
                    let message = format!("`@purge` needs `{key}`");
                    self.problems.push(Problem::new("purge", purge.span, message));
                }
                return default;
            };
            let time = time_text(&element.value);
            if time.is_none() {
                let message = format!("`{}` is not a time", element.value);
                self.problems
                    .push(Problem::new("purge", element.span, message).with_hint("write `10 sec`"));
            }
            time
        };
        let interval = wanted("interval", Some(5 * 60 * 1_000));
        let idle = wanted("idle.period", None);
        match purge.element("enable").map(|it| it.value.trim().to_ascii_lowercase()).as_deref() {
            Some("true") => Some(Purge { interval_ms: interval?, idle_ms: idle? }),
            Some("false") => None,
            _ => {
                let message = "`@purge` needs `enable='true'` or `enable='false'`";
                self.problems.push(Problem::new("purge", purge.span, message));
                None
            }
        }
    }
}

impl Compiler<'_> {
    fn input(&mut self, input: &q::Input, partition: Option<PartitionId>) -> Option<InputPlan> {
        match input {
            q::Input::Single(single) => {
                let origin = self.open(single, partition)?;
                if matches!(origin, Origin::Table(_) | Origin::Aggregation(_)) {
                    let message = format!("`{}` cannot be read as a stream", single.stream.name);
                    self.problems.push(
                        Problem::new("unknown-stream", single.stream.span, message)
                            .with_hint("join a stream with it, or ask it with an on-demand query"),
                    );
                    return None;
                }
                Some(InputPlan::Single(Box::new(self.handlers(0, single, origin)?)))
            }
            q::Input::Join(join) => Some(InputPlan::Join(Box::new(self.join(join, partition)?))),
            q::Input::Pattern(state) => {
                Some(InputPlan::State(Box::new(self.state(state, false, partition)?)))
            }
            q::Input::Sequence(state) => {
                Some(InputPlan::State(Box::new(self.state(state, true, partition)?)))
            }
            q::Input::Anonymous(query) => {
                let message = "a query in place of a stream is not supported";
                self.problems.push(
                    Problem::new("anonymous-stream", query.span, message)
                        .with_hint("insert into a stream and read that"),
                );
                None
            }
        }
    }
}

/// A target's attributes must be those of the output.
pub(crate) fn same_schema(
    problems: &mut Vec<Problem>,
    target: &q::StreamRef,
    has: &Schema,
    gets: &Schema,
) -> Option<()> {
    if has == gets {
        return Some(());
    }
    let list = |schema: &Schema| {
        let parts: Vec<_> =
            schema.iter().map(|it| format!("{} {}", it.name, it.data_type)).collect();
        parts.join(", ")
    };
    let message = format!("the output does not fit `{}`", target.name);
    let hint = format!("`{}` is ({}), the output is ({})", target.name, list(has), list(gets));
    problems.push(Problem::new("duplicate", target.span, message).with_hint(hint));
    None
}

/// A time as annotations give it: `10 sec`, `1 hour 30 min`; milliseconds.
#[must_use]
pub fn time_text(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace();
    let mut total: i64 = 0;
    let mut any = false;
    while let Some(amount) = words.next() {
        let amount: i64 = amount.parse().ok().filter(|n| *n >= 0)?;
        let unit = words.next()?.to_ascii_lowercase();
        let ms = match unit.trim_end_matches('s') {
            "millisec" | "millisecond" => 1,
            "sec" | "second" => 1_000,
            "min" | "minute" => 60_000,
            "h" | "hour" => 3_600_000,
            "day" => 86_400_000,
            "week" => 7 * 86_400_000,
            "month" => 30 * 86_400_000,
            "year" => 365 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(amount.checked_mul(ms)?)?;
        any = true;
    }
    any.then_some(total)
}

/// The declared types of attributes.
#[must_use]
pub fn types(schema: &Schema) -> Vec<DataType> {
    schema.iter().map(|it| it.data_type).collect()
}
