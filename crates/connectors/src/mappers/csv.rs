//! `csv`: events as records, a line each.

use std::sync::atomic::{AtomicBool, Ordering};

use weir_event::{Batch, Schema, Text, Value};

use super::payload::text_of;
use crate::extension::{Build, Extension, Param};
use crate::mapper::{Decoded, Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mapper::{SourceMapper, SourceMapperSpec};
use crate::options::Options;
use crate::payload::{ENTRY_TIME, Message, Payload};
use crate::problem::Problem;
use crate::template::append;
use crate::text_value::text_value;

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "csv",
    about: "Reads events from records, a line each.",
    params: &[
        Param::new("delimiter", "string", "What stands between the fields.").or(","),
        Param::new("event.grouping.enabled", "bool", "Whether a message holds several records.")
            .or("false"),
        Param::new(
            "fail.on.unknown.attribute",
            "bool",
            "Whether a record with a field that \
                    cannot be read is refused rather than given a null.",
        )
        .or("true"),
        Param::new(
            "header.present",
            "bool",
            "Whether the first record is a header, which is \
                    left out.",
        )
        .or("false"),
    ],
    build: Build::SourceMapper(source_mapper),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "csv",
    about: "Writes events as records, a line each.",
    params: &[
        Param::new("delimiter", "string", "What stands between the fields.").or(","),
        Param::new("event.grouping.enabled", "bool", "Whether a chunk's records are one message.")
            .or("false"),
        Param::new("header", "bool", "Whether the names are sent first, once.").or("false"),
    ],
    build: Build::SinkMapper(sink_mapper),
};

/// What stands between fields: as in the original one character, the first of those written; but
/// for `\t`, which means what it says.
fn delimiter(options: &Options) -> Result<String, Problem> {
    match options.get("delimiter").unwrap_or(",") {
        "" => Err(Problem::new("`delimiter` of the `csv` mapper is empty")
            .hint("write `,`, `;` or `\\t`")),
        "\\t" => Ok("\t".to_owned()),
        delimiter => Ok(delimiter.chars().take(1).collect()),
    }
}

fn source_mapper(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    let schema = &spec.stream.schema;
    let fields = match spec.attributes {
        Some(attributes) => attributes
            .iter()
            .map(|it| match it.path.trim().parse() {
                Ok(field) => Ok((it.attribute, field)),
                Err(_) => {
                    let name = &schema[it.attribute].name;
                    Err(Problem::new(format!("`{name}` is mapped to the field `{}`", it.path))
                        .hint("write the number of the field, from 0"))
                }
            })
            .collect::<Result<Vec<(usize, usize)>, Problem>>()?,
        None => (0..schema.len()).map(|nth| (nth, nth)).collect(),
    };
    Ok(Box::new(Source {
        schema: schema.clone(),
        fields,
        delimiter: delimiter(spec.options)?,
        strict: spec.options.flag("fail.on.unknown.attribute"),
        header: AtomicBool::new(spec.options.flag("header.present")),
    }))
}

struct Source {
    schema: Schema,
    /// Which field fills which attribute.
    fields: Vec<(usize, usize)>,
    delimiter: String,
    strict: bool,
    /// Whether the header is still to come.
    header: AtomicBool,
}

impl SourceMapper for Source {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let Some(text) = text_of(&message.payload) else {
            let kind = message.payload.kind();
            out.fail(MapError::malformed(format!("`csv` reads text, and this is {kind}")));
            return;
        };
        let records = match records(&text, &self.delimiter) {
            Ok(records) => records,
            Err(failure) => {
                out.fail(failure);
                return;
            }
        };
        let header = self.header.swap(false, Ordering::AcqRel);
        for (nth, record) in records.iter().enumerate().skip(usize::from(header)) {
            match self.row(record) {
                Ok(mut row) => out.push(ENTRY_TIME, &mut row),
                Err(reason) => out.fail(MapError::Unfit { event: Some(nth), reason }),
            }
        }
    }

    fn allows_missing_properties(&self) -> bool {
        !self.strict
    }

    fn resume(&self) {
        self.header.store(false, Ordering::Release);
    }
}

impl Source {
    fn row(&self, record: &[String]) -> Result<Vec<Value>, String> {
        let mut row = vec![Value::Null; self.schema.len()];
        for (place, field) in &self.fields {
            let attribute = &self.schema[*place];
            let Some(text) = record.get(*field) else {
                let name = &attribute.name;
                return Err(format!("there is no field {field}, which `{name}` is taken from"));
            };
            match text_value(text, attribute.data_type) {
                Ok(value) => row[*place] = value,
                Err(cause) if self.strict => {
                    return Err(format!("field {field}, `{}`: {cause}", attribute.name));
                }
                Err(_) => {}
            }
        }
        Ok(row)
    }
}

/// The records of a text; empty lines are none.
fn records(text: &str, delimiter: &str) -> Result<Vec<Vec<String>>, MapError> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        if record.is_empty()
            && let Some(after) =
                rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r']))
        {
            rest = after;
            line += 1;
            continue;
        }
        let (field, after) = field(rest, delimiter).ok_or_else(|| MapError::Malformed {
            reason: "a field in quotes does not end, or something follows its end".to_owned(),
            at: Some((line, text.len() - rest.len() + 1)),
        })?;
        line += field.matches('\n').count();
        record.push(field);
        rest = after;
        if let Some(after) = rest.strip_prefix(delimiter) {
            rest = after;
            if rest.is_empty() {
                record.push(String::new());
            } else {
                continue;
            }
        }
        records.push(std::mem::take(&mut record));
        if let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])) {
            rest = after;
            line += 1;
        }
    }
    Ok(records)
}

/// One field and what follows it: a delimiter, the end of the line, or nothing.
fn field<'a>(text: &'a str, delimiter: &str) -> Option<(String, &'a str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(['\n', '\r']).unwrap_or(text.len());
        let end = text.find(delimiter).unwrap_or(end).min(end);
        let (field, rest) = text.split_at(end);
        return Some((field.to_owned(), rest));
    };
    let mut field = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => {
                let ended = after.is_empty() || after.starts_with(['\n', '\r']);
                return (ended || after.starts_with(delimiter)).then_some((field, after));
            }
        }
    }
}

fn sink_mapper(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    let schema = &spec.stream.schema;
    let mut columns: Vec<(usize, usize)> = Vec::new();
    for element in spec.payload.unwrap_or_default() {
        let place = element.key.as_deref().and_then(|it| spec.stream.attribute(it));
        let (Some(place), Ok(column)) = (place, element.value.trim().parse()) else {
            let hint = "write `@payload(attribute='0', other='1')`: the column of each attribute";
            return Err(Problem::new(format!(
                "`@payload` of the `csv` mapper holds `{}`",
                element.value
            ))
            .hint(hint));
        };
        columns.push((column, place));
    }
    columns.sort_unstable();
    let columns = match spec.payload {
        Some(_) => columns.into_iter().map(|(_, place)| place).collect(),
        None => (0..schema.len()).collect(),
    };
    Ok(Box::new(Sink {
        schema: schema.clone(),
        columns,
        delimiter: delimiter(spec.options)?,
        grouped: spec.options.flag("event.grouping.enabled"),
        header: AtomicBool::new(spec.options.flag("header")),
    }))
}

struct Sink {
    schema: Schema,
    /// The attribute of each column.
    columns: Vec<usize>,
    delimiter: String,
    grouped: bool,
    /// Whether the header is still to be sent.
    header: AtomicBool,
}

impl SinkMapper for Sink {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        if rows.count() > 0 && self.header.swap(false, Ordering::AcqRel) {
            let names = self.columns.iter().map(|place| self.schema[*place].name.as_str());
            let mut text = names.collect::<Vec<_>>().join(&self.delimiter);
            text.push('\n');
            out.push(Payload::Text(Text::from(text)), 0..0);
        }
        let mut text = String::new();
        for (nth, row) in rows.iter().enumerate() {
            self.write(batch, row, &mut text);
            if !self.grouped {
                out.push(Payload::Text(Text::from(std::mem::take(&mut text))), nth..nth + 1);
            }
        }
        if !text.is_empty() {
            out.push(Payload::Text(Text::from(text)), 0..rows.count());
        }
    }

    fn resume(&self) {
        self.header.store(false, Ordering::Release);
    }
}

impl Sink {
    fn write(&self, batch: &Batch, row: usize, out: &mut String) {
        let mut field = String::new();
        for (nth, place) in self.columns.iter().enumerate() {
            if nth > 0 {
                out.push_str(&self.delimiter);
            }
            field.clear();
            append(&mut field, &batch.columns[*place].value(row));
            if self.needs_quotes(&field, nth == 0) {
                out.push('"');
                out.push_str(&field.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(&field);
            }
        }
        out.push('\n');
    }

    /// As the original's library decides: the first field of a record is quoted more readily.
    fn needs_quotes(&self, field: &str, first: bool) -> bool {
        let Some(start) = field.chars().next() else { return first };
        (first && !start.is_ascii_alphanumeric())
            || start <= '#'
            || field.ends_with(|c| c <= ' ')
            || field.contains(['\n', '\r', '"'])
            || field.contains(&self.delimiter)
    }
}
