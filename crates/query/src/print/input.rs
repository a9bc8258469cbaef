//! What a query reads.

use super::expression::{call, expr, stream_ref, time};
use super::name::{Quoting, name};
use super::query::query;
use crate::tree::{
    Expr, Handler, Input, Join, JoinKind, Logical, Side, SingleInput, StateElement, StateInput,
    StateKind, Within,
};

pub(super) fn input(out: &mut String, input: &Input) {
    match input {
        Input::Single(it) => stream(out, it),
        Input::Join(it) => join(out, it),
        Input::Pattern(it) => state(out, it, " -> "),
        Input::Sequence(it) => state(out, it, ", "),
        Input::Anonymous(it) => {
            out.push('(');
            query(out, it);
            out.push(')');
        }
    }
}

/// A stream and its handlers, without its alias.
pub(super) fn stream(out: &mut String, input: &SingleInput) {
    stream_ref(out, &input.stream);
    for handler in &input.handlers {
        match handler {
            Handler::Filter(condition) => {
                out.push('[');
                expr(out, condition);
                out.push(']');
            }
            Handler::Function(function) => {
                out.push('#');
                call(out, function);
            }
            Handler::Window(window) => {
                out.push_str("#window.");
                call(out, window);
            }
        }
    }
}

fn join(out: &mut String, join: &Join) {
    join_side(out, &join.left);
    if join.unidirectional == Some(Side::Left) {
        out.push_str(" unidirectional");
    }
    out.push_str(match join.kind {
        JoinKind::Inner => " join ",
        JoinKind::LeftOuter => " left outer join ",
        JoinKind::RightOuter => " right outer join ",
        JoinKind::FullOuter => " full outer join ",
    });
    join_side(out, &join.right);
    if join.unidirectional == Some(Side::Right) {
        out.push_str(" unidirectional");
    }
    opt_on(out, join.on.as_ref());
    within_per(out, join.within.as_ref(), join.per.as_ref());
}

fn join_side(out: &mut String, side: &SingleInput) {
    stream(out, side);
    if let Some(alias) = &side.alias {
        out.push_str(" as ");
        name(out, alias, Quoting::Keywords);
    }
}

pub(super) fn opt_on(out: &mut String, on: Option<&Expr>) {
    if let Some(condition) = on {
        out.push_str(" on ");
        expr(out, condition);
    }
}

pub(super) fn within_per(out: &mut String, within: Option<&Within>, per: Option<&Expr>) {
    if let Some(within) = within {
        out.push_str(" within ");
        expr(out, &within.start);
        if let Some(end) = &within.end {
            out.push_str(", ");
            expr(out, end);
        }
    }
    if let Some(per) = per {
        out.push_str(" per ");
        expr(out, per);
    }
}

fn state(out: &mut String, input: &StateInput, separator: &str) {
    match &input.element.kind {
        StateKind::Next(elements) => chain(out, elements, separator),
        // Without parentheses it would be a plain stream.
        StateKind::Stream(only) if only.alias.is_none() && input.within.is_none() => {
            out.push('(');
            element(out, &input.element, separator);
            out.push(')');
        }
        StateKind::Stream(_)
        | StateKind::Every(_)
        | StateKind::Count { .. }
        | StateKind::Logical { .. }
        | StateKind::Absent { .. } => element(out, &input.element, separator),
    }
    if let Some(within) = &input.within {
        out.push_str(" within ");
        time(out, within.ms);
    }
}

fn chain(out: &mut String, elements: &[StateElement], separator: &str) {
    for (at, it) in elements.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        element(out, it, separator);
    }
}

fn element(out: &mut String, of: &StateElement, separator: &str) {
    match &of.kind {
        StateKind::Stream(stream) => named(out, stream),
        StateKind::Next(elements) => {
            out.push('(');
            chain(out, elements, separator);
            out.push(')');
        }
        StateKind::Every(inner) => {
            out.push_str("every ");
            element(out, inner, separator);
        }
        StateKind::Count { stream, min, max } => {
            named(out, stream);
            let max = max.map_or_else(String::new, |max| max.to_string());
            out.push_str(&format!("<{min}:{max}>"));
        }
        StateKind::Logical { op, left, right } => {
            element(out, left, separator);
            out.push_str(match op {
                Logical::And => " and ",
                Logical::Or => " or ",
            });
            element(out, right, separator);
        }
        StateKind::Absent { stream: absent, waiting } => {
            out.push_str("not ");
            stream(out, absent);
            if let Some(waiting) = waiting {
                out.push_str(" for ");
                time(out, waiting.ms);
            }
        }
    }
}

fn named(out: &mut String, input: &SingleInput) {
    if let Some(alias) = &input.alias {
        name(out, alias, Quoting::Keywords);
        out.push('=');
    }
    stream(out, input);
}
