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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weir_event::BatchBuilder;

    use super::*;
    use crate::testing::{stock_batch, stocks};

    fn mapper() -> BinaryMapper {
        BinaryMapper { schema: stocks().schema }
    }

    fn decoded(bytes: Bytes) -> (Batch, Vec<MapError>) {
        let mut out = Decoded::new(&stocks().schema);
        mapper().decode(&Message::new(Payload::Bytes(bytes)), &mut out);
        let (batch, _, failures) = out.finish();
        (batch, failures)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_no_truncation_is(
            rows in proptest::collection::vec((".{1,20}", any::<f32>(), any::<i64>()), 2..6),
        ) {
            let rows: Vec<_> = rows.iter().map(|(s, p, v)| (s.as_str(), *p, *v)).collect();
            let batch = stock_batch(&rows);
            let numbers: Vec<u32> = (0..u32::try_from(rows.len()).unwrap()).collect();
            let mut out = Encoded::default();
            mapper().encode(&batch, Rows::Many(&numbers), &mut out);
            let Payload::Bytes(bytes) = out.messages[0].0.clone() else { panic!("no bytes") };
            let (back, failures) = decoded(bytes.clone());
            prop_assert_eq!(failures, []);
            prop_assert_eq!(back.timestamps.len(), batch.timestamps.len());
            for row in 0..batch.len() {
                prop_assert_eq!(back.row(row), batch.row(row));
            }
            for end in 0..bytes.len() {
                let (none, failures) = decoded(bytes.slice(..end));
                prop_assert_eq!((none.len(), failures.len()), (0, 1));
            }
        }

        #[test]
        fn no_bytes_crash_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            decoded(Bytes::from(bytes));
        }
    }

    #[test]
    fn a_null_is_refused_by_name() {
        let mut batch = BatchBuilder::new(&stocks().schema);
        batch.push_row(1, [Value::Null, Value::Null, Value::Null]);
        let mut out = Encoded::default();
        mapper().encode(&batch.finish(), Rows::One(0), &mut out);
        assert!(out.messages.is_empty());
        assert!(out.failures[0].to_string().contains("`symbol`"));
    }
}
