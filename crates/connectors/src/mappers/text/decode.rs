//! Text into events: lines of `name:value`, or what regular expressions find.

use fancy_regex::Regex;
use weir_event::{DataType, Schema, Text, Value};

use crate::mapper::{Decoded, MapError, SourceMapper, SourceMapperSpec};
use crate::mappers::payload::text_of;
use crate::payload::{ENTRY_TIME, Message};
use crate::problem::Problem;
use crate::text_value::text_value;

pub(super) fn build(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    let mut regexes = Vec::new();
    for (key, pattern) in spec.options.entries() {
        let Some(name) = key.strip_prefix("regex.") else { continue };
        let regex = Regex::new(pattern).map_err(|cause| {
            Problem::new(format!(
                "`{key}` of the `text` mapper is not a regular expression: {cause}"
            ))
        })?;
        regexes.push((name.to_owned(), regex));
    }
    let found = spec.attributes.map(|attributes| {
        let found = |path: &str| {
            let (name, group) = match path.trim().split_once('[') {
                Some((name, group)) => (name, group.trim_end_matches(']').trim().parse().ok()),
                None => (path.trim(), Some(1)),
            };
            (regexes.iter().position(|(known, _)| known == name), group)
        };
        attributes.iter().map(|it| (it.attribute, found(&it.path))).collect()
    });
    let line_end = match spec.options.get("new.line.character").unwrap_or("\n") {
        "\\n" => "\n".to_owned(),
        "\\r\\n" => "\r\n".to_owned(),
        other => other.to_owned(),
    };
    let delimiter = spec.options.get("delimiter").unwrap_or_default();
    let grouped = spec.options.flag("event.grouping.enabled");
    Ok(Box::new(TextMapper {
        schema: spec.stream.schema.clone(),
        regexes: regexes.into_iter().map(|(_, regex)| regex).collect(),
        found,
        between: grouped.then(|| format!("{delimiter}{line_end}")),
        field_end: format!(",{line_end}"),
        line_end,
        strict: spec.options.flag("fail.on.missing.attribute"),
    }))
}

/// A regular expression and a group of it; `None` names none, and never finds anything.
type Group = (Option<usize>, Option<usize>);

struct TextMapper {
    schema: Schema,
    regexes: Vec<Regex>,
    /// Which group fills which attribute; `None` is default mapping.
    found: Option<Vec<(usize, Group)>>,
    /// What stands between events, where a message holds several.
    between: Option<String>,
    field_end: String,
    line_end: String,
    strict: bool,
}

impl SourceMapper for TextMapper {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let Some(text) = text_of(&message.payload) else {
            let kind = message.payload.kind();
            out.fail(MapError::malformed(format!("`text` reads text, and this is {kind}")));
            return;
        };
        let events: Vec<&str> = match &self.between {
            Some(between) => text.split(between.as_str()).collect(),
            None => vec![&*text],
        };
        let several = events.len() > 1;
        for (nth, event) in events.into_iter().enumerate() {
            if several && event.is_empty() {
                continue;
            }
            let event = event.strip_suffix(self.line_end.as_str()).unwrap_or(event);
            let read = match &self.found {
                Some(found) => self.by_regex(found, event),
                None => self.by_name(event),
            };
            match read {
                Ok(mut row) => {
                    out.push(ENTRY_TIME, &mut row);
                    // The original sends them one by one, grouped or not.
                    out.end_chunk();
                }
                Err(reason) => {
                    out.fail(MapError::Unfit { event: several.then_some(nth), reason });
                }
            }
        }
    }

    fn allows_missing_properties(&self) -> bool {
        !self.strict
    }
}

impl TextMapper {
    fn by_name(&self, event: &str) -> Result<Vec<Value>, String> {
        let mut row = vec![Value::Null; self.schema.len()];
        let mut seen = vec![false; self.schema.len()];
        for field in event.split(self.field_end.as_str()) {
            let Some((name, text)) = field.split_once(':') else { continue };
            let (name, text) = (name.trim(), text.trim());
            let place = self.schema.iter().position(|it| it.name == name);
            let Some(place) = place.filter(|place| !seen[*place]) else { continue };
            seen[place] = true;
            row[place] = match self.schema[place].data_type {
                DataType::String => {
                    Value::Str(unquoted(text).ok_or_else(|| {
                        format!("`{name}` is not text in double quotes: `{text}`")
                    })?)
                }
                DataType::Int | DataType::Long | DataType::Float | DataType::Double => {
                    let digits = text.replace(',', "");
                    text_value(&digits, self.schema[place].data_type)
                        .map_err(|cause| format!("`{name}`: {cause}"))?
                }
                DataType::Bool | DataType::Object => text_value(text, self.schema[place].data_type)
                    .map_err(|cause| format!("`{name}`: {cause}"))?,
            };
        }
        match seen.iter().position(|it| !it) {
            Some(missing) if self.strict => {
                Err(format!("there is no `{}:…`", self.schema[missing].name))
            }
            Some(_) | None => Ok(row),
        }
    }

    fn by_regex(&self, found: &[(usize, Group)], event: &str) -> Result<Vec<Value>, String> {
        let mut row = vec![Value::Null; self.schema.len()];
        for (place, (regex, group)) in found {
            let attribute = &self.schema[*place];
            let regex = regex.and_then(|regex| self.regexes.get(regex));
            let captures = regex.and_then(|regex| regex.captures(event).ok().flatten());
            let text = captures
                .as_ref()
                .zip(*group)
                .and_then(|(captures, group)| captures.get(group))
                .map(|it| it.as_str());
            match text {
                Some(text) => {
                    row[*place] = text_value(text, attribute.data_type)
                        .map_err(|cause| format!("`{}`: {cause}", attribute.name))?;
                }
                None if self.strict => {
                    return Err(format!("nothing is found for `{}`", attribute.name));
                }
                None => {}
            }
        }
        Ok(row)
    }
}

/// The text without its first and last character, which should be quotes.
fn unquoted(text: &str) -> Option<Text> {
    let mut chars = text.chars();
    chars.next()?;
    chars.next_back()?;
    Some(Text::from(chars.as_str()))
}
