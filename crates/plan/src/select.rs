//! What a query selects.

use weir_event::{Attribute, Schema};
use weir_expr::Expr;
use weir_query as q;
use weir_query::Problem;

use crate::compile::{Compiler, OUTPUTS, Place, TABLE, TOTALS};
use crate::graph::{InputPlan, SelectPlan};

impl Compiler<'_> {
    /// The selection of a query whose inputs are open.
    pub(crate) fn select(&mut self, selection: &q::Selection) -> Option<SelectPlan> {
        self.place = Place::Select;
        self.aggregates = Some(Vec::new());
        let problems = self.problems.len();
        let (items, schema) = self.items(selection);
        let group_by: Vec<_> =
            selection.group_by.iter().filter_map(|it| self.attribute(it)).collect();
        self.outputs = Some(schema.clone());
        self.place = Place::Having;
        let having = selection.having.as_ref().and_then(|having| self.having(having));
        let (mut order_by, mut order_extra) = (Vec::new(), Vec::new());
        for by in &selection.order_by {
            let Some(by_what) = self.attribute(&by.attribute) else { continue };
            let column = if let Expr::Attribute { slot: OUTPUTS, column, .. } = by_what {
                column as usize
            } else {
                order_extra.push(by_what);
                schema.len() + order_extra.len() - 1
            };
            order_by.push((column, by.descending));
        }
        self.place = Place::Select;
        let limit = self.amount("limit", selection.limit.as_ref());
        let offset = self.amount("offset", selection.offset.as_ref());
        (self.problems.len() == problems).then(|| SelectPlan {
            inputs: 0,
            schema,
            items,
            aggregates: self.aggregates.take().unwrap_or_default(),
            group_by,
            having,
            order_by,
            order_extra,
            limit,
            offset,
        })
    }

    /// The output attributes that can be computed.
    fn items(&mut self, selection: &q::Selection) -> (Vec<Expr>, Schema) {
        let mut items = Vec::new();
        let mut schema: Vec<Attribute> = Vec::new();
        match &selection.items {
            q::SelectItems::All => {
                // The right operand of a logical element comes before the left one (gotcha 48).
                for (name, item) in self.everything() {
                    if schema.iter().any(|it| it.name == name) {
                        let message = format!("`select *` finds `{name}` more than once");
                        self.problems.push(
                            Problem::new("duplicate-attribute", selection.span, message)
                                .with_hint("list the attributes, with `as` where names clash"),
                        );
                        break;
                    }
                    schema.push(Attribute { name, data_type: item.data_type() });
                    items.push(item);
                }
            }
            q::SelectItems::List(list) => {
                for output in list {
                    let name = match (&output.alias, &output.expr.kind) {
                        (Some(alias), _) => alias.clone(),
                        (None, q::ExprKind::Attribute(attribute)) => attribute.name.clone(),
                        (None, _) => String::new(),
                    };
                    if schema.iter().any(|it| it.name == name) {
                        let message = format!("the output attribute `{name}` comes twice");
                        self.problem("duplicate-attribute", output.span, message);
                    }
                    match self.expr(&output.expr) {
                        Some(item) => {
                            schema.push(Attribute { name, data_type: item.data_type() });
                            items.push(item);
                        }
                        None => self.unsure_outputs.push(name),
                    }
                }
            }
        }
        (items, schema.into())
    }

    fn everything(&mut self) -> Vec<(String, Expr)> {
        let mut all = Vec::new();
        let inputs = self.star.clone().unwrap_or_else(|| (0..self.inputs.len()).collect());
        for input in inputs {
            let schema = self.inputs[input].schema.clone();
            // Of a counted element of a pattern, `*` shows the first event.
            let index = self.inputs[input].counted.then_some(q::Index::At(0));
            let source = q::StreamRef {
                name: self.inputs[input].name.clone(),
                kind: self.inputs[input].kind,
                span: q::Span::default(),
            };
            for attribute in schema.iter() {
                let reference = q::AttributeRef {
                    source: Some(source.clone()),
                    index,
                    handler: None,
                    name: attribute.name.clone(),
                    span: q::Span::default(),
                };
                all.extend(self.attribute(&reference).map(|it| (attribute.name.clone(), it)));
            }
        }
        all
    }

    fn having(&mut self, having: &q::Expr) -> Option<Expr> {
        let compiled = self.condition(having)?;
        if let Expr::Attribute { .. } = compiled {
            let message = "`having` takes a condition, not a plain attribute";
            self.problems
                .push(Problem::new("having", having.span, message).with_hint("write `… == true`"));
            return None;
        }
        Some(compiled)
    }

    fn amount(&mut self, what: &str, constant: Option<&q::Constant>) -> Option<u64> {
        let constant = constant?;
        let amount = match constant.value {
            q::Literal::Int(n) => u64::try_from(n).ok(),
            q::Literal::Long(n) | q::Literal::TimeMs(n) => u64::try_from(n).ok(),
            q::Literal::Float(_)
            | q::Literal::Double(_)
            | q::Literal::Bool(_)
            | q::Literal::Str(_) => None,
        };
        if amount.is_none() {
            let message = format!("`{what}` takes a whole number that is not negative");
            self.problem("limit", constant.span, message);
        }
        amount
    }
}

/// Gives the stand-in slots of aggregates, outputs and table rows their numbers.
pub(crate) fn number_slots(select: &mut SelectPlan, inputs: u16) {
    select.inputs = inputs;
    compute_outputs_of_guards(select);
    let mut number = |slot: &mut u16| *slot = final_slot(*slot, inputs);
    let exprs = select.items.iter_mut().chain(&mut select.group_by).chain(&mut select.having);
    for expr in exprs.chain(&mut select.order_extra) {
        expr.for_each_slot(&mut number);
    }
    for aggregate in &mut select.aggregates {
        for expr in aggregate.arg.iter_mut().chain(&mut aggregate.guard) {
            expr.for_each_slot(&mut number);
        }
    }
}

/// Output attributes are not there yet when aggregates learn of an event: what they are computed
/// of takes their place.
fn compute_outputs_of_guards(select: &mut SelectPlan) {
    for guard in select.aggregates.iter_mut().filter_map(|it| it.guard.as_mut()) {
        guard.walk_mut(&mut |expr| {
            if let Expr::Attribute { slot: OUTPUTS, column, .. } = expr {
                *expr = select.items[*column as usize].clone();
            }
        });
    }
}

/// The slot that a stand-in gets in a query with so many inputs.
pub(crate) fn final_slot(slot: u16, inputs: u16) -> u16 {
    match slot {
        TOTALS => inputs,
        OUTPUTS => inputs + 1,
        TABLE => inputs + 2,
        slot => slot,
    }
}

/// The number of slots an input fills.
pub(crate) fn slots(input: &InputPlan) -> u16 {
    match input {
        InputPlan::Single(_) => 1,
        InputPlan::Join(_) => 2,
        InputPlan::State(state) => state.views.len() as u16,
    }
}
