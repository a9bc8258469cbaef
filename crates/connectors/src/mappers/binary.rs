//! `binary`: events as untagged big-endian values, as the TCP transport of the original sends.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use weir_event::{Batch, DataType, Schema, Text, Value};

use crate::extension::{Build, Extension};
use crate::mapper::{Decoded, Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::mapper::{SourceMapper, SourceMapperSpec};
use crate::payload::{Message, Payload};
use crate::problem::Problem;

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "binary",
    about: "Reads events from the original's own binary form.",
    params: &[],
    build: Build::SourceMapper(source_mapper),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "binary",
    about: "Writes events in the original's own binary form.",
    params: &[],
    build: Build::SinkMapper(sink_mapper),
};

fn source_mapper(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    if spec.attributes.is_some() {
        return Err(Problem::new("`binary` takes no `@attributes`")
            .hint("leave it out: the form has the stream's attributes in their order"));
    }
    Ok(Box::new(BinaryMapper { schema: spec.stream.schema.clone() }))
}

fn sink_mapper(spec: &SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem> {
    if spec.payload.is_some() {
        return Err(Problem::new("`binary` takes no `@payload`")
            .hint("leave it out: the form has the stream's attributes in their order"));
    }
    Ok(Box::new(BinaryMapper { schema: spec.stream.schema.clone() }))
}

struct BinaryMapper {
    schema: Schema,
}

impl SourceMapper for BinaryMapper {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let Payload::Bytes(bytes) = &message.payload else {
            let kind = message.payload.kind();
            out.fail(MapError::malformed(format!("`binary` reads bytes, and this is {kind}")));
            return;
        };
        match self.rows(bytes.clone()) {
            Ok(rows) => {
                for (timestamp, mut row) in rows {
                    out.push(timestamp, &mut row);
                }
            }
            Err(reason) => out.fail(MapError::malformed(reason)),
        }
    }

    fn is_binary(&self) -> bool {
        true
    }
}

/// An event's time and values.
type Row = (i64, Vec<Value>);

impl BinaryMapper {
    fn rows(&self, mut bytes: Bytes) -> Result<Vec<Row>, String> {
        let whole = bytes.len();
        let count = bytes.try_get_i32().map_err(|_| "the message has no count".to_owned())?;
        let count = usize::try_from(count).map_err(|_| format!("the count is {count}"))?;
        // Each event takes 8 bytes at least, so a false count cannot ask for much room.
        let mut rows = Vec::with_capacity(count.min(whole / 8));
        for event in 0..count {
            let row = self.row(&mut bytes).ok_or_else(|| {
                let at = whole - bytes.len();
                format!("event {event} of {count} breaks off or is not as the stream, at byte {at}")
            })?;
            rows.push(row);
        }
        if bytes.has_remaining() {
            return Err(format!("{} bytes follow the last event", bytes.len()));
        }
        Ok(rows)
    }

    fn row(&self, bytes: &mut Bytes) -> Option<Row> {
        let timestamp = bytes.try_get_i64().ok()?;
        let mut row = Vec::with_capacity(self.schema.len());
        for attribute in self.schema.iter() {
            row.push(match attribute.data_type {
                DataType::Int => Value::Int(bytes.try_get_i32().ok()?),
                DataType::Long => Value::Long(bytes.try_get_i64().ok()?),
                DataType::Float => Value::Float(bytes.try_get_f32().ok()?),
                DataType::Double => Value::Double(bytes.try_get_f64().ok()?),
                DataType::Bool => Value::Bool(bytes.try_get_u8().ok()? == 1),
                DataType::String => text(bytes)?,
                DataType::Object => Value::Null,
            });
        }
        Some((timestamp, row))
    }
}

/// A length and so many bytes of UTF-8; the empty text stands for null.
fn text(bytes: &mut Bytes) -> Option<Value> {
    let length = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
    if length == 0 {
        return Some(Value::Null);
    }
    if length > bytes.len() {
        return None;
    }
    let text = bytes.split_to(length);
    Some(Value::Str(Text::from(&*String::from_utf8_lossy(&text))))
}

impl SinkMapper for BinaryMapper {
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded) {
        let mut bytes = BytesMut::new();
        bytes.put_i32(i32::try_from(rows.count()).unwrap_or(i32::MAX));
        for row in rows.iter() {
            bytes.put_i64(batch.timestamps[row]);
            for (attribute, column) in self.schema.iter().zip(&batch.columns) {
                if !put(&mut bytes, attribute.data_type, &column.value(row)) {
                    let reason = format!(
                        "`{}` is null or no `{}`, which the binary form cannot hold",
                        attribute.name, attribute.data_type
                    );
                    out.failures.push(MapError::unfit(reason));
                    return;
                }
            }
        }
        out.push(Payload::Bytes(bytes.freeze()), 0..rows.count());
    }
}

fn put(bytes: &mut BytesMut, data_type: DataType, value: &Value) -> bool {
    match (data_type, value) {
        (DataType::Int, Value::Int(v)) => bytes.put_i32(*v),
        (DataType::Long, Value::Long(v)) => bytes.put_i64(*v),
        (DataType::Float, Value::Float(v)) => bytes.put_f32(*v),
        (DataType::Double, Value::Double(v)) => bytes.put_f64(*v),
        (DataType::Bool, Value::Bool(v)) => bytes.put_u8(u8::from(*v)),
        (DataType::String, Value::Str(v)) => {
            let Ok(length) = i32::try_from(v.len()) else { return false };
            bytes.put_i32(length);
            bytes.put_slice(v.as_bytes());
        }
        (DataType::Object, _) => bytes.put_i32(0),
        (
            DataType::Int
            | DataType::Long
            | DataType::Float
            | DataType::Double
            | DataType::Bool
            | DataType::String,
            _,
        ) => return false,
    }
    true
}
