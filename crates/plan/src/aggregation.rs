//! `define aggregation`: what it reads, what it keeps, for which periods and how long.

use weir_event::{Attribute, DataType, Schema};
use weir_expr::{Aggregate, Expr};
use weir_query as q;
use weir_query::{Period, Problem};

use crate::compile::{Compiler, Place};
use crate::define::Definitions;
use crate::graph::{AggregationItem, AggregationPlan, Origin, Retention};

/// The attribute that says when a period began.
pub(crate) const AGG_TIMESTAMP: &str = "AGG_TIMESTAMP";

/// The property of the configuration that says where days begin.
const TIME_ZONE: &str = "aggTimeZone";

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const MONTH_MS: i64 = 2_630_000_000;
const YEAR_MS: i64 = 31_556_900_000;

const ALL: [Period; 6] =
    [Period::Second, Period::Minute, Period::Hour, Period::Day, Period::Month, Period::Year];

/// Resolves an aggregation; `None` after a problem was noted.
pub(crate) fn aggregation(
    definitions: &Definitions,
    it: &q::AggregationDefinition,
    problems: &mut Vec<Problem>,
) -> Option<AggregationPlan> {
    let mut compiler = Compiler::new(definitions, Vec::new());
    let planned = planned(&mut compiler, it);
    if !compiler.checks.is_empty() {
        compiler.problem("not-yet-supported", it.span, "`in` is not yet supported here");
    }
    let failed = !compiler.problems.is_empty();
    problems.append(&mut compiler.problems);
    planned.filter(|_| !failed)
}

fn planned(compiler: &mut Compiler<'_>, it: &q::AggregationDefinition) -> Option<AggregationPlan> {
    check_annotations(compiler, it);
    let periods = periods(compiler, it);
    let origin = compiler.open(&it.input, None)?;
    if !matches!(origin, Origin::Stream(_)) {
        let message =
            format!("an aggregation reads a stream, and `{}` is none", it.input.stream.name);
        compiler.problem("unknown-stream", it.input.span, message);
        return None;
    }
    let input = compiler.handlers(0, &it.input, origin);
    if compiler.unsure {
        return None;
    }
    if input.as_ref().is_some_and(|it| it.window.is_some()) {
        compiler.problem("window", it.input.span, "an aggregation cannot read through a window");
    }
    compiler.place = Place::Select;
    let group_by: Vec<Expr> = it.group_by.iter().filter_map(|by| compiler.attribute(by)).collect();
    let mut schema = vec![Attribute { name: AGG_TIMESTAMP.into(), data_type: DataType::Long }];
    let mut items = Vec::new();
    let mut newest = false;
    // The original keeps nothing but the times for `select *` (told by 5.1.30).
    let listed: &[q::OutputAttribute] =
        if let q::SelectItems::List(list) = &it.items { list } else { &[] };
    for output in listed {
        let Some((item, plain)) = item(compiler, it, output) else { continue };
        if schema.iter().any(|known| known.name == item.name) {
            let message = format!("the output attribute `{}` comes twice", item.name);
            compiler.problem("duplicate-attribute", output.span, message);
        }
        newest |= plain;
        schema.push(Attribute { name: item.name.clone(), data_type: item.data_type });
        items.push(item);
    }
    let by = it.aggregate_by.as_ref().and_then(|by| time_attribute(compiler, by));
    let periods = periods?;
    let retention = retention(compiler, it, &periods)?;
    Some(AggregationPlan {
        name: it.name.clone(),
        schema: Schema::from(schema),
        input: input?,
        group_by,
        items,
        newest_by_time: newest && by.is_some(),
        by,
        periods,
        retention,
        stored: None,
        time_zone: compiler.definitions.configured.property(TIME_ZONE).map(str::to_owned),
        span: it.span,
        annotations: it.annotations.clone(),
    })
}

fn time_attribute(compiler: &mut Compiler<'_>, by: &q::AttributeRef) -> Option<Expr> {
    let compiled = compiler.attribute(by)?;
    if matches!(compiled.data_type(), DataType::Long | DataType::String) {
        return Some(compiled);
    }
    let message = format!(
        "`aggregate by` takes a `long` or a `string`, and `{}` is `{}`",
        by.name,
        compiled.data_type()
    );
    compiler.problem("type", by.span, message);
    None
}

/// One selected value; whether it is a plain expression, which keeps the newest event's value.
fn item(
    compiler: &mut Compiler<'_>,
    it: &q::AggregationDefinition,
    output: &q::OutputAttribute,
) -> Option<(AggregationItem, bool)> {
    let alias = output.alias.clone();
    let made = |name: String, aggregate, value, data_type, group| AggregationItem {
        name,
        aggregate,
        value,
        data_type,
        group,
    };
    match &output.expr.kind {
        q::ExprKind::Attribute(attribute) => {
            let name = alias.unwrap_or_else(|| attribute.name.clone());
            let value = compiler.attribute(attribute)?;
            let group = it.group_by.iter().position(|by| by.name == attribute.name);
            let data_type = value.data_type();
            Some((made(name, None, Some(value), data_type, group), group.is_none()))
        }
        q::ExprKind::Call(call) => {
            let name = alias.unwrap_or_default();
            let aggregate =
                if call.namespace.is_none() { Aggregate::named("", &call.name) } else { None };
            if let Some(aggregate) = aggregate {
                let (value, data_type) = aggregated(compiler, call, aggregate)?;
                return Some((made(name, Some(aggregate), value, data_type, None), false));
            }
            let value = compiler.expr(&output.expr)?;
            let data_type = value.data_type();
            Some((made(name, None, Some(value), data_type, None), false))
        }
        q::ExprKind::Literal(_)
        | q::ExprKind::Arithmetic { .. }
        | q::ExprKind::Compare { .. }
        | q::ExprKind::And(..)
        | q::ExprKind::Or(..)
        | q::ExprKind::Not(_)
        | q::ExprKind::In { .. }
        | q::ExprKind::IsNull(_) => {
            let value = compiler.expr(&output.expr)?;
            let data_type = value.data_type();
            Some((made(alias.unwrap_or_default(), None, Some(value), data_type, None), true))
        }
    }
}

/// The argument of an aggregate that can be put together from parts, and the type of its answer.
fn aggregated(
    compiler: &mut Compiler<'_>,
    call: &q::FunctionCall,
    aggregate: Aggregate,
) -> Option<(Option<Expr>, DataType)> {
    let incremental = matches!(
        aggregate,
        Aggregate::Sum
            | Aggregate::Avg
            | Aggregate::Count
            | Aggregate::DistinctCount
            | Aggregate::Min
            | Aggregate::Max
    );
    if !incremental {
        let message = format!("`{}` cannot be kept by an aggregation", call.name);
        let hint = "known are `sum`, `avg`, `count`, `distinctCount`, `min` and `max`";
        compiler.problems.push(Problem::new("aggregate", call.span, message).with_hint(hint));
        return None;
    }
    let args = match &call.args {
        q::Args::All => Vec::new(),
        q::Args::List(list) => list.clone(),
    };
    for arg in &args {
        if !matches!(arg.kind, q::ExprKind::Attribute(_)) || args.len() > 1 {
            let message = format!("`{}` of an aggregation takes one attribute", call.name);
            compiler.problems.push(
                Problem::new("arguments", arg.span, message)
                    .with_hint("compute the value in a query before, and aggregate its stream"),
            );
            return None;
        }
    }
    let mut compiled = Vec::new();
    for arg in &args {
        compiled.push(compiler.expr(arg)?);
    }
    let types: Vec<DataType> = compiled.iter().map(Expr::data_type).collect();
    if aggregate == Aggregate::DistinctCount && types == [DataType::Object] {
        let message = "`distinctCount` of an aggregation cannot take an object";
        compiler.problem("arguments", call.span, message);
        return None;
    }
    match aggregate.answer_type(&types) {
        Ok(data_type) => Some((compiled.into_iter().next(), data_type)),
        Err(why) => {
            compiler.problem("arguments", call.span, why);
            None
        }
    }
}

fn periods(compiler: &mut Compiler<'_>, it: &q::AggregationDefinition) -> Option<Vec<Period>> {
    match &it.every {
        q::AggregationPeriods::Range(first, last) if first > last => {
            let message = format!("`{}` is longer than `{}`", first.word(), last.word());
            compiler.problems.push(Problem::new("period", it.span, message).with_hint(format!(
                "write `{} ... {}`",
                last.word(),
                first.word()
            )));
            None
        }
        q::AggregationPeriods::Range(first, last) => {
            Some(ALL.into_iter().filter(|it| it >= first && it <= last).collect())
        }
        q::AggregationPeriods::List(list) => {
            let mut list = list.clone();
            list.sort_unstable();
            list.dedup();
            Some(list)
        }
    }
}

fn check_annotations(compiler: &mut Compiler<'_>, it: &q::AggregationDefinition) {
    for annotation in &it.annotations {
        let is = |name: &str| annotation.name.eq_ignore_ascii_case(name);
        let enabled = annotation
            .element("enable")
            .is_none_or(|it| it.value.trim().eq_ignore_ascii_case("true"));
        if is("PrimaryKey") {
            let message = "the tables of an aggregation have a primary key of their own";
            compiler.problem("index", annotation.span, message);
        }
        // What is kept in memory is of this node alone, so that shards change nothing.
        let shard = compiler.definitions.configured.property("shardId");
        if is("PartitionById") && enabled && shard.is_none() {
            compiler.problems.push(
                Problem::new(
                    "shard",
                    annotation.span,
                    "`@PartitionById` needs `shardId` in the configuration, which is not set",
                )
                .with_hint(
                    "set `siddhi.properties.shardId` in deployment.yaml, or write `enable='false'`",
                ),
            );
        }
        if is("persistedAggregation") && enabled {
            let message = "`@persistedAggregation` computes in a database, which Weir does not";
            let hint = "leave it out: the aggregation is kept in memory and in snapshots";
            let problem = Problem::new("aggregation", annotation.span, message);
            compiler.problems.push(problem.with_hint(hint));
        }
    }
}

/// How long closed periods are kept, and how often that is looked at; the original purges by
/// default.
fn retention(
    compiler: &mut Compiler<'_>,
    it: &q::AggregationDefinition,
    periods: &[Period],
) -> Option<Option<Retention>> {
    let mut kept: Vec<Option<i64>> = periods.iter().map(|it| kept_by_default(*it)).collect();
    let mut interval_ms = 15 * MINUTE_MS;
    let purge = it.annotations.iter().find(|it| it.name.eq_ignore_ascii_case("purge"));
    let Some(purge) = purge else { return Some(Some(Retention { interval_ms, kept })) };
    if let Some(enable) = purge.element("enable") {
        match enable.value.to_ascii_lowercase().as_str() {
            "true" => {}
            "false" => return Some(None),
            _ => {
                let message = "`enable` of `@purge` is `true` or `false`";
                compiler.problem("purge", enable.span, message);
                return None;
            }
        }
    }
    if let Some(interval) = purge.element("interval") {
        interval_ms = purge_time(compiler, interval)?;
    }
    let held = purge.annotations.iter().find(|it| it.name.eq_ignore_ascii_case("retentionPeriod"));
    for element in held.into_iter().flat_map(|it| &it.elements) {
        let word = element.key.as_deref().unwrap_or("");
        let Some(at) = period_named(word).and_then(|it| periods.iter().position(|p| *p == it))
        else {
            let message = format!("the aggregation keeps no period `{word}`");
            compiler.problem("purge", element.span, message);
            return None;
        };
        if element.value.trim().eq_ignore_ascii_case("all") {
            kept[at] = None;
            continue;
        }
        let time = purge_time(compiler, element)?;
        if time < kept_at_least(periods[at]) {
            let message = format!(
                "`{word}` is kept for at least {} minutes",
                kept_at_least(periods[at]) / MINUTE_MS
            );
            compiler.problem("purge", element.span, message);
            return None;
        }
        kept[at] = Some(time);
    }
    Some(Some(Retention { interval_ms, kept }))
}

/// A time of `@purge`: a number and a period's word, with the original's months and years.
fn purge_time(compiler: &mut Compiler<'_>, element: &q::AnnotationElement) -> Option<i64> {
    let text = element.value.trim();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (amount, word) = text.split_at_checked(digits).unwrap_or((text, ""));
    let unit = period_named(word.trim()).map(|it| match it {
        Period::Second => SECOND_MS,
        Period::Minute => MINUTE_MS,
        Period::Hour => HOUR_MS,
        Period::Day => DAY_MS,
        Period::Month => MONTH_MS,
        Period::Year => YEAR_MS,
    });
    let time = unit.and_then(|unit| amount.parse::<i64>().ok()?.checked_mul(unit));
    if time.is_none_or(|time| time <= 0) {
        let message = format!("`{}` is not a time", element.value);
        compiler
            .problems
            .push(Problem::new("purge", element.span, message).with_hint("write `10 sec`"));
        return None;
    }
    time
}

fn kept_by_default(period: Period) -> Option<i64> {
    match period {
        Period::Second => Some(2 * MINUTE_MS),
        Period::Minute => Some(DAY_MS),
        Period::Hour => Some(30 * DAY_MS),
        Period::Day => Some(YEAR_MS),
        Period::Month | Period::Year => None,
    }
}

fn kept_at_least(period: Period) -> i64 {
    match period {
        Period::Second => 2 * MINUTE_MS,
        Period::Minute => 2 * HOUR_MS,
        Period::Hour => 25 * HOUR_MS,
        Period::Day => 32 * DAY_MS,
        Period::Month => 13 * MONTH_MS,
        Period::Year => 0,
    }
}

/// `within` and `per` of a reader.
pub(crate) type Asked = ((Expr, Option<Expr>), Expr);

/// Resolves `within` and `per`; `None` after a problem was noted.
pub(crate) fn asked(
    compiler: &mut Compiler<'_>,
    within: &q::Within,
    per: &q::Expr,
) -> Option<Asked> {
    let start = compiler.expr(&within.start)?;
    let end = match &within.end {
        Some(end) => Some(compiler.expr(end)?),
        None => None,
    };
    let bound = |it: &Expr| matches!(it.data_type(), DataType::Long | DataType::String);
    let wrong = match &end {
        None if start.data_type() != DataType::String => Some((&within.start, "one `string`")),
        Some(_) if !bound(&start) => Some((&within.start, "`long` or `string` bounds")),
        Some(end) if !bound(end) => {
            Some((within.end.as_ref().unwrap_or(&within.start), "`long` or `string` bounds"))
        }
        None | Some(_) => None,
    };
    if let Some((at, what)) = wrong {
        compiler.problem("within", at.span, format!("`within` takes {what}"));
        return None;
    }
    let compiled = compiler.expr(per)?;
    if compiled.data_type() != DataType::String {
        let message = format!("`per` takes a `string`, not `{}`", compiled.data_type());
        compiler.problem("per", per.span, message);
        return None;
    }
    if let Expr::Const(value, _) = &compiled
        && value.as_text().is_some_and(|text| period_named(text).is_none())
    {
        compiler.problems.push(
            Problem::new("per", per.span, format!("`{value}` is no period"))
                .with_hint("write `sec`, `min`, `hour`, `day`, `month` or `year`"),
        );
        return None;
    }
    Some(((start, end), compiled))
}

/// The period a word stands for.
fn period_named(word: &str) -> Option<Period> {
    Some(match word.to_ascii_lowercase().as_str() {
        "sec" | "second" | "seconds" => Period::Second,
        "min" | "minute" | "minutes" => Period::Minute,
        "h" | "hour" | "hours" => Period::Hour,
        "day" | "days" => Period::Day,
        "month" | "months" => Period::Month,
        "year" | "years" => Period::Year,
        _ => return None,
    })
}
