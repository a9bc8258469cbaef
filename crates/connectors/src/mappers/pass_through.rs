//! `passThrough`: events as they are, without a message format.

use weir_event::{Batch, Object, Value};

use crate::extension::{Build, Extension};
use crate::mapper::{Decoded, Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mapper::{SourceMapper, SourceMapperSpec};
use crate::payload::{ENTRY_TIME, Event, Message, Payload};
use crate::problem::Problem;

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "passThrough",
    about: "Takes events as they are.",
    params: &[],
    build: Build::SourceMapper(source_mapper),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "passThrough",
    about: "Hands events on as they are.",
    params: &[],
    build: Build::SinkMapper(sink_mapper),
};

struct PassThrough {
    attributes: usize,
}

fn source_mapper(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    Ok(Box::new(PassThrough { attributes: spec.stream.schema.len() }))
}

fn sink_mapper(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    Ok(Box::new(PassThrough { attributes: spec.stream.schema.len() }))
}

impl PassThrough {
    fn push(&self, timestamp: i64, data: &[Value], out: &mut Decoded) {
        let mut row = data.to_vec();
        row.resize(self.attributes, Value::Null);
        out.push(timestamp, &mut row);
    }
}

impl SourceMapper for PassThrough {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        match &message.payload {
            Payload::Event(event) => self.push(event.timestamp, &event.data, out),
            Payload::Events(events) => {
                for event in events {
                    self.push(event.timestamp, &event.data, out);
                }
            }
            Payload::Value(Value::Object(object)) if matches!(&**object, Object::List(_)) => {
                if let Object::List(values) = &**object {
                    self.push(ENTRY_TIME, values, out);
                }
            }
            other
            @ (Payload::Text(_) | Payload::Bytes(_) | Payload::Map(_) | Payload::Value(_)) => out
                .fail(MapError::malformed(format!(
                    "`passThrough` takes events, and this is {}",
                    other.kind()
                ))),
        }
        out.end_chunk();
    }
}

impl SinkMapper for PassThrough {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        let event = |row: usize| Event { timestamp: batch.timestamps[row], data: batch.row(row) };
        match rows {
            Rows::One(row) => out.push(Payload::Event(event(row as usize)), 0..1),
            Rows::Many(_) => {
                out.push(Payload::Events(rows.iter().map(event).collect()), 0..rows.count());
            }
        }
    }
}
