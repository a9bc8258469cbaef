//! One `@source` of an app, checked and put together: the transport, its mapper, their mapping.

use std::sync::Arc;

use weir_event::{Batch, Schema, Value};

use crate::annotation::{Annotation, StreamInfo};
use crate::builtin::find;
use crate::extension::Build;
use crate::mapper::{AttributeMapping, Decoded, MapError, SourceMapper, SourceMapperSpec};
use crate::options::Options;
use crate::payload::Message;
use crate::problem::Problem;
use crate::sink::OnError;
use crate::site::Site;
use crate::source::{Source, SourceSpec};
use crate::text_value::text_value;

/// A source that is ready to be run.
pub struct Inlet {
    /// The word the user wrote as its `type`.
    pub name: &'static str,
    /// The transport.
    pub source: Box<dyn Source>,
    /// What turns its messages into events.
    pub decoder: Arc<Decoder>,
    /// What becomes of messages that cannot be read.
    pub on_error: OnError,
    /// Its options, for hosts that play a transport themselves.
    pub options: Options,
    /// Sentences for the author of the app.
    pub warnings: Vec<String>,
}

impl Inlet {
    /// Checks an `@source` annotation and makes what it asks for; opens nothing yet.
    ///
    /// # Errors
    ///
    /// Something in it is wrong, unknown, or missing.
    pub fn new(annotation: &Annotation, stream: &StreamInfo, site: &Site) -> Result<Self, Problem> {
        let (extension, name) = wanted(annotation, "source", None)?;
        let Build::Source(build) = extension.build else {
            return Err(Problem::new(format!("`{name}` is not a source")));
        };
        let map = annotation.nested("map").cloned().unwrap_or_else(|| Annotation::new("map", &[]));
        let (map_extension, map_name) = wanted(&map, "source mapper", Some("passThrough"))?;
        let Build::SourceMapper(build_mapper) = map_extension.build else {
            return Err(Problem::new(format!("`{map_name}` is not a source mapper")));
        };
        let checked = Options::check(annotation, extension, stream)?;
        let map_checked = Options::check(&map, map_extension, stream)?;
        let mapping = Mapping::read(&map, stream)?;
        let mapper = build_mapper(&SourceMapperSpec {
            options: &map_checked.fixed,
            stream,
            attributes: mapping.payload.as_deref(),
            source: name,
        })?;
        let properties: Vec<String> = mapping.transport.iter().map(|it| it.path.clone()).collect();
        let source = build(&SourceSpec {
            options: &checked.fixed,
            stream,
            properties: &properties,
            mapper: map_name,
            site,
        })?;
        let decoder = Decoder {
            schema: Arc::clone(&stream.schema),
            mapper,
            transport: mapping.transport.iter().map(|it| it.attribute).collect(),
        };
        let mut warnings = checked.warnings;
        warnings.extend(map_checked.warnings);
        Ok(Self {
            name,
            source,
            decoder: Arc::new(decoder),
            on_error: OnError::parse(annotation.value("on.error").unwrap_or("LOG"))?,
            options: checked.fixed,
            warnings,
        })
    }
}

/// The extension that an annotation's `type` names.
pub(crate) fn wanted(
    annotation: &Annotation,
    kind: &str,
    default: Option<&str>,
) -> Result<(&'static crate::Extension, &'static str), Problem> {
    let Some(name) = annotation.value("type").or(default) else {
        return Err(Problem::new(format!("`@{}` does not say its type", annotation.name))
            .hint(format!("write `@{}(type='…', …)`", annotation.name)));
    };
    match find(kind, name) {
        Some(extension) => Ok((extension, extension.name)),
        None => Err(Problem::new(format!("there is no {kind} called `{name}`"))
            .hint(format!("this build has {}", crate::builtin::names(kind).join(", ")))),
    }
}

/// Which part of a message fills which attribute.
struct Mapping {
    payload: Option<Vec<AttributeMapping>>,
    transport: Vec<AttributeMapping>,
}

impl Mapping {
    fn read(map: &Annotation, stream: &StreamInfo) -> Result<Self, Problem> {
        let Some(attributes) = map.nested("attributes").filter(|it| !it.elements.is_empty()) else {
            return Ok(Self { payload: None, transport: Vec::new() });
        };
        let keyed = attributes.elements.iter().filter(|it| it.key.is_some()).count();
        if keyed != 0 && keyed != attributes.elements.len() {
            return Err(Problem::new("`@attributes` names some of its attributes and not others")
                .hint("write all as `name='…'`, or none"));
        }
        let wanted = stream.schema.len();
        if keyed == 0 && attributes.elements.len() != wanted {
            return Err(Problem::new(format!(
                "`@attributes` holds {} mappings, `{}` has {wanted} attributes",
                attributes.elements.len(),
                stream.stream
            ))
            .hint("give one for each attribute, in order, or name them"));
        }
        let mut mapping = Self { payload: None, transport: Vec::new() };
        for (place, attribute) in stream.schema.iter().enumerate() {
            let path = if keyed == 0 {
                attributes.elements.get(place).map(|it| it.value.as_str())
            } else {
                attributes.value(&attribute.name)
            };
            let Some(path) = path else {
                return Err(Problem::new(format!(
                    "`@attributes` does not map `{}` of `{}`",
                    attribute.name, stream.stream
                ))
                .hint(format!("add `{}='…'`", attribute.name)));
            };
            mapping.add(place, path);
        }
        Ok(mapping)
    }

    fn add(&mut self, attribute: usize, path: &str) {
        let trimmed = path.trim();
        match trimmed.split_at_checked(4) {
            Some((start, name)) if start.eq_ignore_ascii_case("trp:") => {
                self.transport.push(AttributeMapping { attribute, path: name.to_owned() });
            }
            Some(_) | None => self
                .payload
                .get_or_insert_default()
                .push(AttributeMapping { attribute, path: path.to_owned() }),
        }
    }
}

/// Turns the messages of one source into events of its stream.
pub struct Decoder {
    schema: Schema,
    mapper: Box<dyn SourceMapper>,
    /// The attributes that transport properties fill, in the order they are asked for.
    transport: Vec<usize>,
}

impl Decoder {
    /// The events of a message, the row after each chunk's last, and what could not be read.
    #[must_use]
    pub fn decode(&self, message: &Message) -> (Batch, Vec<u32>, Vec<MapError>) {
        let mut out = self.begin();
        self.decode_into(message, &mut out);
        out.finish()
    }

    /// Room for the events of several messages.
    #[must_use]
    pub fn begin(&self) -> Decoded {
        Decoded::new(&self.schema)
    }

    /// Adds the events of a message, as chunks of their own; false if some could not be read.
    pub fn decode_into(&self, message: &Message, out: &mut Decoded) -> bool {
        out.start_message(self.properties(message));
        self.mapper.decode(message, out);
        out.end_chunk();
        !out.has_failures()
    }

    /// The source resumes after something that was read before.
    pub fn resume(&self) {
        self.mapper.resume();
    }

    fn properties(&self, message: &Message) -> Vec<(usize, Option<Value>)> {
        let value = |(nth, place): (usize, &usize)| {
            let given = message.properties.get(nth).cloned().flatten();
            let converted = given
                .filter(|it| !it.is_null())
                .and_then(|it| text_value(&it.to_string(), self.schema[*place].data_type).ok());
            let missing = self.mapper.allows_missing_properties().then_some(Value::Null);
            (*place, converted.or(missing))
        };
        self.transport.iter().enumerate().map(value).collect()
    }
}
