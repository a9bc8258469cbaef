//! Events into JSON.

use weir_event::{Batch, Object, Schema, Text, Value};
use weir_json::{Dialect, Reader, quote};

use crate::mapper::{Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mappers::payload::one_template;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::template::{Template, append};

pub(super) fn build(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    let enclosing = spec.options.written("enclosing.element").unwrap_or("$");
    let names = enclosing.split('.').filter(|it| !it.is_empty() && *it != "$");
    let (mut before, mut after) = (String::new(), String::new());
    for name in names {
        before.push_str("{\"");
        before.push_str(name);
        before.push_str("\":");
        after.push('}');
    }
    Ok(Box::new(JsonMapper {
        schema: spec.stream.schema.clone(),
        template: one_template(spec, "json")?,
        before,
        after,
        grouped: spec.options.flag("event.grouping.enabled"),
        validated: spec.options.flag("validate.json"),
        null: if spec.options.flag("enable.null.attribute.value") {
            "null"
        } else {
            "\"undefined\""
        },
    }))
}

struct JsonMapper {
    schema: Schema,
    template: Option<Template>,
    /// What opens the enclosing objects, and what closes them.
    before: String,
    after: String,
    grouped: bool,
    validated: bool,
    /// What stands for a null, as JSON.
    null: &'static str,
}

impl SinkMapper for JsonMapper {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        match rows {
            Rows::Many(_) if self.grouped => {
                let mut text = self.before.clone();
                text.push('[');
                for (nth, row) in rows.iter().enumerate() {
                    if nth > 0 {
                        text.push_str(if self.template.is_some() { ",\n" } else { "," });
                    }
                    self.write_event(batch, row, &mut text);
                }
                text.push(']');
                text.push_str(&self.after);
                self.send(text, 0..rows.count(), out);
            }
            Rows::One(_) | Rows::Many(_) => {
                for (nth, row) in rows.iter().enumerate() {
                    let mut text = self.before.clone();
                    self.write_event(batch, row, &mut text);
                    text.push_str(&self.after);
                    self.send(text, nth..nth + 1, out);
                }
            }
        }
    }
}

impl JsonMapper {
    fn send(&self, text: String, rows: std::ops::Range<usize>, out: &mut Encoded) {
        if self.validated {
            let mut reader = Reader::new(&text, Dialect::Lenient);
            if reader.skip().and_then(|()| reader.finish()).is_err() {
                let reason = format!("the message is not JSON, it is not sent: {text}");
                out.failures.push(MapError::malformed(reason));
                return;
            }
        }
        out.push(Payload::Text(Text::from(text)), rows);
    }

    fn write_event(&self, batch: &Batch, row: usize, out: &mut String) {
        if let Some(template) = &self.template {
            template.write_with(out, |place, out| {
                let value = batch.columns[place].value(row);
                if value.is_null() {
                    out.push_str(self.null.trim_matches('"'));
                } else {
                    append(out, &value);
                }
            });
            return;
        }
        out.push_str("{\"event\":{");
        let mut first = true;
        for (attribute, column) in self.schema.iter().zip(&batch.columns) {
            let value = column.value(row);
            if let Value::Object(object) = &value
                && !matches!(&**object, Object::Map(entries) if !entries.is_empty())
            {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            quote(&attribute.name, out);
            out.push(':');
            self.write_value(&value, out);
        }
        out.push_str("}}");
    }

    fn write_value(&self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str(self.null),
            Value::Str(text) => quote(text, out),
            Value::Object(object) => write_object(object, out),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_) => append(out, value),
        }
    }
}

/// Writes what an object holds as JSON; what JSON has no form for becomes text.
fn write_object(object: &Object, out: &mut String) {
    match object {
        Object::Map(entries) => {
            out.push('{');
            // A null within a map is left out, as Gson does.
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            for (nth, (key, value)) in entries.enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                quote(&key.to_string(), out);
                out.push(':');
                write_nested(value, out);
            }
            out.push('}');
        }
        Object::List(items) | Object::Set(items) => {
            out.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                write_nested(item, out);
            }
            out.push(']');
        }
        Object::Json(text) => out.push_str(text),
        Object::Bytes(_) | Object::Error { .. } | Object::Event { .. } => {
            quote(&object.to_string(), out);
        }
    }
}

fn write_nested(value: &Value, out: &mut String) {
    match value {
        Value::Str(text) => quote(text, out),
        Value::Object(object) => write_object(object, out),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_) => append(out, value),
    }
}
