//! A compiled pattern: matching, replacing and splitting.

use std::fmt;

use fancy_regex::{Regex, RegexBuilder};

use super::translate::translate;
use crate::fault::Fault;

/// Steps a match that needs backtracking may take before it is given up.
const STEPS_MAX: usize = 1_000_000;
/// Bytes the compiled form of a pattern may take.
const COMPILED_BYTES_MAX: usize = 10 << 20;
/// Characters a replacement may make of one text.
const REPLACED_CHARS_MAX: usize = 16 << 20;

/// A match and its groups.
pub(in super::super) type Captures<'a> = fancy_regex::Captures<'a, str>;

/// How much of the text a match has to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reach {
    /// Any part.
    Part,
    /// A part at the start.
    Start,
    /// All of it.
    Whole,
}

/// A compiled pattern.
pub(in super::super) struct Pattern {
    regex: Regex,
    /// The names of groups with their numbers.
    names: Vec<(String, usize)>,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.regex.as_str(), f)
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// It is not one; the text says why.
    pub(in super::super) fn new(text: &str, reach: Reach) -> Result<Self, String> {
        let translated = translate(text)?;
        let body = &translated.text;
        let text = match reach {
            Reach::Part => body.clone(),
            Reach::Start => format!(r"\A(?:{body})"),
            Reach::Whole => format!(r"\A(?:{body})\z"),
        };
        let regex = RegexBuilder::new(&text)
            .backtrack_limit(STEPS_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|error| format!("the pattern cannot be used: {error}"))?;
        Ok(Self { regex, names: translated.names })
    }

    /// The same at run time, where a wrong pattern is the event's fault.
    pub(in super::super) fn of_event(text: &str, reach: Reach) -> Result<Self, Fault> {
        Self::new(text, reach).map_err(Fault::runtime)
    }

    /// Whether the pattern matches at or after a byte.
    pub(in super::super) fn matches_from(&self, text: &str, from: usize) -> Result<bool, Fault> {
        self.regex.find_from_pos(text, from).map(|found| found.is_some()).map_err(given_up)
    }

    /// The first match and its groups.
    pub(in super::super) fn groups<'a>(
        &self,
        text: &'a str,
    ) -> Result<Option<Captures<'a>>, Fault> {
        self.regex.captures(text).map_err(given_up)
    }

    /// How many groups there are, the whole match counted.
    pub(in super::super) fn group_count(&self) -> usize {
        self.regex.captures_len()
    }

    /// Calls `take` for each match, until it says to stop.
    fn each<'a>(
        &self,
        text: &'a str,
        mut take: impl FnMut(&Captures<'a>, usize, usize) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut from = 0;
        while from <= text.len() {
            let Some(groups) = self.regex.captures_from_pos(text, from).map_err(given_up)? else {
                return Ok(());
            };
            let Some((start, end)) = groups.get(0).map(|found| (found.start(), found.end())) else {
                return Ok(());
            };
            if !take(&groups, start, end)? {
                return Ok(());
            }
            let next = text.get(end..).and_then(|rest| rest.chars().next());
            from = if end > start { end } else { end + next.map_or(1, char::len_utf8) };
        }
        Ok(())
    }

    /// The text with the first match, or each, replaced; `$1`, `${name}` and `\` have a meaning.
    pub(in super::super) fn replace(
        &self,
        text: &str,
        replacement: &str,
        all: bool,
    ) -> Result<String, Fault> {
        let mut out = String::new();
        let mut done = 0;
        self.each(text, |groups, start, end| {
            out.push_str(text.get(done..start).unwrap_or_default());
            self.expand(replacement, groups, &mut out)?;
            done = end;
            if out.len() > REPLACED_CHARS_MAX {
                return Err(Fault::runtime("the replaced text is too long"));
            }
            Ok(all)
        })?;
        out.push_str(text.get(done..).unwrap_or_default());
        Ok(out)
    }

    fn expand(&self, text: &str, groups: &Captures<'_>, out: &mut String) -> Result<(), Fault> {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next().ok_or_else(|| {
                    Fault::runtime("the replacement ends where a character has to be escaped")
                })?),
                '$' => {
                    let number = if chars.next_if_eq(&'{').is_some() {
                        let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
                        self.named(&name)?
                    } else {
                        self.numbered(&mut chars)?
                    };
                    out.push_str(groups.get(number).map_or("", |group| group.as_str()));
                }
                other => out.push(other),
            }
        }
        Ok(())
    }

    fn named(&self, name: &str) -> Result<usize, Fault> {
        let found = self.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
        found.ok_or_else(|| Fault::runtime(format!("the pattern has no group `{name}`")))
    }

    /// The number of a group: as many digits as still name one.
    fn numbered(
        &self,
        chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    ) -> Result<usize, Fault> {
        let digit = |c: &char| c.to_digit(10).map(|digit| digit as usize);
        let Some(mut number) = chars.peek().and_then(digit) else {
            return Err(Fault::runtime("`$` in a replacement is not followed by a group"));
        };
        chars.next();
        if number >= self.group_count() {
            return Err(Fault::runtime(format!("the pattern has no group {number}")));
        }
        while let Some(next) = chars.peek().and_then(digit) {
            if number * 10 + next >= self.group_count() {
                break;
            }
            number = number * 10 + next;
            chars.next();
        }
        Ok(number)
    }

    /// The parts between matches without the empty ones at the end; an empty match at the start
    /// parts nothing.
    pub(in super::super) fn split<'a>(&self, text: &'a str) -> Result<Vec<&'a str>, Fault> {
        let mut parts = Vec::new();
        let mut done = 0;
        self.each(text, |_, start, end| {
            if end > 0 && !(start == end && start == text.len()) {
                parts.push(text.get(done..start).unwrap_or_default());
                done = end;
            }
            Ok(true)
        })?;
        if parts.is_empty() {
            return Ok(vec![text]);
        }
        parts.push(text.get(done..).unwrap_or_default());
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        Ok(parts)
    }

    /// The first match.
    pub(in super::super) fn first<'a>(&self, text: &'a str) -> Result<Option<&'a str>, Fault> {
        let found = self.regex.find(text).map_err(given_up)?;
        Ok(found.map(|found| found.as_str()))
    }
}

fn given_up(error: fancy_regex::Error) -> Fault {
    Fault::runtime(format!("the pattern could not be matched: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_would_take_too_much_is_refused_or_given_up() {
        for text in ["((a{1000}){1000}){1000}", "(?:(?:(?=a)a){9999}){9999}"] {
            assert!(Pattern::new(text, Reach::Part).is_err(), "{text}");
        }
        assert!(Pattern::new(&"(".repeat(10_000), Reach::Part).is_err());
        assert!(Pattern::new(&"[".repeat(10_000), Reach::Part).is_err());
        let slow = Pattern::new(r"(a*)*\1b", Reach::Part).unwrap();
        assert!(slow.matches_from(&"a".repeat(200), 0).is_err());
    }
}
