//! On-demand queries: what operators ask of, and do to, tables and windows of a running app.

use std::sync::Arc;

use weir_event::{Batch, Chunk, Key, Kind, Schema, Value};
use weir_expr::{Env, Fault, Input, Rows as PlaceRows, Scope, Source};
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow};
use weir_plan::{FindPlan, OnDemandActionPlan, OnDemandPlan, Origin, TableChange, on_demand};
use weir_query::{EventType, Problem};
use weir_tables::{Table, TableCondition};

use crate::aggregation::{Asking, read};
use crate::app::{App, EntryHead};
use crate::build::select_spec;
use crate::query::{Change, Meant, Written};

/// What an on-demand query answers.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The attributes.
    pub schema: Schema,
    /// The rows; none where nothing was found.
    pub rows: Vec<Vec<Value>>,
}

/// Why an on-demand query cannot be answered.
#[derive(Debug, Clone)]
pub enum QueryError {
    /// The text is wrong.
    Problems(Vec<Problem>),
    /// It could not be computed for a row.
    Fault(Fault),
    /// The app has not started.
    NotStarted,
}

impl std::fmt::Display for QueryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problems(problems) => match problems.first() {
                Some(problem) => f.write_str(&problem.message),
                None => f.write_str("the query is wrong"),
            },
            Self::Fault(fault) => f.write_str(&fault.message),
            Self::NotStarted => f.write_str("the app has not started"),
        }
    }
}

impl std::error::Error for QueryError {}

impl App {
    /// Answers an on-demand query, or does what it says.
    ///
    /// # Errors
    ///
    /// See [`QueryError`]; nothing was changed.
    pub fn query(&mut self, text: &str, head: EntryHead) -> Result<Rows, QueryError> {
        if !self.started {
            return Err(QueryError::NotStarted);
        }
        let (tree, problems) = weir_query::parse_on_demand(text);
        let Some(tree) = tree.filter(|_| problems.is_empty()) else {
            return Err(QueryError::Problems(problems));
        };
        let plan = on_demand(&self.plan, &tree).map_err(QueryError::Problems)?;
        let now = if self.is_playback() { self.clock } else { self.clock.max(head.time) };
        if let Some(Origin::Aggregation(id)) = plan.find.as_ref().map(|find| find.origin) {
            self.close_periods(id.index(), now);
        }
        let selected = self.asked(&plan, now).map_err(QueryError::Fault)?;
        self.act(&plan, &selected).map_err(QueryError::Fault)?;
        let rows = match plan.action {
            OnDemandActionPlan::Find => {
                (0..selected.batch.len()).map(|row| selected.batch.row(row)).collect()
            }
            OnDemandActionPlan::Insert(_)
            | OnDemandActionPlan::Delete(_)
            | OnDemandActionPlan::Update(_)
            | OnDemandActionPlan::UpdateOrInsert(_) => Vec::new(),
        };
        Ok(Rows { schema: plan.select.schema, rows })
    }

    /// The selected rows.
    fn asked(&self, plan: &OnDemandPlan, now: i64) -> Result<Selected, Fault> {
        let found = match &plan.find {
            Some(find) => self.find(find, now)?,
            None => Batch { timestamps: Arc::new(vec![now]), columns: Vec::new() },
        };
        if found.is_empty() {
            return Ok(Selected::default());
        }
        let mut flow = Flow::default();
        for (row, time) in found.timestamps.iter().enumerate() {
            flow.push(row as u32, Kind::Current, *time);
        }
        flow.end_chunk(now, Key(0));
        let mut selector = Selector::new(select_spec(&plan.select, EventType::Current));
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let cx = Cx { wakes: &mut wakes, faults: &mut faults, random: &self.random, tables: None };
        let source = Source::Batch { columns: &found.columns, timestamps: &found.timestamps };
        let input = Input::new(source, PlaceRows::From(0));
        let inputs = if plan.find.is_some() { vec![input] } else { Vec::new() };
        selector.select(&cx, &inputs, &flow)
    }

    /// The rows of a table or window that are asked for.
    fn find(&self, find: &FindPlan, now: i64) -> Result<Batch, Fault> {
        let env = Env { now, random: &self.random, tables: None, changes: None };
        let mut rows = Vec::new();
        let store = match find.origin {
            Origin::Table(table) => {
                let table = &self.tables[table.index()];
                if table.is_outside() {
                    return self.find_outside(table, find, &env);
                }
                match &find.on {
                    Some(on) => {
                        let condition = TableCondition::new(on.clone(), 0);
                        let scope = Scope { inputs: &[], len: 1, env: &env };
                        table.find(&condition, &scope, 0, &mut rows)?;
                    }
                    None => table.all(&mut rows),
                }
                return Ok(table.store().gather(&rows));
            }
            Origin::Window(window) => {
                let window = &self.windows[window.index()].window;
                window.find(Key(0), &mut rows);
                window.store()
            }
            Origin::Aggregation(id) => return self.find_periods(id.index(), find, &env),
            Origin::Stream(_) => return Err(Fault::runtime("this cannot be searched")),
        };
        if let Some(on) = &find.on {
            let inputs = [Input::new(Source::Store(store), PlaceRows::List(&rows))];
            let scope = Scope { inputs: &inputs, len: rows.len(), env: &env };
            let mut places = Vec::new();
            on.select(&scope, &mut places)?;
            rows = places.iter().map(|place| rows[*place as usize]).collect();
        }
        Ok(store.gather(&rows))
    }

    /// The rows of a table in a store that are asked for.
    fn find_outside(&self, table: &Table, find: &FindPlan, env: &Env<'_>) -> Result<Batch, Fault> {
        let mut condition = match &find.on {
            Some(on) => TableCondition::new(on.clone(), 0),
            None => TableCondition::any(0),
        };
        table.ready_find(&mut condition).map_err(|why| Fault::runtime(why.why))?;
        table.draw(&condition, &Scope { inputs: &[], len: 1, env }, 0)
    }

    /// The rows of an aggregation that are asked for.
    fn find_periods(&self, at: usize, find: &FindPlan, env: &Env<'_>) -> Result<Batch, Fault> {
        let asking = Asking::new(at, find.within.as_ref(), find.per.as_ref());
        let asking = asking.ok_or_else(|| Fault::runtime("`within` and `per` are missing"))?;
        let asked = asking.asked(&Scope { inputs: &[], len: 1, env }, 0)?;
        let batch = read(&self.aggregations[at], asked)?;
        let Some(on) = &find.on else { return Ok(batch) };
        let source = Source::Batch { columns: &batch.columns, timestamps: &batch.timestamps };
        let inputs = [Input::new(source, PlaceRows::From(0))];
        let mut places = Vec::new();
        on.select(&Scope { inputs: &inputs, len: batch.len(), env }, &mut places)?;
        Ok(batch.gather(&places))
    }

    /// What the query does to a table.
    fn act(&mut self, plan: &OnDemandPlan, selected: &Selected) -> Result<(), Fault> {
        let meant = |to: &TableChange, may_overwrite| {
            Meant::new(to, &self.plan.tables[to.table.index()].primary_key, may_overwrite)
        };
        let mut change = match &plan.action {
            OnDemandActionPlan::Find => return Ok(()),
            OnDemandActionPlan::Insert(table) => Change::Insert(table.index()),
            OnDemandActionPlan::Delete(to) => Change::Delete(meant(to, false)),
            OnDemandActionPlan::Update(to) => Change::Update(meant(to, false)),
            OnDemandActionPlan::UpdateOrInsert(to) => Change::UpdateOrInsert(meant(to, true)),
        };
        change.ready(&self.tables).map_err(|why| Fault::runtime(why.why))?;
        let now = selected.chunks.last().map_or(0, |chunk: &Chunk| chunk.now);
        let written = Written { batch: &selected.batch, now, random: &self.random };
        // A row whose key is taken is dropped, as one that a query writes: whoever asked is not
        // told, which the callers of the original rely on.
        change.apply(&mut self.tables, &written).map(|_refused| ())
    }
}
