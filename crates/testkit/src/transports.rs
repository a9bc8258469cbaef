//! The `inMemory` transports of a scenario's apps, played without threads.

use serde_json::{Value as Json, json};
use weir_connectors::{
    Annotation, Element, Event, Inlet, Message, Numbered, Outlet, Payload, Site, StreamInfo,
};
use weir_engine::{App, Emitted};
use weir_event::{Batch, Epoch, Object, Value};

use crate::json::{read, write};

/// A message on a topic.
pub(crate) struct Published {
    pub topic: String,
    payload: Payload,
}

/// The sources and sinks of one app, in the order of the text.
#[derive(Default)]
pub(crate) struct Transports {
    sources: Vec<(String, Inlet)>,
    sinks: Vec<(String, Outlet)>,
}

impl Transports {
    /// Checks and makes all sources and sinks of an app; opens none.
    pub(crate) fn of(app: &App) -> Result<Self, String> {
        let site = Site::default();
        let mut transports = Self::default();
        for stream in app.streams() {
            for (at, annotation) in stream.annotations.iter().enumerate() {
                let is = |name: &str| annotation.name.eq_ignore_ascii_case(name);
                if !is("source") && !is("sink") {
                    continue;
                }
                let info = StreamInfo {
                    app: app.name().into(),
                    stream: stream.name.as_str().into(),
                    element: format!("{}-{at}", stream.name).into(),
                    schema: stream.schema.clone(),
                };
                let written = written(annotation);
                if is("source") {
                    let inlet = Inlet::new(&written, &info, &site).map_err(|it| it.to_string())?;
                    transports.sources.push((stream.name.clone(), inlet));
                } else {
                    let outlet =
                        Outlet::new(&written, &info, &site).map_err(|it| it.to_string())?;
                    transports.sinks.push((stream.name.clone(), outlet));
                }
            }
        }
        Ok(transports)
    }

    /// The stream of each sink.
    pub(crate) fn sink_streams(&self) -> impl Iterator<Item = &str> {
        self.sinks.iter().map(|(stream, _)| stream.as_str())
    }

    /// The messages a sink makes of one chunk.
    pub(crate) fn encode(
        &self,
        sink: usize,
        emitted: &Emitted<'_>,
        rows: &[u32],
    ) -> Vec<Published> {
        let Some((_, outlet)) = self.sinks.get(sink) else { return Vec::new() };
        if outlet.name != "inMemory" {
            return Vec::new();
        }
        let mut made = Vec::new();
        let numbered = Numbered { epoch: Epoch(1), first: emitted.first };
        let _refused = outlet.encoder.encode(emitted.batch, rows, numbered, &mut made);
        made.into_iter()
            .filter_map(|message| {
                let topic = outlet.option(&message, "topic")?.to_owned();
                Some(Published { topic, payload: message.payload })
            })
            .collect()
    }

    /// The events that the sources on a message's topic make of it: stream, rows, chunk ends.
    pub(crate) fn decode(&self, published: &Published) -> Vec<(String, Batch, Vec<u32>)> {
        let on_topic = |inlet: &Inlet| {
            inlet.name == "inMemory" && inlet.options.get("topic") == Some(&published.topic)
        };
        self.sources
            .iter()
            .filter(|(_, inlet)| on_topic(inlet))
            .map(|(stream, inlet)| {
                let message = Message::new(published.payload.clone());
                let (batch, ends, _) = inlet.decoder.decode(&message);
                (stream.clone(), batch, ends)
            })
            .collect()
    }
}

/// An annotation of the text as the connectors take it.
fn written(annotation: &weir_query::Annotation) -> Annotation {
    let element = |it: &weir_query::AnnotationElement| Element {
        key: it.key.clone(),
        value: it.value.clone(),
    };
    Annotation {
        name: annotation.name.clone(),
        elements: annotation.elements.iter().map(element).collect(),
        annotations: annotation.annotations.iter().map(written).collect(),
    }
}

impl Published {
    /// A message as a scenario writes it.
    pub(crate) fn read(topic: &str, message: Option<&Json>) -> Self {
        let payload = match message {
            Some(Json::Array(items)) => Payload::Events(items.iter().map(event).collect()),
            Some(it) if it.get("data").is_some() => Payload::Event(event(it)),
            Some(it) => match read(it) {
                Value::Str(text) => Payload::Text(text),
                Value::Object(object) => match &*object {
                    Object::Bytes(bytes) => Payload::Bytes(bytes.clone().into()),
                    Object::Map(entries) => Payload::Map(
                        entries
                            .iter()
                            .map(|(key, value)| (key.to_string().into(), value.clone()))
                            .collect(),
                    ),
                    Object::List(_)
                    | Object::Set(_)
                    | Object::Error { .. }
                    | Object::Event { .. }
                    | Object::Json(_) => Payload::Value(Value::Object(object)),
                },
                value @ (Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Long(_)
                | Value::Float(_)
                | Value::Double(_)) => Payload::Value(value),
            },
            None => Payload::Value(Value::Null),
        };
        Self { topic: topic.to_owned(), payload }
    }

    /// The message as a scenario writes it.
    pub(crate) fn to_json(&self) -> Json {
        let event = |event: &Event| {
            let data: Vec<Json> = event.data.iter().map(write).collect();
            json!({ "ts": event.timestamp, "data": data })
        };
        match &self.payload {
            Payload::Text(text) => Json::String(text.to_string()),
            Payload::Bytes(bytes) => write(&Value::object(Object::Bytes(bytes.to_vec()))),
            Payload::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| (Value::Str(key.clone()), value.clone()));
                write(&Value::object(Object::Map(entries.collect())))
            }
            Payload::Event(it) => event(it),
            Payload::Events(events) => events.iter().map(event).collect(),
            Payload::Value(value) => write(value),
        }
    }
}

fn event(json: &Json) -> Event {
    let data = json.get("data").and_then(Json::as_array).into_iter().flatten().map(read).collect();
    let timestamp = json.get("ts").and_then(Json::as_i64).unwrap_or(weir_connectors::ENTRY_TIME);
    Event { timestamp, data }
}
