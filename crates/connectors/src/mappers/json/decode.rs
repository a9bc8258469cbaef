//! JSON into events: by name straight into rows, or by path.

use std::borrow::Cow;

use weir_event::{DataType, Schema, Text, Value};
use weir_json::{
    Dialect, Json, Next, Reader, SyntaxError, is_decimal, line_and_column, whole_value,
};

use super::custom::Custom;
use crate::mapper::{Decoded, MapError, SourceMapper, SourceMapperSpec};
use crate::mappers::payload::text_of;
use crate::payload::{ENTRY_TIME, Message};
use crate::problem::Problem;
use crate::text_value::text_value;

/// The name that may stand around each event.
const EVENT: &str = "event";

pub(super) fn build(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    let strict = spec.options.flag("fail.on.missing.attribute");
    let custom = match spec.attributes {
        Some(attributes) => {
            let enclosing = spec.options.get("enclosing.element").unwrap_or("$");
            Some(Custom::new(attributes, enclosing, spec.stream, strict)?)
        }
        None => None,
    };
    Ok(Box::new(JsonMapper {
        schema: spec.stream.schema.clone(),
        custom,
        strict,
        grouped: spec.options.flag("event.grouping.enabled"),
    }))
}

struct JsonMapper {
    schema: Schema,
    custom: Option<Custom>,
    /// Whether a missing attribute refuses the event.
    strict: bool,
    /// Whether the events of one message are one chunk.
    grouped: bool,
}

/// Why an event, or the whole message, was left out.
enum Stop {
    /// The text is not JSON.
    Syntax(SyntaxError),
    /// It is JSON, and not what the stream asks for.
    Unfit(String),
}

impl From<SyntaxError> for Stop {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl SourceMapper for JsonMapper {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let Some(text) = text_of(&message.payload) else {
            out.fail(MapError::malformed(format!(
                "`json` reads text, and this is {}",
                message.payload.kind()
            )));
            return;
        };
        let read = match &self.custom {
            Some(custom) => self.decode_by_path(custom, &text, out),
            None => self.decode_by_name(&text, out),
        };
        match read {
            Ok(()) => {}
            Err(Stop::Syntax(error)) => out.fail(syntax_failure(&text, &error)),
            Err(Stop::Unfit(reason)) => out.fail(MapError::unfit(reason)),
        }
        out.end_chunk();
    }

    fn allows_missing_properties(&self) -> bool {
        !self.strict
    }
}

fn syntax_failure(text: &str, error: &SyntaxError) -> MapError {
    let found = match text.get(error.at..).and_then(|rest| rest.chars().next()) {
        Some(c) => format!("found `{}`", c.escape_debug()),
        None => "the message ends".to_owned(),
    };
    MapError::Malformed {
        reason: format!("not JSON: expected {}, {found}", error.expected),
        at: Some(line_and_column(text, error.at)),
    }
}

impl JsonMapper {
    fn decode_by_path(&self, custom: &Custom, text: &str, out: &mut Decoded) -> Result<(), Stop> {
        let mut reader = Reader::new(text, Dialect::Lenient);
        let tree = Json::read(&mut reader)?;
        reader.finish()?;
        let mut rows = Vec::new();
        let mut failures = Vec::new();
        custom.rows(&tree, &mut rows, &mut failures).map_err(Stop::Unfit)?;
        for mut row in rows {
            self.push(&mut row, out);
        }
        failures.into_iter().for_each(|it| out.fail(it));
        Ok(())
    }

    fn push(&self, row: &mut Vec<Value>, out: &mut Decoded) {
        out.push(ENTRY_TIME, row);
        if !self.grouped {
            out.end_chunk();
        }
    }

    fn decode_by_name(&self, text: &str, out: &mut Decoded) -> Result<(), Stop> {
        let mut reader = Reader::new(text, Dialect::Lenient);
        match reader.peek()? {
            Next::List => self.decode_list(text, out),
            Next::Object => {
                let mut row = vec![Value::Null; self.schema.len()];
                self.object_row(Reader::new(text, Dialect::Strict), &mut row)?;
                self.push(&mut row, out);
                Ok(())
            }
            Next::Text | Next::Number | Next::Bool | Next::Null | Next::Word => {
                reader.skip()?;
                reader.finish()?;
                Err(Stop::Unfit("the message is neither an object nor a list of them".into()))
            }
        }
    }

    /// Reads a message that is one event, `{"event":{…}}` or `{…}`.
    fn object_row(&self, mut reader: Reader<'_>, row: &mut [Value]) -> Result<(), Stop> {
        let mut first = true;
        reader.open_object()?;
        let mut next = reader.name(&mut first)?;
        let wrapped = next.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(EVENT));
        if wrapped {
            first = true;
            reader.open_object()?;
            next = reader.name(&mut first)?;
        }
        let mut seen = 0;
        while let Some(name) = next {
            let Some(place) = self.schema.iter().position(|it| it.name == *name) else {
                reader.skip()?;
                return Err(Stop::Unfit(format!("the stream has no attribute `{name}`")));
            };
            row[place] = self.typed(&mut reader, place)?;
            seen += 1;
            next = reader.name(&mut first)?;
        }
        if wrapped {
            let mut first = false;
            if let Some(name) = reader.name(&mut first)? {
                return Err(Stop::Unfit(format!("`{name}` stands beside `event`")));
            }
        }
        reader.finish()?;
        if self.strict && seen != self.schema.len() {
            return Err(Stop::Unfit(format!(
                "the event has {seen} of the stream's {} attributes",
                self.schema.len()
            )));
        }
        Ok(())
    }

    /// Reads the value of an attribute, whose JSON type must fit.
    fn typed(&self, reader: &mut Reader<'_>, place: usize) -> Result<Value, Stop> {
        let data_type = self.schema[place].data_type;
        let next = reader.peek()?;
        let value = match (data_type, next) {
            (_, Next::Null) => {
                reader.null()?;
                return Ok(Value::Null);
            }
            (DataType::Bool | DataType::String | DataType::Object, Next::Bool) => {
                let truth = reader.truth()?;
                Some(if data_type == DataType::String {
                    Value::text(if truth { "true" } else { "false" })
                } else {
                    Value::Bool(truth)
                })
            }
            (_, Next::Number) => number_value(reader.number()?, data_type),
            (DataType::String | DataType::Object, Next::Text) => {
                Some(Value::Str(Text::from(&*reader.text()?)))
            }
            (DataType::String, Next::Object | Next::List) => {
                Some(Value::Str(Json::read(reader)?.bare_text()))
            }
            (DataType::Object, Next::Object | Next::List) => Some(Json::read(reader)?.into_value()),
            (
                DataType::Bool
                | DataType::Int
                | DataType::Long
                | DataType::Float
                | DataType::Double
                | DataType::String
                | DataType::Object,
                Next::Object | Next::List | Next::Text | Next::Bool | Next::Word,
            ) => {
                reader.skip()?;
                None
            }
        };
        value.ok_or_else(|| {
            let hint = match (data_type, next) {
                (DataType::Double, Next::Number) => "a number with a fraction, such as `5.0`",
                (DataType::Double | DataType::Float, _) => "a number",
                (DataType::Int | DataType::Long, _) => "a whole number in its range",
                (DataType::Bool, _) => "`true` or `false`",
                (DataType::String | DataType::Object, _) => "a smaller number",
            };
            let name = &self.schema[place].name;
            Stop::Unfit(format!("`{name}` is of type `{data_type}` and takes {hint}"))
        })
    }

    /// Reads a list of events; nothing of it stands unless all of it is JSON.
    fn decode_list(&self, text: &str, out: &mut Decoded) -> Result<(), Stop> {
        let mut rows = Vec::new();
        let mut failures = Vec::new();
        let mut reader = Reader::new(text, Dialect::Lenient);
        let mut first = true;
        let mut event = 0;
        reader.open_list()?;
        while reader.element(&mut first)? {
            match self.element_row(&mut reader, event)? {
                Ok(row) => rows.push(row),
                Err(reason) => failures.push(MapError::Unfit { event: Some(event), reason }),
            }
            event += 1;
        }
        reader.finish()?;
        for mut row in rows {
            self.push(&mut row, out);
        }
        failures.into_iter().for_each(|it| out.fail(it));
        Ok(())
    }

    /// One event of a list, or why it alone is left out.
    fn element_row(
        &self,
        reader: &mut Reader<'_>,
        event: usize,
    ) -> Result<Result<Vec<Value>, String>, Stop> {
        if reader.peek()? != Next::Object {
            return Err(Stop::Unfit(format!("event {event} of the list is not an object")));
        }
        let mut row = vec![Value::Null; self.schema.len()];
        let mut first = true;
        let mut seen = 0;
        let mut wrapped = false;
        reader.open_object()?;
        while let Some(name) = reader.name(&mut first)? {
            if name == EVENT && !self.schema.iter().any(|it| it.name == EVENT) {
                // What stands beside `event` does not count.
                row.fill(Value::Null);
                seen = self.fields(reader, &mut row, event)?;
                wrapped = true;
            } else if wrapped {
                reader.skip()?;
            } else {
                seen += 1;
                self.field(reader, &name, &mut row, event)?;
            }
        }
        // Without the wrapper the number is checked even when the mapper is not strict.
        if seen < self.schema.len() && (self.strict || !wrapped) {
            return Ok(Err(format!(
                "it has {seen} of the stream's {} attributes",
                self.schema.len()
            )));
        }
        Ok(Ok(row))
    }

    fn fields(
        &self,
        reader: &mut Reader<'_>,
        row: &mut [Value],
        event: usize,
    ) -> Result<usize, Stop> {
        if reader.peek()? != Next::Object {
            return Err(Stop::Unfit(format!("`event` of event {event} is not an object")));
        }
        let mut first = true;
        let mut seen = 0;
        reader.open_object()?;
        while let Some(name) = reader.name(&mut first)? {
            seen += 1;
            self.field(reader, &name, row, event)?;
        }
        Ok(seen)
    }

    /// Reads one field of an event in a list, whose text is read as the attribute's type.
    fn field(
        &self,
        reader: &mut Reader<'_>,
        name: &str,
        row: &mut [Value],
        event: usize,
    ) -> Result<(), Stop> {
        let Some(place) = self.schema.iter().position(|it| it.name == name) else {
            return Ok(reader.skip()?);
        };
        let text = scalar_text(reader, name, event)?;
        let read = text_value(&text, self.schema[place].data_type);
        row[place] =
            read.map_err(|cause| Stop::Unfit(format!("`{name}` of event {event}: {cause}")))?;
        Ok(())
    }
}

/// The text of a scalar, or of the one scalar in a list.
fn scalar_text<'a>(
    reader: &mut Reader<'a>,
    name: &str,
    event: usize,
) -> Result<Cow<'a, str>, Stop> {
    let refuse = |what: &str| Stop::Unfit(format!("`{name}` of event {event} is {what}"));
    match reader.peek()? {
        Next::Text | Next::Word => Ok(reader.text()?),
        Next::Number => Ok(Cow::Borrowed(reader.number()?)),
        Next::Bool => Ok(Cow::Borrowed(if reader.truth()? { "true" } else { "false" })),
        Next::Null => Err(refuse("null, which a list of events cannot hold")),
        Next::Object => Err(refuse("an object, which a list of events cannot hold")),
        Next::List => {
            let mut first = true;
            reader.open_list()?;
            if !reader.element(&mut first)? {
                return Err(refuse("an empty list"));
            }
            let text = scalar_text(reader, name, event)?;
            if reader.element(&mut first)? {
                return Err(refuse("a list"));
            }
            Ok(text)
        }
    }
}

/// A number as a value of the type; `None` where its form or size does not fit.
fn number_value(digits: &str, data_type: DataType) -> Option<Value> {
    match data_type {
        DataType::Int => digits.parse().ok().map(Value::Int),
        DataType::Long => digits.parse().ok().map(Value::Long),
        DataType::Float => digits.parse().ok().map(Value::Float),
        DataType::Double if is_decimal(digits) => digits.parse().ok().map(Value::Double),
        DataType::Double | DataType::Bool => None,
        DataType::String => Some(Value::text(digits)),
        DataType::Object if is_decimal(digits) => digits.parse().ok().map(Value::Float),
        DataType::Object => match whole_value(digits) {
            Value::Int(int) => Some(Value::Int(int)),
            Value::Null
            | Value::Bool(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Object(_) => None,
        },
    }
}
