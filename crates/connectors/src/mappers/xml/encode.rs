//! Events into XML.

use roxmltree::Document;
use weir_event::{Batch, Schema, Text};

use crate::mapper::{Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mappers::payload::one_template;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::template::{Template, append};

pub(super) fn build(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    let template = one_template(spec, "xml")?;
    let start = match spec.options.written("enclosing.element") {
        Some(tag) => tag.trim().to_owned(),
        None if template.is_some() => String::new(),
        None => "<events>".to_owned(),
    };
    let name = start.trim_matches(['<', '>']).split_whitespace().next().unwrap_or("");
    let end = if name.is_empty() { String::new() } else { format!("</{name}>") };
    Ok(Box::new(XmlMapper {
        schema: spec.stream.schema.clone(),
        validated: template.is_some() && spec.options.flag("validate.xml"),
        template,
        start,
        end,
    }))
}

struct XmlMapper {
    schema: Schema,
    template: Option<Template>,
    /// The tags around the events of a message.
    start: String,
    end: String,
    validated: bool,
}

impl SinkMapper for XmlMapper {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        let mut text = self.start.clone();
        for row in rows.iter() {
            self.write(batch, row, &mut text);
        }
        text.push_str(&self.end);
        if self.validated
            && let Err(cause) = Document::parse(&text)
        {
            let reason = format!("the message is not XML ({cause}), it is not sent: {text}");
            out.failures.push(MapError::malformed(reason));
            return;
        }
        out.push(Payload::Text(Text::from(text)), 0..rows.count());
    }
}

impl XmlMapper {
    /// Values are not escaped, as in the original: they may hold elements of their own.
    fn write(&self, batch: &Batch, row: usize, out: &mut String) {
        if let Some(template) = &self.template {
            template.write(batch, row, out);
            return;
        }
        out.push_str("<event>");
        for (attribute, column) in self.schema.iter().zip(&batch.columns) {
            let name = &attribute.name;
            let value = column.value(row);
            out.push('<');
            out.push_str(name);
            if value.is_null() {
                out.push_str(" xsi:nil=\"true\"/>");
                continue;
            }
            out.push('>');
            append(out, &value);
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        }
        out.push_str("</event>");
    }
}
