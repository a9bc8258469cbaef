//! Reading a section key by key: types, placeholders, and names nobody knows.

use std::cell::RefCell;

use super::placeholder::{Surroundings, fill};
use super::problem::{ConfigProblem, Place};
use super::yaml::{Entry, Node, Shape};

/// What reading a file gathers besides its values.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) from: &'a Surroundings,
    pub(super) problems: RefCell<Vec<ConfigProblem>>,
    /// One line each for the operator; none of them stops the start.
    pub(super) notes: RefCell<Vec<String>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(from: &'a Surroundings) -> Self {
        Self { from, problems: RefCell::default(), notes: RefCell::default() }
    }

    pub(super) fn problem(&self, problem: ConfigProblem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(super) fn note(&self, note: String) {
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// A value as it was written, with the path and place to name in a message about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) path: String,
    pub(super) place: Place,
}

impl<T> Written<T> {
    /// A problem of this value; `message` goes on after its path.
    pub(super) fn problem(&self, message: &str) -> ConfigProblem {
        ConfigProblem::new(Some(self.place), format!("`{}` {message}", self.path))
    }
}

/// A section while it is read: every key is asked for once, the rest is unknown.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) path: String,
    pub(super) place: Place,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    cx: &'a Reading<'a>,
}

impl<'a> Keys<'a> {
    /// The keys of `node`, which must be a section.
    pub(super) fn of(path: &str, node: &'a Node, cx: &'a Reading<'a>) -> Option<Self> {
        let entries = match &node.shape {
            Shape::Section(entries) => entries.as_slice(),
            Shape::Scalar { .. } if node.is_nothing() => &[],
            Shape::Scalar { .. } | Shape::List(_) => {
                cx.problem(
                    ConfigProblem::new(
                        Some(node.place),
                        format!("`{path}` must be a section of keys, not {}", node.word()),
                    )
                    .hint("put its keys below it, indented by two spaces"),
                );
                return None;
            }
        };
        let (path, place) = (path.to_owned(), node.place);
        Some(Self { path, place, entries, asked: Vec::new(), cx })
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn ask(&mut self, key: &'static str) -> Option<&'a Entry> {
        self.asked.push(key);
        self.entries.iter().find(|it| it.key == key)
    }

    /// Text, with its placeholders filled.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Written<String>> {
        let entry = self.ask(key)?;
        let path = self.path_of(key);
        let place = entry.value.place;
        if entry.value.is_nothing() {
            return None;
        }
        let Shape::Scalar { text, .. } = &entry.value.shape else {
            let message = format!("`{path}` must be a word, not {}", entry.value.word());
            self.cx.problem(ConfigProblem::new(Some(place), message));
            return None;
        };
        match fill(text, self.cx.from) {
            Ok(value) => Some(Written { value, path, place }),
            Err(why) => {
                let message = format!("`{path}`: {}", why.message);
                self.cx.problem(ConfigProblem::new(Some(place), message).hint(why.hint));
                None
            }
        }
    }

    /// The words of a list below this one.
    pub(super) fn words(&mut self, key: &'static str) -> Vec<String> {
        let Some(entry) = self.ask(key) else { return Vec::new() };
        let Shape::List(items) = &entry.value.shape else { return Vec::new() };
        let word = |item: &Node| match &item.shape {
            Shape::Scalar { text, .. } => Some(text.clone()),
            Shape::List(_) | Shape::Section(_) => None,
        };
        items.iter().filter_map(word).collect()
    }

    /// Every key with its text, in the order in which they are written.
    pub(super) fn texts(self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for entry in self.entries {
            let path = self.path_of(&entry.key);
            let Shape::Scalar { text, .. } = &entry.value.shape else {
                let message = format!("`{path}` must be a word, not {}", entry.value.word());
                self.cx.problem(ConfigProblem::new(Some(entry.value.place), message));
                continue;
            };
            match fill(text, self.cx.from) {
                Ok(value) => all.push((entry.key.clone(), value)),
                Err(why) => {
                    let message = format!("`{path}`: {}", why.message);
                    let problem = ConfigProblem::new(Some(entry.value.place), message);
                    self.cx.problem(problem.hint(why.hint));
                }
            }
        }
        all
    }

    /// `true` or `false`.
    pub(super) fn bool(&mut self, key: &'static str) -> Option<Written<bool>> {
        let text = self.text(key)?;
        match text.value.to_ascii_lowercase().as_str() {
            "true" => Some(Written { value: true, path: text.path, place: text.place }),
            "false" => Some(Written { value: false, path: text.path, place: text.place }),
            other => {
                self.cx.problem(text.problem(&format!("must be `true` or `false`, not `{other}`")));
                None
            }
        }
    }

    /// A whole number within the range.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<Written<i64>> {
        let text = self.text(key)?;
        match text.value.trim().parse::<i64>() {
            Ok(value) if range.contains(&value) => {
                Some(Written { value, path: text.path, place: text.place })
            }
            Ok(value) => {
                let (least, most) = (range.start(), range.end());
                let why = if *most == i64::MAX {
                    format!("must be at least {least}, not {value}")
                } else {
                    format!("must be between {least} and {most}, not {value}")
                };
                self.cx.problem(text.problem(&why));
                None
            }
            Err(_) => {
                let why = format!("must be a whole number, not `{}`", text.value);
                self.cx.problem(text.problem(&why));
                None
            }
        }
    }

    /// A section below this one.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Keys<'a>> {
        let entry = self.ask(key)?;
        Keys::of(&self.path_of(key), &entry.value, self.cx)
    }

    /// The sections of a list below this one, each with its path.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Keys<'a>> {
        let Some(entry) = self.ask(key) else { return Vec::new() };
        let path = self.path_of(key);
        match &entry.value.shape {
            Shape::List(items) => items
                .iter()
                .enumerate()
                .filter_map(|(i, item)| Keys::of(&format!("{path}[{i}]"), item, self.cx))
                .collect(),
            Shape::Scalar { .. } if entry.value.is_nothing() => Vec::new(),
            Shape::Scalar { .. } | Shape::Section(_) => {
                let message = format!("`{path}` must be a list, not {}", entry.value.word());
                let hint = "begin each of its items with `- `";
                let place = Some(entry.value.place);
                self.cx.problem(ConfigProblem::new(place, message).hint(hint));
                Vec::new()
            }
        }
    }

    /// Keys that the original knows and this build has no use for: one line each, with the reason.
    pub(super) fn ignored(&mut self, keys: &[&'static str], why: &str) {
        for key in keys {
            if self.ask(key).is_some() {
                let path = self.path_of(key);
                self.cx.note(format!("`{path}` is ignored: {why}"));
            }
        }
    }

    /// Keys that the original knows and that mean the same here without a word.
    pub(super) fn silent(&mut self, keys: &[&'static str]) {
        self.asked.extend_from_slice(keys);
    }

    /// Ends the section: what was not asked for is unknown, and stops the start.
    pub(super) fn finish(self) {
        for entry in self.entries.iter().filter(|it| !self.asked.contains(&it.key.as_str())) {
            let section = &self.path;
            let message = format!("`{}` is not a key of `{section}`", entry.key);
            let hint = match nearest(&entry.key, &self.asked) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys of `{section}` are {}", listed(&self.asked)),
            };
            self.cx.problem(ConfigProblem::new(Some(entry.key_place), message).hint(hint));
        }
    }
}

/// The known word that looks most like `word`, if one does.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let distance = |it: &str| strsim::damerau_levenshtein(&lower, &it.to_lowercase());
    let near = known.iter().min_by_key(|it| distance(it))?;
    let allowed = (word.chars().count() / 3).max(1);
    (distance(near) <= allowed).then_some(*near)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_named_and_a_far_one_is_not() {
        let known = ["groupId", "enabled", "coordinationStrategyClass"];
        assert_eq!(nearest("grupId", &known), Some("groupId"));
        assert_eq!(nearest("groupid", &known), Some("groupId"));
        assert_eq!(nearest("enabeld", &known), Some("enabled"));
        assert_eq!(nearest("colour", &known), None);
    }
}
