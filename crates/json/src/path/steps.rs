//! The steps of a path, and what they lead to in a message.

use std::borrow::Cow;

use weir_event::Text;

use super::filter::Filter;
use super::parse;
use crate::tree::Json;

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    pub(super) steps: Vec<Step>,
}

/// A place in a message: part of it, or a value made on the way.
type Node<'a> = Cow<'a, Json>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// `.name` or `['name']`.
    Name(Text),
    /// `['a','b']`: an object of these alone.
    Names(Vec<Text>),
    /// `[0]`, `[-1]`.
    Index(i64),
    /// `[0,2]`.
    Indexes(Vec<i64>),
    /// `[1:3]`.
    Slice(Option<i64>, Option<i64>),
    /// `.*` or `[*]`.
    Any,
    /// `..`: the next step at every depth.
    Deep,
    /// `[?(…)]`.
    Filter(Filter),
    /// `.length()` and the like.
    Function(Function),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    Stddev,
}

impl Path {
    /// Parses a path; one that starts with neither `$` nor `@` is taken as below `$.`.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::path(text)
    }

    /// Whether it leads to one place at most.
    fn is_definite(&self) -> bool {
        self.steps.iter().all(Step::is_definite)
    }

    /// What is at the path: one value, or the list of all where it may lead to several.
    ///
    /// `None` means that there is nothing; a list that is empty is something.
    pub fn find<'a>(&self, root: &'a Json) -> Option<Node<'a>> {
        let mut found = vec![Cow::Borrowed(root)];
        let mut sure = true;
        let mut steps = self.steps.iter();
        let mut deep_function = false;
        while let Some(step) = steps.next() {
            let mut next = Vec::new();
            match step {
                Step::Deep => {
                    sure = false;
                    deep_function = true;
                    let Some(step) = steps.next() else { break };
                    for node in &found {
                        descend(node, root, step, &mut next);
                    }
                }
                Step::Function(function) if deep_function => {
                    let all = Json::List(found.iter().map(|it| it.clone().into_owned()).collect());
                    return function.apply(&all).map(Cow::Owned);
                }
                Step::Name(_)
                | Step::Names(_)
                | Step::Index(_)
                | Step::Indexes(_)
                | Step::Slice(..)
                | Step::Any
                | Step::Filter(_)
                | Step::Function(_) => {
                    for node in &found {
                        step.apply(node, root, &mut next);
                    }
                    if sure && next.is_empty() && step.is_definite() {
                        return None;
                    }
                }
            }
            sure = sure && step.is_definite();
            found = next;
        }
        if self.is_definite() {
            return found.pop();
        }
        Some(Cow::Owned(Json::List(found.into_iter().map(Cow::into_owned).collect())))
    }
}

/// Applies `step` to `node` and to all below it, those above first.
fn descend<'a>(node: &Node<'a>, root: &'a Json, step: &Step, out: &mut Vec<Node<'a>>) {
    step.apply(node, root, out);
    let mut children = Vec::new();
    Step::Any.apply(node, root, &mut children);
    for child in &children {
        descend(child, root, step, out);
    }
}

/// The parts of a value that is borrowed stay borrowed; those of a made one are copied.
fn part<'a>(node: &Node<'a>, pick: impl Fn(&Json) -> Option<&Json>) -> Option<Node<'a>> {
    match node {
        Cow::Borrowed(node) => pick(node).map(Cow::Borrowed),
        Cow::Owned(node) => pick(node).cloned().map(Cow::Owned),
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        match self {
            Self::Name(_) | Self::Names(_) | Self::Index(_) | Self::Function(_) => true,
            Self::Indexes(_) | Self::Slice(..) | Self::Any | Self::Deep | Self::Filter(_) => false,
        }
    }

    fn apply<'a>(&self, node: &Node<'a>, root: &'a Json, out: &mut Vec<Node<'a>>) {
        match self {
            Self::Name(name) => out.extend(part(node, |it| it.get(name))),
            Self::Names(names) => {
                if let Json::Object(_) = &**node {
                    let entry = |name: &Text| node.get(name).map(|it| (name.clone(), it.clone()));
                    out.push(Cow::Owned(Json::Object(names.iter().filter_map(entry).collect())));
                }
            }
            Self::Index(index) => out.extend(part(node, |it| element(it, *index))),
            Self::Indexes(indexes) => {
                for index in indexes {
                    out.extend(part(node, |it| element(it, *index)));
                }
            }
            Self::Slice(from, to) => {
                for index in slice(node, *from, *to) {
                    out.extend(part(node, |it| element(it, index)));
                }
            }
            Self::Any => {
                for nth in 0..size(node) {
                    out.extend(part(node, |it| nth_part(it, nth)));
                }
            }
            Self::Filter(filter) => match &**node {
                Json::List(items) => {
                    for (nth, item) in items.iter().enumerate() {
                        if filter.holds(item, root) {
                            out.extend(part(node, |it| nth_part(it, nth)));
                        }
                    }
                }
                Json::Object(_) if filter.holds(node, root) => out.push(node.clone()),
                Json::Object(_)
                | Json::Null
                | Json::Bool(_)
                | Json::Whole(_)
                | Json::Decimal(_)
                | Json::Text(_) => {}
            },
            Self::Function(function) => out.extend(function.apply(node).map(Cow::Owned)),
            Self::Deep => {}
        }
    }
}

fn size(node: &Json) -> usize {
    match node {
        Json::List(items) => items.len(),
        Json::Object(entries) => entries.len(),
        Json::Null | Json::Bool(_) | Json::Whole(_) | Json::Decimal(_) | Json::Text(_) => 0,
    }
}

fn nth_part(node: &Json, nth: usize) -> Option<&Json> {
    match node {
        Json::List(items) => items.get(nth),
        Json::Object(entries) => entries.get(nth).map(|(_, value)| value),
        Json::Null | Json::Bool(_) | Json::Whole(_) | Json::Decimal(_) | Json::Text(_) => None,
    }
}

/// The element at `index`; below zero counts from the end.
fn element(node: &Json, index: i64) -> Option<&Json> {
    let Json::List(items) = node else { return None };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let index = if index < 0 { length + index } else { index };
    items.get(usize::try_from(index).ok()?)
}

fn slice(node: &Json, from: Option<i64>, to: Option<i64>) -> std::ops::Range<i64> {
    let Json::List(items) = node else { return 0..0 };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |at: i64| (if at < 0 { length + at } else { at }).clamp(0, length);
    from.map_or(0, place)..to.map_or(length, place)
}

impl Function {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Avg,
            "sum" => Self::Sum,
            "stddev" => Self::Stddev,
            _ => return None,
        })
    }

    fn apply(self, node: &Json) -> Option<Json> {
        if self == Self::Length {
            return match node {
                Json::List(_) | Json::Object(_) => {
                    Some(Json::Whole(Text::from(size(node).to_string())))
                }
                Json::Text(_) | Json::Null | Json::Bool(_) | Json::Whole(_) | Json::Decimal(_) => {
                    None
                }
            };
        }
        let Json::List(items) = node else { return None };
        let numbers: Vec<f64> = items.iter().filter_map(Json::as_f64).collect();
        if numbers.is_empty() {
            return None;
        }
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        let answer = match self {
            Self::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Avg => sum / count,
            Self::Sum | Self::Length => sum,
            Self::Stddev => {
                let squares: f64 = numbers.iter().map(|it| it * it).sum();
                (squares / count - (sum / count).powi(2)).max(0.0).sqrt()
            }
        };
        Some(Json::Decimal(Text::from(format!("{answer:?}"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{Dialect, Reader};

    const SHOP: &str = r#"{"store":{"book":[
        {"title":"A","price":8.95,"isbn":"1"},{"title":"B","price":12},
        {"title":"C","price":22.99,"tags":["x","y"]}],"open":true},"limit":10}"#;

    fn find(path: &str) -> Option<String> {
        let shop = Json::read(&mut Reader::new(SHOP, Dialect::Strict)).unwrap();
        Path::parse(path).unwrap().find(&shop).map(|it| it.bare_text().to_string())
    }

    #[test]
    fn a_definite_path_finds_one_value_or_nothing() {
        assert_eq!(find("$.store.book[0].title").as_deref(), Some("A"));
        assert_eq!(find("store['book'][-1]['title']").as_deref(), Some("C"));
        assert_eq!(find("$['store'].open").as_deref(), Some("true"));
        assert_eq!(find("$.store.book[3].title"), None);
        assert_eq!(find("$.nothing.at.all"), None);
        assert_eq!(find("$.nothing[*]"), None);
    }

    #[test]
    fn a_path_to_many_finds_a_list() {
        assert_eq!(find("$.store.book[*].title").as_deref(), Some(r#"["A","B","C"]"#));
        assert_eq!(find("$..title").as_deref(), Some(r#"["A","B","C"]"#));
        assert_eq!(find("$.store.book[0,2].title").as_deref(), Some(r#"["A","C"]"#));
        assert_eq!(find("$.store.book[1:].price").as_deref(), Some("[12,22.99]"));
        assert_eq!(find("$.store.book[:1].price").as_deref(), Some("[8.95]"));
        assert_eq!(find("$..nothing").as_deref(), Some("[]"));
        assert_eq!(
            find("$.store.book[1]['title','price']").as_deref(),
            Some(r#"{"title":"B","price":12}"#)
        );
    }

    #[test]
    fn filters_pick_what_they_hold_for() {
        let cases = [
            ("@.price > 10", r#"["B","C"]"#),
            ("@.price > 10 && @.price < 20", r#"["B"]"#),
            ("@.price < $.limit", r#"["A"]"#),
            ("@.isbn", r#"["A"]"#),
            ("!@.isbn", r#"["B","C"]"#),
            ("@.title == 'B' || @['title'] == \"C\"", r#"["B","C"]"#),
            ("@.title in ['A','C']", r#"["A","C"]"#),
            ("@.title =~ /[ab]/i", r#"["A","B"]"#),
            ("@.tags size 2", r#"["C"]"#),
            ("(@.price == 12)", r#"["B"]"#),
            ("@.title != 'A'", r#"["B","C"]"#),
        ];
        for (filter, titles) in cases {
            let path = format!("$.store.book[?({filter})].title");
            assert_eq!(find(&path).as_deref(), Some(titles), "{filter}");
        }
    }

    #[test]
    fn functions_work_on_lists() {
        assert_eq!(find("$.store.book.length()").as_deref(), Some("3"));
        assert_eq!(find("$..price.max()").as_deref(), Some("22.99"));
        assert_eq!(find("$.limit.length()"), None);
    }

    #[test]
    fn what_is_not_a_path_is_told() {
        for text in ["$.", "$[", "$['a", "$[?(@.a]", "$.a[x]", "$[?(@.a ==)]", "$.f()", ""] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
