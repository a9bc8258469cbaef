//! An expression of the app becomes one that a store computes.

use weir_expr::Expr;

use super::words::StoreExpr;
use crate::condition::mentions;

/// What a store cannot compute, in the words of someone who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uncompiled(pub(super) &'static str);

/// Takes expressions apart: what does not need the store's row is computed beforehand.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    /// The slot of the store's row.
    pub(super) slot: u16,
    /// What is computed beforehand, by number of the parameter.
    pub(super) params: Vec<Expr>,
}

impl Compiler {
    pub(super) fn compile(&mut self, expr: &Expr) -> Result<StoreExpr, Uncompiled> {
        if !mentions(expr, self.slot) {
            self.params.push(expr.clone());
            return Ok(StoreExpr::Param(self.params.len() - 1, expr.data_type()));
        }
        Ok(match expr {
            Expr::Attribute { column, .. } => StoreExpr::Column(usize::from(*column)),
            Expr::And(sides) => StoreExpr::And(self.both(sides)?),
            Expr::Or(sides) => StoreExpr::Or(self.both(sides)?),
            Expr::Not(of) => StoreExpr::Not(Box::new(self.compile(of)?)),
            Expr::IsNull(of) => StoreExpr::IsNull(Box::new(self.compile(of)?)),
            Expr::Compare { op, sides, .. } => StoreExpr::Compare(*op, self.both(sides)?),
            Expr::Arithmetic { op, sides, .. } => StoreExpr::Arithmetic(*op, self.both(sides)?),
            Expr::Call { .. } => return Err(Uncompiled("a function of the table's attributes")),
            Expr::IfElse(_) => return Err(Uncompiled("`ifThenElse` of the table's attributes")),
            Expr::In { .. } => return Err(Uncompiled("`in` another table")),
            Expr::Const(..)
            | Expr::Chain { .. }
            | Expr::Timestamp { .. }
            | Expr::Event { .. }
            | Expr::IsAbsent { .. } => return Err(Uncompiled("more than the row's attributes")),
        })
    }

    fn both(&mut self, sides: &(Expr, Expr)) -> Result<Box<[StoreExpr; 2]>, Uncompiled> {
        Ok(Box::new([self.compile(&sides.0)?, self.compile(&sides.1)?]))
    }
}
