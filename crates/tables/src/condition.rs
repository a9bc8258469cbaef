//! A condition on the rows of a table, taken apart so that an index can serve it.

use weir_event::{DataType, NO_ROW, Value};
use weir_expr::{CompareOp, Expr, Fault, Input, Rows, Scope, Source};

use crate::store::StoreAsk;

/// A condition on a row of a table and on what stands beside it.
#[derive(Debug, Clone)]
pub struct TableCondition {
    /// The whole condition; true for each row that is meant.
    pub(crate) whole: Expr,
    /// The slot of the table's row.
    pub(crate) slot: u16,
    /// The parts `attribute == value` and `attribute < value` whose value needs no row.
    pub(crate) bounds: Vec<Bound>,
    /// Whether the bounds together say all that the condition says.
    pub(crate) exact: bool,
    /// How a store is asked, where the table has one.
    pub(crate) ask: Option<StoreAsk>,
}

/// `attribute op value`, with a value that does not depend on the row.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// The attribute's place.
    pub column: usize,
    /// How it is compared.
    pub op: CompareOp,
    /// What it is compared with.
    pub value: Expr,
}

impl TableCondition {
    /// Takes a condition apart; the table's row is in `slot`.
    #[must_use]
    pub fn new(whole: Expr, slot: u16) -> Self {
        let mut bounds = Vec::new();
        let exact = take_apart(&whole, slot, &mut bounds);
        Self { whole, slot, bounds, exact, ask: None }
    }

    /// What every row meets; the table's row is in `slot`.
    #[must_use]
    pub fn any(slot: u16) -> Self {
        Self::new(Expr::Const(Value::Bool(true), DataType::Bool), slot)
    }

    /// How a store is asked, where the table has one and it was readied.
    #[must_use]
    pub fn ask(&self) -> Option<&StoreAsk> {
        self.ask.as_ref()
    }

    /// Whether it asks for exactly one row by the whole key: `==` on each of these attributes
    /// and nothing else.
    #[must_use]
    pub fn is_key_lookup(&self, key: &[usize]) -> bool {
        self.exact
            && !key.is_empty()
            && self.bounds.len() == key.len()
            && key.iter().all(|column| self.equal_to(*column).is_some())
    }

    pub(crate) fn equal_to(&self, column: usize) -> Option<&Expr> {
        self.bounds
            .iter()
            .find(|bound| bound.column == column && bound.op == CompareOp::Equal)
            .map(|bound| &bound.value)
    }

    /// Keeps those of `rows` that meet the whole condition for one place of `scope`.
    pub(crate) fn keep(
        &self,
        table: Source<'_>,
        scope: &Scope<'_>,
        place: usize,
        rows: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        let mut kept = Vec::new();
        self.beside(table, scope, place, Rows::List(rows), rows.len(), |scope| {
            self.whole.select(scope, &mut kept)
        })?;
        *rows = kept.into_iter().map(|at| rows[at as usize]).collect();
        Ok(())
    }

    /// Runs `body` with the inputs of one place standing beside rows of the table.
    pub(crate) fn beside<R>(
        &self,
        table: Source<'_>,
        scope: &Scope<'_>,
        place: usize,
        rows: Rows<'_>,
        len: usize,
        body: impl FnOnce(&Scope<'_>) -> R,
    ) -> R {
        beside(self.slot, table, scope, place, rows, len, body)
    }
}

/// Runs `body` with the inputs of one place standing beside rows of a table in `slot`.
pub(crate) fn beside<R>(
    slot: u16,
    table: Source<'_>,
    scope: &Scope<'_>,
    place: usize,
    rows: Rows<'_>,
    len: usize,
    body: impl FnOnce(&Scope<'_>) -> R,
) -> R {
    let mut inputs: [Input<'_>; 4] = [Input::NOTHING; 4];
    let slot = slot as usize;
    if slot < inputs.len() && scope.inputs.len() <= inputs.len() {
        for (to, from) in inputs.iter_mut().zip(scope.inputs) {
            *to = alone(from, place);
        }
        inputs[slot] = Input::new(table, rows);
        let used = scope.inputs.len().max(slot + 1);
        return body(&Scope { inputs: &inputs[..used], len, env: scope.env });
    }
    let mut inputs: Vec<Input<'_>> = scope.inputs.iter().map(|it| alone(it, place)).collect();
    if inputs.len() <= slot {
        inputs.resize(slot + 1, Input::NOTHING);
    }
    inputs[slot] = Input::new(table, rows);
    body(&Scope { inputs: &inputs, len, env: scope.env })
}

/// One place of an input, to stand beside many rows.
fn alone<'a>(input: &Input<'a>, place: usize) -> Input<'a> {
    let row = input.rows.at(place);
    let source = if row == NO_ROW { Source::Nothing } else { input.source };
    Input { source, rows: Rows::Same(row), shown_at: None, chain: input.chain }
}

/// Collects the bounds of a conjunction; whether nothing else is in it.
fn take_apart(expr: &Expr, slot: u16, bounds: &mut Vec<Bound>) -> bool {
    match expr {
        Expr::And(sides) => {
            let left = take_apart(&sides.0, slot, bounds);
            let right = take_apart(&sides.1, slot, bounds);
            left && right
        }
        Expr::Compare { op, sides, .. } => {
            for (side, value, op) in
                [(&sides.0, &sides.1, *op), (&sides.1, &sides.0, op.mirrored())]
            {
                if let Expr::Attribute { slot: of, column, data_type } = side
                    && *of == slot
                    && !mentions(value, slot)
                    && servable(*data_type, value.data_type())
                {
                    bounds.push(Bound { column: *column as usize, op, value: value.clone() });
                    return true;
                }
            }
            false
        }
        Expr::Const(..)
        | Expr::Attribute { .. }
        | Expr::Chain { .. }
        | Expr::Timestamp { .. }
        | Expr::Event { .. }
        | Expr::Arithmetic { .. }
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsAbsent { .. }
        | Expr::IfElse(_)
        | Expr::In { .. }
        | Expr::Call { .. } => false,
    }
}

/// Whether an index of the attribute finds what a comparison with the value means.
fn servable(attribute: DataType, value: DataType) -> bool {
    let whole = |it| matches!(it, DataType::Int | DataType::Long);
    attribute == value && attribute != DataType::Object || whole(attribute) && whole(value)
}

pub(crate) fn mentions(expr: &Expr, wanted: u16) -> bool {
    let mut found = false;
    expr.walk(&mut |it| match it {
        Expr::Attribute { slot, .. }
        | Expr::Chain { slot, .. }
        | Expr::Timestamp { slot }
        | Expr::Event { slot, .. }
        | Expr::IsAbsent { slot } => found |= *slot == wanted,
        Expr::In { .. } => found = true,
        Expr::Const(..)
        | Expr::Arithmetic { .. }
        | Expr::Compare { .. }
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IfElse(_)
        | Expr::Call { .. } => {}
    });
    found
}
