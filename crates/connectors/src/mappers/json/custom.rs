//! JSON into events by JSONPath.

use weir_event::{DataType, Value};

use crate::annotation::StreamInfo;
use crate::mapper::{AttributeMapping, MapError};
use crate::problem::Problem;
use crate::text_value::text_value;
use weir_json::{Json, Path};

/// Where the events are, and where each attribute is within one.
pub(super) struct Custom {
    enclosing: Path,
    attributes: Vec<(AttributeMapping, DataType, Path)>,
    width: usize,
    strict: bool,
}

impl Custom {
    pub(super) fn new(
        attributes: &[AttributeMapping],
        enclosing: &str,
        stream: &StreamInfo,
        strict: bool,
    ) -> Result<Self, Problem> {
        let path = |text: &str, of: &str| {
            Path::parse(text).map_err(|cause| {
                Problem::new(format!("{of} is not a JSONPath: {cause}"))
                    .hint("write a path such as `$.order.id`")
            })
        };
        let mapped = |it: &AttributeMapping| {
            let attribute = &stream.schema[it.attribute];
            let of = format!("the mapping of `{}`, `{}`,", attribute.name, it.path);
            Ok((it.clone(), attribute.data_type, path(&it.path, &of)?))
        };
        Ok(Self {
            enclosing: path(enclosing, &format!("`enclosing.element`, `{enclosing}`,"))?,
            attributes: attributes.iter().map(mapped).collect::<Result<_, Problem>>()?,
            width: stream.schema.len(),
            strict,
        })
    }

    /// The rows of a message; an error refuses it whole.
    pub(super) fn rows(
        &self,
        message: &Json,
        rows: &mut Vec<Vec<Value>>,
        failures: &mut Vec<MapError>,
    ) -> Result<(), String> {
        let found = self.enclosing.find(message);
        let Some(enclosing) = found.filter(|it| **it != Json::Null) else {
            return Err("the message has no enclosing element".to_owned());
        };
        let Json::List(events) = &*enclosing else {
            match self.row(&enclosing, None)? {
                Ok(row) => rows.push(row),
                Err(failure) => failures.push(failure),
            }
            return Ok(());
        };
        for (nth, event) in events.iter().enumerate() {
            if *event == Json::Null {
                return Err(format!("event {nth} of the message is null"));
            }
            match self.row(event, Some(nth))? {
                Ok(row) => rows.push(row),
                Err(failure) => failures.push(failure),
            }
        }
        Ok(())
    }

    fn row(
        &self,
        event: &Json,
        nth: Option<usize>,
    ) -> Result<Result<Vec<Value>, MapError>, String> {
        let mut row = vec![Value::Null; self.width];
        for (mapping, data_type, path) in &self.attributes {
            let Some(found) = path.find(event) else {
                if self.strict {
                    let reason = format!("nothing is at `{}`", mapping.path);
                    return Ok(Err(MapError::Unfit { event: nth, reason }));
                }
                continue;
            };
            if *found == Json::Null {
                continue;
            }
            // A value of the wrong type refuses the message whole, as in the original.
            row[mapping.attribute] = text_value(&found.bare_text(), *data_type)
                .map_err(|cause| format!("at `{}`: {cause}", mapping.path))?;
        }
        Ok(Ok(row))
    }
}
