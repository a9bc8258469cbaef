//! How an output changes the rows of a table.

use weir_event::Schema;
use weir_expr::Expr;
use weir_query as q;
use weir_query::Problem;

use crate::compile::{Compiler, NamedInput, TABLE, TARGET, nearest, quoted};
use crate::define::Definitions;
use crate::graph::{SelectPlan, TableChange};

/// How an output changes the rows of a table.
pub(crate) fn table_change(
    definitions: &Definitions,
    problems: &mut Vec<Problem>,
    target: &q::StreamRef,
    select: &SelectPlan,
    on: &q::Expr,
    set: Option<&Vec<q::SetClause>>,
) -> Option<TableChange> {
    let Some(table) = definitions.table(&target.name) else {
        let message = format!("no table `{}` is defined", target.name);
        problems.push(Problem::new("unknown-table", target.span, message));
        return None;
    };
    let schema = definitions.table_schema(table);
    let output = NamedInput {
        name: String::new(),
        kind: q::StreamKind::Plain,
        schema: select.schema.clone(),
        slot: 0,
        counted: false,
    };
    let mut compiler = Compiler::new(definitions, vec![output]);
    compiler.table = Some((target.name.clone(), schema.clone()));
    compiler.target = compiler.table.clone();
    let condition = compiler.condition(on);
    let (mut assigned, explicit_set) = assigned(&mut compiler, target, select, &schema, set);
    let failed = !compiler.problems.is_empty();
    problems.append(&mut compiler.problems);
    let mut checks = std::mem::take(&mut compiler.checks);
    for check in &mut checks {
        check.table_slot = 2;
        check.condition.for_each_slot(&mut |slot| match *slot {
            TABLE => *slot = 2,
            TARGET => *slot = 1,
            _ => {}
        });
    }
    let mut condition = condition.filter(|_| !failed)?;
    let mut number = |slot: &mut u16| {
        if *slot == TABLE {
            *slot = 1;
        }
    };
    condition.for_each_slot(&mut number);
    for (_, value) in &mut assigned {
        value.for_each_slot(&mut number);
    }
    Some(TableChange { table, condition, set: assigned, explicit_set, checks })
}

/// The attributes that get new values, and whether the text says which.
fn assigned(
    compiler: &mut Compiler<'_>,
    target: &q::StreamRef,
    select: &SelectPlan,
    schema: &Schema,
    set: Option<&Vec<q::SetClause>>,
) -> (Vec<(usize, Expr)>, bool) {
    let explicit_set = set.is_some_and(|set| !set.is_empty());
    let mut assigned = Vec::new();
    for clause in set.into_iter().flatten() {
        let name = &clause.attribute.name;
        match schema.iter().position(|it| it.name == *name) {
            Some(column) => {
                assigned.extend(compiler.expr(&clause.value).map(|value| (column, value)));
            }
            None => {
                let message = format!("the table `{}` has no attribute `{name}`", target.name);
                compiler.problem("unknown-attribute", clause.attribute.span, message);
            }
        }
    }
    if set.is_some() && !explicit_set {
        for (at, attribute) in select.schema.iter().enumerate() {
            match schema.iter().position(|it| it.name == attribute.name) {
                Some(column) => assigned.push((
                    column,
                    Expr::Attribute { slot: 0, column: at as u16, data_type: attribute.data_type },
                )),
                None => compiler.unknown_table_attribute(target, &attribute.name, schema),
            }
        }
    }
    (assigned, explicit_set)
}

impl Compiler<'_> {
    fn unknown_table_attribute(&mut self, target: &q::StreamRef, name: &str, schema: &Schema) {
        let names: Vec<&str> = schema.iter().map(|it| it.name.as_str()).collect();
        let message = format!("the table `{}` has no attribute `{name}`", target.name);
        let problem = Problem::new("unknown-attribute", target.span, message);
        self.problems.push(match nearest(name, &names) {
            Some(near) => problem.with_hint(format!("did you mean `{near}`")),
            None => problem.with_hint(format!("it has {}", quoted(&names))),
        });
    }
}
