//! `keyvalue`: events as named values.

use weir_event::{Batch, DataType, Object, Schema, Text, Value};

use crate::extension::{Build, Extension, Param};
use crate::mapper::{Decoded, Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mapper::{SourceMapper, SourceMapperSpec};
use crate::payload::{ENTRY_TIME, Message, Payload};
use crate::problem::Problem;
use crate::template::Content;
use crate::text_value::text_value;

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "keyvalue",
    about: "Reads an event from named values.",
    params: &[
        Param::new(
            "fail.on.missing.attribute",
            "bool",
            "Whether an event that lacks an attribute is refused rather than given a null.",
        )
        .or("true"),
        Param::new(
            "implicit.cast.enable",
            "bool",
            "Whether a value of another type is read \
                    from its text.",
        )
        .or("false"),
    ],
    build: Build::SourceMapper(source_mapper),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "keyvalue",
    about: "Writes each event as named values.",
    params: &[],
    build: Build::SinkMapper(sink_mapper),
};

fn source_mapper(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    let schema = &spec.stream.schema;
    let keys = match spec.attributes {
        Some(attributes) => attributes.iter().map(|it| (it.attribute, it.path.clone())).collect(),
        None => schema.iter().enumerate().map(|(nth, it)| (nth, it.name.clone())).collect(),
    };
    Ok(Box::new(Source {
        schema: schema.clone(),
        keys,
        strict: spec.options.flag("fail.on.missing.attribute"),
        casts: spec.options.flag("implicit.cast.enable"),
    }))
}

struct Source {
    schema: Schema,
    /// Which key fills which attribute.
    keys: Vec<(usize, String)>,
    strict: bool,
    casts: bool,
}

impl SourceMapper for Source {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let row = match &message.payload {
            Payload::Map(entries) => {
                self.row(|key| entries.iter().find(|(known, _)| known == key).map(|(_, it)| it))
            }
            Payload::Value(Value::Object(object)) if matches!(&**object, Object::Map(_)) => {
                let Object::Map(entries) = &**object else { return };
                let named = |key: &str| {
                    let same = |(known, _): &&(Value, Value)| {
                        known.as_text().is_some_and(|known| known == key)
                    };
                    entries.iter().find(same).map(|(_, value)| value)
                };
                self.row(named)
            }
            Payload::Text(_)
            | Payload::Bytes(_)
            | Payload::Event(_)
            | Payload::Events(_)
            | Payload::Value(_) => {
                let kind = message.payload.kind();
                let reason = format!("`keyvalue` reads named values, and this is {kind}");
                out.fail(MapError::malformed(reason));
                return;
            }
        };
        match row {
            Ok(mut row) => out.push(ENTRY_TIME, &mut row),
            Err(reason) => out.fail(MapError::unfit(reason)),
        }
    }

    fn allows_missing_properties(&self) -> bool {
        !self.strict
    }
}

impl Source {
    fn row<'a>(&self, named: impl Fn(&str) -> Option<&'a Value>) -> Result<Vec<Value>, String> {
        let mut row = vec![Value::Null; self.schema.len()];
        for (place, key) in &self.keys {
            match named(key).filter(|it| !it.is_null()) {
                Some(value) => row[*place] = self.fitted(value, *place, key)?,
                None if self.strict => return Err(format!("there is no value for `{key}`")),
                None => {}
            }
        }
        Ok(row)
    }

    fn fitted(&self, value: &Value, place: usize, key: &str) -> Result<Value, String> {
        let wanted = self.schema[place].data_type;
        if wanted == DataType::Object || value.data_type() == Some(wanted) {
            return Ok(value.clone());
        }
        let big = matches!(value, Value::Object(it) if matches!(&**it, Object::Json(_)));
        if self.casts || big {
            return text_value(&value.to_string(), wanted)
                .map_err(|cause| format!("`{key}`: {cause}"));
        }
        Err(format!("`{key}` is not of type `{wanted}`; `implicit.cast.enable` would convert it"))
    }
}

fn sink_mapper(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    let entries = match spec.payload {
        Some(payload) => payload
            .iter()
            .map(|it| {
                let content = Content::compile(&it.value, spec.stream)?;
                Ok((it.key.as_deref().map(Text::from), content))
            })
            .collect::<Result<_, Problem>>()?,
        None => {
            let names = spec.stream.schema.iter().enumerate();
            names.map(|(nth, it)| (Some(Text::from(&*it.name)), Content::Attribute(nth))).collect()
        }
    };
    Ok(Box::new(Sink { entries }))
}

struct Sink {
    /// What each key is given; a bare element of `@payload` has no key.
    entries: Vec<(Option<Text>, Content)>,
}

impl SinkMapper for Sink {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        for (nth, row) in rows.iter().enumerate() {
            let entries = self.entries.iter().map(|(key, content)| {
                let value = match content {
                    Content::Text(template) => Value::Str(template.text(batch, row)),
                    Content::Attribute(place) => batch.columns[*place].value(row),
                };
                (key.clone(), value)
            });
            let payload = if self.entries.iter().all(|(key, _)| key.is_some()) {
                Payload::Map(entries.map(|(key, it)| (key.unwrap_or_default(), it)).collect())
            } else {
                let entries = entries.map(|(key, it)| (key.map_or(Value::Null, Value::Str), it));
                Payload::Value(Value::object(Object::Map(entries.collect())))
            };
            out.push(payload, nth..nth + 1);
        }
    }
}
