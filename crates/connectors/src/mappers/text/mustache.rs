//! Mustache templates over an event's attributes.

use weir_event::{Batch, Value};

use crate::annotation::StreamInfo;
use crate::problem::Problem;
use crate::template::append;

/// A parsed template.
pub(super) struct Mustache {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    /// A value, escaped for HTML or not; `None` is a name the stream does not have.
    Value {
        place: Option<usize>,
        escaped: bool,
    },
    /// What shows only when the value says something, or, inverted, only when it does not.
    Section {
        place: Option<usize>,
        inverted: bool,
        parts: Vec<Part>,
    },
}

/// How deep sections may nest.
const DEPTH_MAX: usize = 64;

impl Mustache {
    pub(super) fn compile(text: &str, stream: &StreamInfo) -> Result<Self, Problem> {
        let mut open: Vec<(String, bool, Vec<Part>)> = Vec::new();
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            parts.push(Part::Text(before.to_owned()));
            let raw = after.starts_with('{');
            let end = if raw { "}}}" } else { "}}" };
            let Some((tag, behind)) = after.trim_start_matches('{').split_once(end) else {
                return Err(bad(&format!("`{{{{` is not closed in `{text}`")));
            };
            rest = behind;
            let tag = tag.trim();
            let name = tag.trim_start_matches(['#', '^', '/', '&', '!']).trim();
            let place = stream.attribute(name);
            match tag.chars().next() {
                _ if raw => parts.push(Part::Value { place, escaped: false }),
                Some('#' | '^') => {
                    if open.len() >= DEPTH_MAX {
                        return Err(bad("its sections nest too deep"));
                    }
                    let outer = std::mem::take(&mut parts);
                    open.push((name.to_owned(), tag.starts_with('^'), outer));
                }
                Some('/') => match open.pop() {
                    Some((opened, inverted, outer)) if opened == name => {
                        let inner = std::mem::replace(&mut parts, outer);
                        parts.push(Part::Section { place, inverted, parts: inner });
                    }
                    Some(_) | None => return Err(bad(&format!("`{name}` is closed, not opened"))),
                },
                Some('!') => {}
                Some('&') => parts.push(Part::Value { place, escaped: false }),
                Some(_) | None => parts.push(Part::Value { place, escaped: true }),
            }
        }
        if let Some((name, ..)) = open.last() {
            return Err(bad(&format!("the section `{name}` is not closed")));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    pub(super) fn write(&self, batch: &Batch, row: usize, out: &mut String) {
        write_parts(&self.parts, batch, row, out);
    }
}

fn bad(what: &str) -> Problem {
    Problem::new(format!("`@payload` is not a Mustache template: {what}"))
        .hint("write `{{attribute}}`, `{{{attribute}}}` or `{{#attribute}}…{{/attribute}}`")
}

fn write_parts(parts: &[Part], batch: &Batch, row: usize, out: &mut String) {
    let value =
        |place: &Option<usize>| place.map_or(Value::Null, |place| batch.columns[place].value(row));
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Value { place, escaped } => {
                let value = value(place);
                if value.is_null() {
                    continue;
                }
                let mut text = String::new();
                append(&mut text, &value);
                if *escaped {
                    escape(&text, out);
                } else {
                    out.push_str(&text);
                }
            }
            Part::Section { place, inverted, parts } => {
                let says = match value(place) {
                    Value::Null | Value::Bool(false) => false,
                    Value::Str(text) => !text.is_empty(),
                    Value::Bool(true)
                    | Value::Int(_)
                    | Value::Long(_)
                    | Value::Float(_)
                    | Value::Double(_)
                    | Value::Object(_) => true,
                };
                if says != *inverted {
                    write_parts(parts, batch, row, out);
                }
            }
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '=' => out.push_str("&#61;"),
            '\n' => out.push_str("&#10;"),
            c => out.push(c),
        }
    }
}
