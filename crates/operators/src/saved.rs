//! What operators write to a snapshot, and how it is read back.
//!
//! Every operator's state starts with its version; a shape that has shipped is never changed, the
//! next one gets the next version and `load` lifts the older ones.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Object, RowStore, Text, Value};

const OBJECT_DEPTH_MAX: usize = 64;

/// Reads the version a state starts with; it must be one this build knows.
pub fn version(r: &mut Reader<'_>, newest: u8) -> Result<u8, DecodeError> {
    let version = r.u8()?;
    if version == 0 || version > newest {
        return Err(DecodeError::UnknownVersion {
            what: "operator state",
            version: u64::from(version),
            newest: u64::from(newest),
        });
    }
    Ok(version)
}

/// Writes one value with its type.
pub fn write_value(w: &mut Writer, value: &Value) {
    match value {
        Value::Null => w.u8(0),
        Value::Bool(v) => {
            w.u8(1);
            w.bool(*v);
        }
        Value::Int(v) => {
            w.u8(2);
            w.i32(*v);
        }
        Value::Long(v) => {
            w.u8(3);
            w.i64(*v);
        }
        Value::Float(v) => {
            w.u8(4);
            w.f32(*v);
        }
        Value::Double(v) => {
            w.u8(5);
            w.f64(*v);
        }
        Value::Str(v) => {
            w.u8(6);
            w.str(v);
        }
        Value::Object(v) => {
            w.u8(7);
            write_object(w, v);
        }
    }
}

fn write_object(w: &mut Writer, object: &Object) {
    match object {
        Object::List(items) => {
            w.u8(1);
            write_values(w, items);
        }
        Object::Map(entries) => {
            w.u8(2);
            w.len(entries.len());
            for (key, value) in entries {
                write_value(w, key);
                write_value(w, value);
            }
        }
        Object::Set(items) => {
            w.u8(3);
            write_values(w, items);
        }
        Object::Bytes(bytes) => {
            w.u8(4);
            w.bytes(bytes);
        }
        Object::Error { class, message } => {
            w.u8(5);
            w.str(class);
            w.str(message);
        }
        Object::Event { timestamp, data } => {
            w.u8(6);
            w.i64(*timestamp);
            write_values(w, data);
        }
        Object::Json(text) => {
            w.u8(7);
            w.str(text);
        }
    }
}

/// Writes a list of values.
pub fn write_values(w: &mut Writer, values: &[Value]) {
    w.len(values.len());
    for value in values {
        write_value(w, value);
    }
}

/// Reads what [`write_value`] wrote.
pub fn read_value(r: &mut Reader<'_>) -> Result<Value, DecodeError> {
    read_value_at(r, 0)
}

fn read_value_at(r: &mut Reader<'_>, depth: usize) -> Result<Value, DecodeError> {
    Ok(match r.u8()? {
        0 => Value::Null,
        1 => Value::Bool(r.bool()?),
        2 => Value::Int(r.i32()?),
        3 => Value::Long(r.i64()?),
        4 => Value::Float(r.f32()?),
        5 => Value::Double(r.f64()?),
        6 => Value::Str(Text::from(r.str()?)),
        7 if depth < OBJECT_DEPTH_MAX => Value::object(read_object(r, depth + 1)?),
        tag => return Err(DecodeError::UnknownTag { what: "value", tag: u64::from(tag) }),
    })
}

fn read_object(r: &mut Reader<'_>, depth: usize) -> Result<Object, DecodeError> {
    Ok(match r.u8()? {
        1 => Object::List(read_values_at(r, depth)?),
        2 => {
            let mut entries = Vec::new();
            for _ in 0..r.len()? {
                entries.push((read_value_at(r, depth)?, read_value_at(r, depth)?));
            }
            Object::Map(entries)
        }
        3 => Object::Set(read_values_at(r, depth)?),
        4 => Object::Bytes(r.bytes()?.to_vec()),
        5 => Object::Error { class: r.str()?.into(), message: r.str()?.into() },
        6 => Object::Event { timestamp: r.i64()?, data: read_values_at(r, depth)? },
        7 => Object::Json(r.str()?.into()),
        tag => return Err(DecodeError::UnknownTag { what: "object", tag: u64::from(tag) }),
    })
}

fn read_values_at(r: &mut Reader<'_>, depth: usize) -> Result<Vec<Value>, DecodeError> {
    let mut values = Vec::new();
    for _ in 0..r.len()? {
        values.push(read_value_at(r, depth)?);
    }
    Ok(values)
}

/// Reads what [`write_values`] wrote.
pub fn read_values(r: &mut Reader<'_>) -> Result<Vec<Value>, DecodeError> {
    read_values_at(r, 0)
}

/// Writes rows of a store, in this order.
pub fn write_rows(w: &mut Writer, store: &RowStore, rows: impl ExactSizeIterator<Item = u32>) {
    w.len(rows.len());
    for row in rows {
        w.i64(store.timestamp(row));
        write_values(w, &store.row(row));
    }
}

/// Puts the rows that [`write_rows`] wrote into `store`; their new numbers, in order.
pub fn read_rows(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Vec<u32>, DecodeError> {
    let mut rows = Vec::new();
    for _ in 0..r.len()? {
        let timestamp = r.i64()?;
        let values = read_values(r)?;
        rows.push(store.insert_row(timestamp, values));
    }
    Ok(rows)
}
