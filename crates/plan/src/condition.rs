//! The condition of an expression window, whose text may be known only when an event arrives.

use weir_event::Schema;
use weir_expr::Expr;
use weir_query as q;
use weir_query::Problem;

use crate::compile::{Compiler, NamedInput, Place, TOTALS};
use crate::define::Definitions;
use crate::graph::AggregatePlan;

/// A condition over rows of a window.
///
/// Slot 0 holds the row that came or left, slot 1 the first row held, slot 2 the last one, slot 3
/// the aggregates.
#[derive(Debug, Clone)]
pub struct ConditionPlan {
    /// The condition.
    pub condition: Expr,
    /// The aggregates it uses.
    pub aggregates: Vec<AggregatePlan>,
}

const ROWS: [&str; 2] = ["first", "last"];

/// Resolves the text of a condition over rows of these attributes, known as `input`.
///
/// # Errors
///
/// Everything that is wrong with the text; places are places in it.
pub fn condition(input: &str, schema: &Schema, text: &str) -> Result<ConditionPlan, Vec<Problem>> {
    let (tree, problems) = q::parse_expression(text);
    let Some(tree) = tree.filter(|_| problems.is_empty()) else { return Err(problems) };
    let definitions = Definitions::default();
    let inputs = std::iter::once(input).chain(ROWS).enumerate().map(|(slot, name)| NamedInput {
        name: name.to_owned(),
        kind: q::StreamKind::Plain,
        schema: schema.clone(),
        slot: slot as u16,
        counted: false,
    });
    let mut compiler = Compiler::new(&definitions, inputs.collect());
    compiler.place = Place::Handler(0);
    compiler.aggregates = Some(Vec::new());
    let compiled = compiler.condition(&tree);
    let aggregates = compiler.aggregates.take().unwrap_or_default();
    if !compiler.checks.is_empty() {
        compiler.problem("window", tree.span, "`in` cannot be used in the expression of a window");
    }
    match compiled {
        Some(mut condition) if compiler.problems.is_empty() => {
            let totals = ROWS.len() as u16 + 1;
            let mut aggregates = aggregates;
            let guards = aggregates.iter_mut().filter_map(|it| it.guard.as_mut());
            for expr in guards.chain([&mut condition]) {
                expr.for_each_slot(&mut |slot| {
                    if *slot == TOTALS {
                        *slot = totals;
                    }
                });
            }
            Ok(ConditionPlan { condition, aggregates })
        }
        _ => Err(compiler.problems),
    }
}
