//! On-demand queries: asked from outside of an app that runs.

use weir_expr::Expr;
use weir_query as q;
use weir_query::{OnDemandAction, OnDemandQuery, Problem};

use crate::aggregation::asked;
use crate::app::same_schema;
use crate::change::table_change;
use crate::compile::{Compiler, NamedInput};
use crate::define::Definitions;
use crate::graph::{Origin, Plan, SelectPlan, TableChange, TableId};
use crate::select::number_slots;

/// An on-demand query with its names resolved.
#[derive(Debug, Clone)]
pub struct OnDemandPlan {
    /// What is searched, if something is: its rows are in slot 0.
    pub find: Option<FindPlan>,
    /// What is selected; without a search, of no input at all.
    pub select: SelectPlan,
    /// What is done with it.
    pub action: OnDemandActionPlan,
}

/// What an on-demand query searches.
#[derive(Debug, Clone)]
pub struct FindPlan {
    /// A table, named window or aggregation.
    pub origin: Origin,
    /// Which rows; without it all.
    pub on: Option<Expr>,
    /// `within` of an aggregation.
    pub within: Option<(Expr, Option<Expr>)>,
    /// `per` of an aggregation.
    pub per: Option<Expr>,
}

/// What an on-demand query does.
#[derive(Debug, Clone)]
pub enum OnDemandActionPlan {
    /// It answers.
    Find,
    /// It adds a row.
    Insert(TableId),
    /// It takes rows out.
    Delete(TableChange),
    /// It changes rows.
    Update(TableChange),
    /// It changes rows, or adds one.
    UpdateOrInsert(TableChange),
}

/// Resolves an on-demand query against an app.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn on_demand(plan: &Plan, query: &OnDemandQuery) -> Result<OnDemandPlan, Vec<Problem>> {
    let definitions = Definitions::of(plan.clone());
    let mut compiler = Compiler::new(&definitions, Vec::new());
    compiler.on_demand = true;
    let planned = planned(&mut compiler, query);
    let problems = std::mem::take(&mut compiler.problems);
    match planned {
        Some(planned) if problems.is_empty() => Ok(planned),
        _ => Err(problems),
    }
}

fn planned(compiler: &mut Compiler<'_>, query: &OnDemandQuery) -> Option<OnDemandPlan> {
    let find = match &query.input {
        Some(input) => Some(find(compiler, input)?),
        None => None,
    };
    let mut select = compiler.select(&query.selection)?;
    number_slots(&mut select, u16::from(find.is_some()));
    let definitions = compiler.definitions;
    let mut table = |target: &q::StreamRef| {
        let found = definitions.table(&target.name);
        if found.is_none() {
            let message = format!("no table `{}` is defined", target.name);
            compiler.problem("unknown-table", target.span, message);
        }
        found
    };
    let action = match &query.action {
        OnDemandAction::Find => OnDemandActionPlan::Find,
        OnDemandAction::Insert { target } => {
            let id = table(target)?;
            let problems = &mut compiler.problems;
            same_schema(problems, target, &definitions.table_schema(id), &select.schema)?;
            OnDemandActionPlan::Insert(id)
        }
        OnDemandAction::Delete { target, on } => {
            table(target)?;
            let Some(on) = on else {
                let message = "`delete` needs a condition";
                compiler.problems.push(
                    Problem::new("output", query.span, message)
                        .with_hint("write `on true` to delete all rows"),
                );
                return None;
            };
            let change =
                table_change(definitions, &mut compiler.problems, target, &select, on, None);
            OnDemandActionPlan::Delete(change?)
        }
        OnDemandAction::Update { target, set, on } => {
            table(target)?;
            let problems = &mut compiler.problems;
            let change = table_change(definitions, problems, target, &select, on, Some(set));
            OnDemandActionPlan::Update(change?)
        }
        OnDemandAction::UpdateOrInsert { target, set, on } => {
            let id = table(target)?;
            let problems = &mut compiler.problems;
            let change = table_change(definitions, problems, target, &select, on, Some(set))?;
            same_schema(problems, target, &definitions.table_schema(id), &select.schema)?;
            OnDemandActionPlan::UpdateOrInsert(change)
        }
    };
    Some(OnDemandPlan { find, select, action })
}

fn find(compiler: &mut Compiler<'_>, input: &q::OnDemandInput) -> Option<FindPlan> {
    let name = &input.store.name;
    let origin = match compiler.definitions.named(name) {
        Some(origin @ (Origin::Table(_) | Origin::Window(_) | Origin::Aggregation(_))) => origin,
        Some(Origin::Stream(_)) | None => {
            let message = format!("`{name}` is neither a table, aggregation or window");
            compiler.problem("unknown-table", input.store.span, message);
            return None;
        }
    };
    // The original reads an alias and forgets it, so conditions use the name (gotcha 60).
    compiler.inputs.push(NamedInput {
        name: name.clone(),
        kind: q::StreamKind::Plain,
        schema: compiler.definitions.schema(origin),
        slot: 0,
        counted: false,
    });
    let aggregation = matches!(origin, Origin::Aggregation(_));
    if aggregation != (input.within.is_some() && input.per.is_some())
        || !aggregation && (input.within.is_some() || input.per.is_some())
    {
        let message = if aggregation {
            "an aggregation must be asked with `within` and `per`"
        } else {
            "`within` and `per` are for aggregations"
        };
        compiler.problem("on-demand", input.span, message);
        return None;
    }
    let on = match &input.on {
        Some(on) => Some(compiler.condition(on)?),
        None => None,
    };
    let (within, per) = match (&input.within, &input.per) {
        (Some(within), Some(per)) => {
            let (within, per) = asked(compiler, within, per)?;
            (Some(within), Some(per))
        }
        _ => (None, None),
    };
    Some(FindPlan { origin, on, within, per })
}
