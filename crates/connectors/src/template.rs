//! `{{attribute}}` templates of payloads and dynamic options, compiled once.

use std::fmt::Write;

use weir_event::{Batch, Text, Value};

use crate::annotation::StreamInfo;
use crate::problem::Problem;

/// Text with places for an event's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Attribute(usize),
}

impl Template {
    /// Whether `text` holds a `{{…}}`.
    #[must_use]
    pub fn has_braces(text: &str) -> bool {
        text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
    }

    /// Finds the places in `text`.
    ///
    /// Single braces are plain text.
    ///
    /// # Errors
    ///
    /// A place names something that is not an attribute of the stream.
    pub fn compile(text: &str, stream: &StreamInfo) -> Result<Self, Problem> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            // The innermost opening counts: `{{{a}}}` is `{`, the value and `}`.
            let after = after.trim_start_matches('{');
            let braces = rest.len() - before.len() - 2 - after.len();
            plain.push_str(before);
            plain.extend(std::iter::repeat_n('{', braces));
            match after.find(['{', '}']).map(|at| after.split_at(at)) {
                Some((name, tail)) if tail.starts_with("}}") => {
                    let Some(place) = stream.attribute(name) else {
                        return Err(unknown(name, stream));
                    };
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Attribute(place));
                    rest = tail.strip_prefix("}}").unwrap_or(tail);
                }
                Some((name, tail)) => {
                    plain.push_str("{{");
                    plain.push_str(name);
                    rest = tail;
                }
                None => {
                    plain.push_str("{{");
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Writes the text for one row; a null reads `null`.
    pub fn write(&self, batch: &Batch, row: usize, out: &mut String) {
        self.write_with(out, |place, out| {
            append(out, &batch.columns[place].value(row));
        });
    }

    /// Writes the text, with `value` writing what stands at each attribute's place.
    pub fn write_with(&self, out: &mut String, mut value: impl FnMut(usize, &mut String)) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Attribute(place) => value(*place, out),
            }
        }
    }

    /// The text for one row.
    #[must_use]
    pub fn text(&self, batch: &Batch, row: usize) -> Text {
        if let [Part::Attribute(place)] = self.parts.as_slice()
            && let Value::Str(text) = batch.columns[*place].value(row)
        {
            return text;
        }
        let mut out = String::new();
        self.write(batch, row, &mut out);
        Text::from(out)
    }
}

/// What one element of `@payload` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text made from the event.
    Text(Template),
    /// The value of an attribute as it is.
    Attribute(usize),
}

impl Content {
    /// Reads an element: bare, the name of an attribute stands for its value; text without
    /// blanks may stand in back-quotes, which are taken off.
    pub(crate) fn compile(text: &str, stream: &StreamInfo) -> Result<Self, Problem> {
        if let Some(place) = stream.attribute(text.trim()) {
            return Ok(Self::Attribute(place));
        }
        let ticked = text.strip_prefix('`').and_then(|it| it.strip_suffix('`'));
        let text = match ticked {
            Some(inner) if !inner.contains(char::is_whitespace) => inner,
            Some(_) | None => text,
        };
        Template::compile(text, stream).map(Self::Text)
    }
}

/// Adds a value's text, as Java writes it.
pub(crate) fn append(out: &mut String, value: &Value) {
    if let Value::Str(text) = value {
        out.push_str(text);
    } else {
        write!(out, "{value}").expect("a string takes any text");
    }
}

fn unknown(name: &str, stream: &StreamInfo) -> Problem {
    let names: Vec<&str> = stream.schema.iter().map(|it| it.name.as_str()).collect();
    Problem::new(format!("`{{{{{name}}}}}` names no attribute of `{}`", stream.stream))
        .hint(format!("its attributes are {}", names.join(", ")))
}
