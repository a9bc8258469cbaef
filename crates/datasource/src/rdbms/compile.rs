//! Statements of an app in the SQL of a database.

use weir_expr::{ArithmeticOp, CompareOp};
use weir_tables::{StoreExpr, StoreStatement};

use super::shape::Shape;

/// A text with `?`, and which parameter goes where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text {
    pub(super) sql: String,
    pub(super) params: Vec<usize>,
}

/// What a statement of an app runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// A query.
    Read(Text),
    /// Rows are added, as [`Shape::insert`] says.
    Insert,
    /// A change of rows.
    Write(Text),
    /// A change of rows, and an insert where it met none.
    WriteOrInsert(Text),
}

/// The plan of a statement.
pub(super) fn plan(statement: &StoreStatement, shape: &Shape) -> Plan {
    let table = &shape.table;
    let mut text = Text::default();
    match statement {
        StoreStatement::Find(condition) => {
            text.sql = format!("SELECT {} FROM {table} WHERE ", shape.columns.join(", "));
            text.push(condition, shape);
            Plan::Read(text)
        }
        StoreStatement::Contains(condition) => {
            text.sql = format!("SELECT 1 FROM {table} WHERE ");
            text.push(condition, shape);
            text.sql.push_str(" LIMIT 1");
            Plan::Read(text)
        }
        StoreStatement::First(most) => {
            let columns = shape.columns.join(", ");
            text.sql = format!("SELECT {columns} FROM {table} LIMIT {most}");
            Plan::Read(text)
        }
        StoreStatement::Count => {
            text.sql = format!("SELECT COUNT(*) FROM {table}");
            Plan::Read(text)
        }
        StoreStatement::Insert => Plan::Insert,
        StoreStatement::Delete(condition) => {
            text.sql = format!("DELETE FROM {table} WHERE ");
            text.push(condition, shape);
            Plan::Write(text)
        }
        StoreStatement::Update(condition, set) => Plan::Write(update(condition, set, shape)),
        StoreStatement::UpdateOrInsert(condition, set) => {
            Plan::WriteOrInsert(update(condition, set, shape))
        }
    }
}

fn update(condition: &StoreExpr, set: &[(usize, StoreExpr)], shape: &Shape) -> Text {
    let mut text = Text { sql: format!("UPDATE {} SET ", shape.table), params: Vec::new() };
    for (at, (column, value)) in set.iter().enumerate() {
        if at > 0 {
            text.sql.push_str(", ");
        }
        text.sql.push_str(&shape.columns[*column]);
        text.sql.push_str(" = ");
        text.push(value, shape);
    }
    text.sql.push_str(" WHERE ");
    text.push(condition, shape);
    text
}

impl Text {
    fn push(&mut self, expr: &StoreExpr, shape: &Shape) {
        match expr {
            StoreExpr::Column(at) => {
                // A bare name could be another's where the condition has a sub-select.
                self.sql.push_str(&shape.table);
                self.sql.push('.');
                self.sql.push_str(&shape.columns[*at]);
            }
            StoreExpr::Param(param, _) => {
                self.sql.push('?');
                self.params.push(*param);
            }
            StoreExpr::And(sides) => self.push_both(sides, " AND ", shape),
            StoreExpr::Or(sides) => self.push_both(sides, " OR ", shape),
            StoreExpr::Not(of) => {
                self.sql.push_str("(NOT ");
                self.push(of, shape);
                self.sql.push(')');
            }
            StoreExpr::IsNull(of) => {
                self.sql.push('(');
                self.push(of, shape);
                self.sql.push_str(" IS NULL)");
            }
            StoreExpr::Compare(op, sides) => self.push_both(sides, compared(*op), shape),
            StoreExpr::Arithmetic(op, sides) => self.push_both(sides, computed(*op), shape),
        }
    }

    fn push_both(&mut self, sides: &[StoreExpr; 2], between: &str, shape: &Shape) {
        self.sql.push('(');
        self.push(&sides[0], shape);
        self.sql.push_str(between);
        self.push(&sides[1], shape);
        self.sql.push(')');
    }
}

fn compared(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => " = ",
        CompareOp::NotEqual => " <> ",
        CompareOp::Less => " < ",
        CompareOp::LessOrEqual => " <= ",
        CompareOp::Greater => " > ",
        CompareOp::GreaterOrEqual => " >= ",
    }
}

fn computed(op: ArithmeticOp) -> &'static str {
    match op {
        ArithmeticOp::Add => " + ",
        ArithmeticOp::Subtract => " - ",
        ArithmeticOp::Multiply => " * ",
        ArithmeticOp::Divide => " / ",
        ArithmeticOp::Modulo => " % ",
    }
}
