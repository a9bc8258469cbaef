//! `@store` of an aggregation: a table of a database for each of its periods.

use weir_event::{Attribute, DataType, Schema};
use weir_expr::{Aggregate, Expr};
use weir_query as q;
use weir_query::{Period, Problem};

use crate::define::table_store;
use crate::graph::{
    AggregationItem, AggregationPlan, StoredPeriods, TableId, TablePlan, TableStore,
};

const TIMESTAMP: &str = "AGG_TIMESTAMP";
const EVENT_TIMESTAMP: &str = "AGG_EVENT_TIMESTAMP";
const LAST_EVENT_TIMESTAMP: &str = "AGG_LAST_EVENT_TIMESTAMP";

/// An option of `@store` that cannot hold for several tables.
const TABLE_NAME: &str = "table.name";

/// The word of the table that holds a period, as the original names it.
fn word(period: Period) -> &'static str {
    match period {
        Period::Second => "SECONDS",
        Period::Minute => "MINUTES",
        Period::Hour => "HOURS",
        Period::Day => "DAYS",
        Period::Month => "MONTHS",
        Period::Year => "YEARS",
    }
}

/// The tables of an aggregation, the first of which gets the number `first`; none without a
/// `@store`.
pub(crate) fn stored_periods(
    it: &q::AggregationDefinition,
    plan: &AggregationPlan,
    first: usize,
    problems: &mut Vec<Problem>,
) -> Option<(StoredPeriods, Vec<TablePlan>)> {
    let store = table_store(&it.annotations, problems)?;
    if store.options.iter().any(|(key, _)| key.eq_ignore_ascii_case(TABLE_NAME)) {
        let message = "an aggregation has a table for each of its periods: none can be named";
        let hint = format!("leave `{TABLE_NAME}` out: they are `{}_SECONDS` and so on", it.name);
        problems.push(Problem::new("store", store.span, message).with_hint(hint));
        return None;
    }
    let parts = parts(plan, problems, it)?;
    let Columns { schema, parts, latest, key } = columns(it, plan, &parts);
    let tables = plan.periods.iter().enumerate().map(|(at, period)| {
        TablePlan {
            name: format!("{}_{}", it.name, word(*period)),
            schema: schema.clone(),
            primary_key: (0..key).collect(),
            indexes: Vec::new(),
            annotations: Vec::new(),
            store: Some(TableStore { cache: None, ..store.clone() }),
        }
        .at(first + at)
    });
    let tables: Vec<(TableId, TablePlan)> = tables.collect();
    let (ids, tables) = tables.into_iter().unzip();
    let stored = StoredPeriods { tables: ids, parts, latest };
    Some((stored, tables))
}

/// What an aggregation keeps: under which name and as what; newest values come first in a table.
struct Part {
    name: String,
    data_type: DataType,
    is_newest: bool,
    /// The attribute that it is computed of.
    column: Option<u16>,
}

/// The parts in the order in which the aggregation has them: as the items need them, each once.
fn parts(
    plan: &AggregationPlan,
    problems: &mut Vec<Problem>,
    it: &q::AggregationDefinition,
) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for item in &plan.items {
        for part in parts_of(item, plan) {
            let same = |known: &Part| {
                known.name == part.name
                    || known.is_newest
                        && part.is_newest
                        && part.column.is_some()
                        && known.column == part.column
            };
            if !parts.iter().any(same) {
                parts.push(part);
            }
        }
        if item.aggregate == Some(Aggregate::DistinctCount) {
            let message = "`distinctCount` keeps sets, which no column of a database holds";
            problems.push(
                Problem::new("store", it.span, message)
                    .with_hint("leave `@store` out, or count in an aggregation of its own"),
            );
            return None;
        }
    }
    Some(parts)
}

fn parts_of(item: &AggregationItem, plan: &AggregationPlan) -> Vec<Part> {
    let column = match &item.value {
        Some(Expr::Attribute { column, .. }) => Some(*column),
        _ => None,
    };
    let argument = column.map_or(String::new(), |at| plan.input.schema[at as usize].name.clone());
    let of = item.value.as_ref().map_or(DataType::Long, Expr::data_type);
    let made = |prefix: &str, data_type| Part {
        name: format!("{prefix}{argument}"),
        data_type,
        is_newest: false,
        column,
    };
    let whole = matches!(of, DataType::Int | DataType::Long);
    let sum = || made("AGG_SUM_", if whole { DataType::Long } else { DataType::Double });
    let count = || Part {
        name: "AGG_COUNT".to_owned(),
        data_type: DataType::Long,
        is_newest: false,
        column: None,
    };
    match (item.aggregate, item.group) {
        (Some(Aggregate::Sum), _) => vec![sum()],
        (Some(Aggregate::Avg), _) => vec![sum(), count()],
        (Some(Aggregate::Count), _) => vec![count()],
        (Some(Aggregate::Min), _) => vec![made("AGG_MIN_", of)],
        (Some(Aggregate::Max), _) => vec![made("AGG_MAX_", of)],
        (None, Some(_)) | (Some(_), _) => Vec::new(),
        (None, None) => vec![Part {
            name: item.name.clone(),
            data_type: item.data_type,
            is_newest: true,
            column,
        }],
    }
}

/// What the tables have.
struct Columns {
    schema: Schema,
    /// The column of each part.
    parts: Vec<usize>,
    /// The column of the time of the latest event.
    latest: Option<usize>,
    /// How many attributes make the key.
    key: usize,
}

fn columns(it: &q::AggregationDefinition, plan: &AggregationPlan, parts: &[Part]) -> Columns {
    let attribute = |name: &str, data_type| Attribute { name: name.into(), data_type };
    let mut all = vec![attribute(TIMESTAMP, DataType::Long)];
    if plan.by.is_some() {
        all.push(attribute(EVENT_TIMESTAMP, DataType::Long));
    }
    for (by, expr) in it.group_by.iter().zip(&plan.group_by) {
        all.push(attribute(&by.name, expr.data_type()));
    }
    let (key, mut latest) = (all.len(), None);
    let mut columns = vec![0; parts.len()];
    for newest in [true, false] {
        for (at, part) in parts.iter().enumerate().filter(|(_, it)| it.is_newest == newest) {
            columns[at] = all.len();
            all.push(attribute(&part.name, part.data_type));
        }
        if newest && plan.newest_by_time {
            latest = Some(all.len());
            all.push(attribute(LAST_EVENT_TIMESTAMP, DataType::Long));
        }
    }
    Columns { schema: Schema::from(all), parts: columns, latest, key }
}

impl TablePlan {
    fn at(self, number: usize) -> (TableId, Self) {
        (TableId(number as u32), self)
    }
}
