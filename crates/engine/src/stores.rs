//! Tables whose rows are in a store: opened when the app is made, what is asked readied then too.

use weir_plan::{CachePlan, CacheWord, Plan, TablePlan, TableStore, types};
use weir_query::{Problem, Span};
use weir_tables::{
    CachePolicy, CacheSpec, OpenStores, Store, StoreFailure, StoreSpec, Table, TableSpec,
};

use crate::build::hinted;
use crate::query::Query;

/// Stores of a host that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStores;

impl OpenStores for NoStores {
    fn open(&self, _: &StoreSpec) -> Result<Box<dyn Store>, StoreFailure> {
        Err(StoreFailure::new(
            "`@store` is not yet supported here\nhint: leave it out to keep the table in memory"
                .to_owned(),
        ))
    }
}

/// The tables of a plan.
pub(crate) fn tables(
    plan: &Plan,
    app: &str,
    stores: &dyn OpenStores,
    problems: &mut Vec<Problem>,
) -> Vec<Table> {
    let one = |it: &TablePlan| {
        let spec = TableSpec {
            types: types(&it.schema),
            primary_key: it.primary_key.clone(),
            indexes: it.indexes.clone(),
        };
        let Some(store) = &it.store else { return Table::new(spec) };
        open(it, store, app, stores).unwrap_or_else(|why| {
            problems.push(problem("store", store.span, why));
            Table::new(spec)
        })
    };
    plan.tables.iter().map(one).collect()
}

fn open(
    table: &TablePlan,
    store: &TableStore,
    app: &str,
    stores: &dyn OpenStores,
) -> Result<Table, StoreFailure> {
    let spec = StoreSpec {
        app: app.to_owned(),
        table: table.name.clone(),
        schema: table.schema.clone(),
        primary_key: table.primary_key.clone(),
        indexes: store.indexes.clone(),
        options: store.options.clone(),
    };
    let cache = store.cache.clone().map(|cache| {
        let single = store.indexes.iter().filter_map(|it| match it[..] {
            [one] => Some(one),
            _ => None,
        });
        let found_by = TableSpec {
            types: types(&table.schema),
            primary_key: table.primary_key.clone(),
            indexes: single.collect(),
        };
        (cache_spec(cache), found_by)
    });
    Table::in_store(stores.open(&spec)?, table.schema.clone(), cache)
}

fn cache_spec(it: CachePlan) -> CacheSpec {
    CacheSpec {
        size: it.size,
        policy: match it.policy {
            CacheWord::Fifo => CachePolicy::Fifo,
            CacheWord::Lru => CachePolicy::Lru,
            CacheWord::Lfu => CachePolicy::Lfu,
        },
        retention_ms: it.retention_ms,
        purge_every_ms: it.purge_every_ms,
    }
}

/// Readies at their stores what a query asks of tables.
pub(crate) fn ready(mut query: Query, tables: &[Table], span: Span) -> Result<Query, Problem> {
    let readied = query.ready(tables);
    readied.map(|()| query).map_err(|why| problem("store-condition", span, why))
}

fn problem(code: &'static str, span: Span, failure: StoreFailure) -> Problem {
    hinted(code, span, &failure.why)
}
