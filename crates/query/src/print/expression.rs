//! Expressions.

use std::fmt::Write as _;

use super::name::{Quoting, list, name, string};
use crate::tree::{
    Args, ArithmeticOp, AttributeRef, CompareOp, Expr, ExprKind, FunctionCall, Index, Literal,
    NullTest, StreamRef,
};

/// Above every binary operator.
const PRIMARY: u8 = 8;

/// How tight the outermost operator of an expression binds, as in the parser.
fn precedence(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Or(..) => 0,
        ExprKind::And(..) => 1,
        ExprKind::In { .. } => 2,
        ExprKind::Compare { op, .. } => match op {
            CompareOp::Equal | CompareOp::NotEqual => 3,
            CompareOp::Less
            | CompareOp::LessOrEqual
            | CompareOp::Greater
            | CompareOp::GreaterOrEqual => 4,
        },
        ExprKind::Arithmetic { op, .. } => match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract => 5,
            ArithmeticOp::Multiply | ArithmeticOp::Divide | ArithmeticOp::Remainder => 6,
        },
        ExprKind::Not(_) => 7,
        ExprKind::Literal(_) | ExprKind::Attribute(_) | ExprKind::Call(_) | ExprKind::IsNull(_) => {
            PRIMARY
        }
    }
}

pub(super) fn expr(out: &mut String, expr: &Expr) {
    at_least(out, expr, 0);
}

/// An expression, in parentheses if it binds looser than `lowest`.
fn at_least(out: &mut String, of: &Expr, lowest: u8) {
    let own = precedence(of);
    if own < lowest {
        out.push('(');
        at_least(out, of, 0);
        out.push(')');
        return;
    }
    match &of.kind {
        ExprKind::Literal(value) => literal(out, value),
        ExprKind::Attribute(attribute) => attribute_ref(out, attribute),
        ExprKind::Call(it) => call(out, it),
        ExprKind::Arithmetic { op, left, right } => binary(out, left, op.sign(), right, own),
        ExprKind::Compare { op, left, right } => binary(out, left, op.sign(), right, own),
        ExprKind::And(left, right) => binary(out, left, "and", right, own),
        ExprKind::Or(left, right) => binary(out, left, "or", right, own),
        ExprKind::Not(operand) => {
            out.push_str("not ");
            at_least(out, operand, own);
        }
        ExprKind::In { condition, table, .. } => {
            at_least(out, condition, own);
            out.push_str(" in ");
            name(out, table, Quoting::Keywords);
        }
        ExprKind::IsNull(NullTest::Stream { stream, index }) => {
            stream_ref(out, stream);
            opt_index(out, *index);
            out.push_str(" is null");
        }
        ExprKind::IsNull(NullTest::Value(value)) => {
            at_least(out, value, PRIMARY);
            out.push_str(" is null");
        }
    }
}

fn binary(out: &mut String, left: &Expr, sign: &str, right: &Expr, own: u8) {
    at_least(out, left, own);
    out.push(' ');
    out.push_str(sign);
    out.push(' ');
    at_least(out, right, own + 1);
}

pub(super) fn literal(out: &mut String, literal: &Literal) {
    let written = match literal {
        Literal::Int(value) => write!(out, "{value}"),
        Literal::Long(value) => write!(out, "{value}L"),
        Literal::Float(value) => write!(out, "{}f", floating(format!("{value:?}"))),
        Literal::Double(value) => write!(out, "{}", floating(format!("{value:?}"))),
        Literal::Bool(value) => write!(out, "{value}"),
        Literal::Str(text) => {
            string(out, text);
            Ok(())
        }
        Literal::TimeMs(ms) => {
            time(out, *ms);
            Ok(())
        }
    };
    written.expect("writing to a string does not fail");
}

/// Infinity has no name in the language; a number beyond the range reads as it.
fn floating(shown: String) -> String {
    shown.replace("inf", "1e999")
}

/// `1 day 2 hour 3 min 4 sec 5 millisec`, without what is zero.
pub(super) fn time(out: &mut String, ms: i64) {
    const UNITS: [(&str, i64); 5] = [
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("min", 60_000),
        ("sec", 1_000),
        ("millisec", 1),
    ];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (word, unit_ms) in UNITS {
        if rest >= unit_ms {
            parts.push(format!("{} {word}", rest / unit_ms));
            rest %= unit_ms;
        }
    }
    if parts.is_empty() {
        parts.push("0 millisec".to_owned());
    }
    out.push_str(&parts.join(" "));
}

pub(super) fn stream_ref(out: &mut String, stream: &StreamRef) {
    out.push_str(stream.kind.sign());
    name(out, &stream.name, Quoting::Keywords);
}

fn opt_index(out: &mut String, index: Option<Index>) {
    let shown = match index {
        None => return,
        Some(Index::At(at)) => format!("[{at}]"),
        Some(Index::Last(0)) => "[last]".to_owned(),
        Some(Index::Last(back)) => format!("[last - {back}]"),
    };
    out.push_str(&shown);
}

pub(super) fn attribute_ref(out: &mut String, attribute: &AttributeRef) {
    if let Some(source) = &attribute.source {
        // The dot behind it tells it from a keyword.
        out.push_str(source.kind.sign());
        name(out, &source.name, Quoting::Operators);
        opt_index(out, attribute.index);
        if let Some(handler) = &attribute.handler {
            out.push('#');
            name(out, &handler.name, Quoting::Keywords);
            opt_index(out, handler.index);
        }
        out.push('.');
    }
    name(out, &attribute.name, Quoting::Operators);
}

pub(super) fn call(out: &mut String, call: &FunctionCall) {
    if let Some(namespace) = &call.namespace {
        name(out, namespace, Quoting::Operators);
        out.push(':');
    }
    name(out, &call.name, Quoting::Operators);
    out.push('(');
    match &call.args {
        Args::All => out.push('*'),
        Args::List(args) => list(out, args, expr),
    }
    out.push(')');
}
