//! Events into text: lines of `name:value`, templates, or Mustache.

use weir_event::{Batch, Schema, Text, Value};

use super::mustache::Mustache;
use crate::mapper::{Encoded, Rows, SinkMapper, SinkMapperSpec};
use crate::payload::Payload;
use crate::problem::Problem;
use crate::template::{Content, append};

pub(super) fn build(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    let form = match spec.payload.and_then(<[_]>::first) {
        None => Form::Lines,
        Some(it) if spec.options.flag("mustache.enabled") => {
            Form::Mustache(Mustache::compile(&it.value, spec.stream)?)
        }
        Some(it) => Form::Content(Content::compile(&it.value, spec.stream)?),
    };
    let line_end = spec.options.get("new.line.character").unwrap_or("\n").to_owned();
    let delimiter = spec.options.get("delimiter").unwrap_or_default();
    Ok(Box::new(Sink {
        schema: spec.stream.schema.clone(),
        form,
        between: format!("{line_end}{delimiter}{line_end}"),
        line_end,
        grouped: spec.options.flag("event.grouping.enabled"),
    }))
}

/// How an event is written.
enum Form {
    /// `name:value`, a line each.
    Lines,
    Content(Content),
    Mustache(Mustache),
}

struct Sink {
    schema: Schema,
    form: Form,
    line_end: String,
    /// What stands between the events of one message.
    between: String,
    grouped: bool,
}

impl SinkMapper for Sink {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        let mut text = String::new();
        for (nth, row) in rows.iter().enumerate() {
            if nth > 0 && self.grouped {
                text.push_str(&self.between);
            }
            self.write(batch, row, &mut text);
            if !self.grouped {
                out.push(Payload::Text(Text::from(std::mem::take(&mut text))), nth..nth + 1);
            }
        }
        if self.grouped && rows.count() > 0 {
            out.push(Payload::Text(Text::from(text)), 0..rows.count());
        }
    }
}

impl Sink {
    fn write(&self, batch: &Batch, row: usize, out: &mut String) {
        match &self.form {
            Form::Content(Content::Text(template)) => template.write(batch, row, out),
            Form::Content(Content::Attribute(place)) => {
                append(out, &batch.columns[*place].value(row));
            }
            Form::Mustache(template) => template.write(batch, row, out),
            Form::Lines => {
                for (nth, (attribute, column)) in self.schema.iter().zip(&batch.columns).enumerate()
                {
                    if nth > 0 {
                        out.push(',');
                        out.push_str(&self.line_end);
                    }
                    out.push_str(&attribute.name);
                    out.push(':');
                    let value = column.value(row);
                    if let Value::Str(text) = &value {
                        out.push('"');
                        out.push_str(text);
                        out.push('"');
                    } else {
                        append(out, &value);
                    }
                }
            }
        }
    }
}
