//! `[?(…)]`: which elements a path goes on with.

use std::cmp::Ordering;

use fancy_regex::Regex;

use super::steps::Path;
use crate::tree::Json;

/// A condition on an element.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    Matches(Operand, Regex),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// A path from the element.
    Here(Path),
    /// A path from the whole message.
    Root(Path),
    Literal(Json),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Differs,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Matches,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Operand {
    fn find(&self, here: &Json, root: &Json) -> Option<Json> {
        match self {
            Self::Here(path) => path.find(here).map(std::borrow::Cow::into_owned),
            Self::Root(path) => path.find(root).map(std::borrow::Cow::into_owned),
            Self::Literal(value) => Some(value.clone()),
        }
    }
}

impl Filter {
    /// Whether it holds for `here`, an element of the message `root`.
    pub(super) fn holds(&self, here: &Json, root: &Json) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|it| it.holds(here, root)),
            Self::All(filters) => filters.iter().all(|it| it.holds(here, root)),
            Self::Not(filter) => !filter.holds(here, root),
            Self::Exists(operand) => operand.find(here, root).is_some(),
            Self::Matches(operand, regex) => operand
                .find(here, root)
                .is_some_and(|it| regex.is_match(&it.bare_text()).unwrap_or(false)),
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.find(here, root), right.find(here, root));
                match (left, right) {
                    (Some(left), Some(right)) => operator.holds(&left, &right),
                    (None, None) => *operator == Operator::Equal,
                    (Some(_), None) | (None, Some(_)) => *operator == Operator::Differs,
                }
            }
        }
    }
}

impl Operator {
    fn holds(self, left: &Json, right: &Json) -> bool {
        match self {
            Self::Equal => same(left, right),
            Self::Differs => !same(left, right),
            Self::Less => order(left, right) == Some(Ordering::Less),
            Self::AtMost => order(left, right).is_some_and(Ordering::is_le),
            Self::Greater => order(left, right) == Some(Ordering::Greater),
            Self::AtLeast => order(left, right).is_some_and(Ordering::is_ge),
            Self::In => holds_item(right, left),
            Self::NotIn => !holds_item(right, left),
            Self::Contains => match (left, right) {
                (Json::Text(text), Json::Text(part)) => text.contains(part.as_str()),
                _ => holds_item(left, right),
            },
            Self::Size => size_of(left).is_some_and(|size| right.as_f64() == Some(size as f64)),
            Self::Empty => size_of(left).is_some_and(|size| (size == 0) == is_true(right)),
            Self::Matches => false,
        }
    }
}

fn is_true(value: &Json) -> bool {
    matches!(value, Json::Bool(true))
}

fn size_of(value: &Json) -> Option<usize> {
    match value {
        Json::List(items) => Some(items.len()),
        Json::Object(entries) => Some(entries.len()),
        Json::Text(text) => Some(text.chars().count()),
        Json::Null | Json::Bool(_) | Json::Whole(_) | Json::Decimal(_) => None,
    }
}

fn holds_item(list: &Json, item: &Json) -> bool {
    matches!(list, Json::List(items) if items.iter().any(|it| same(it, item)))
}

/// A number and the text of a number are the same.
fn same(left: &Json, right: &Json) -> bool {
    let number = |it: &Json| match it {
        Json::Text(text) => text.parse().ok(),
        Json::Null
        | Json::Bool(_)
        | Json::Whole(_)
        | Json::Decimal(_)
        | Json::List(_)
        | Json::Object(_) => it.as_f64(),
    };
    if left.as_f64().is_some() || right.as_f64().is_some() {
        return matches!((number(left), number(right)), (Some(a), Some(b)) if a == b);
    }
    left == right
}

fn order(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Text(a), Json::Text(b)) => Some(a.cmp(b)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
