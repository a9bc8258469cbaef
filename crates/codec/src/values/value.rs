//! One value as bytes: a mark for its type, then what it holds.

use weir_event::{DataType, Object, Text, Value};

use crate::wire::{DecodeError, Reader, Writer};

/// How deep lists, maps, sets and events may lie within each other: 128.
///
/// Whoever makes values out of input keeps to it; a deeper one is written, but not read back.
pub const VALUE_DEPTH_MAX: usize = 128;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const LONG: u8 = 4;
const FLOAT: u8 = 5;
const DOUBLE: u8 = 6;
const TEXT: u8 = 7;
const LIST: u8 = 8;
const MAP: u8 = 9;
const SET: u8 = 10;
const BYTES: u8 = 11;
const ERROR: u8 = 12;
const EVENT: u8 = 13;
const JSON: u8 = 14;

impl Writer {
    /// A value of any type.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.u8(NULL),
            Value::Bool(false) => self.u8(FALSE),
            Value::Bool(true) => self.u8(TRUE),
            Value::Int(v) => {
                self.u8(INT);
                self.var_i64(i64::from(*v));
            }
            Value::Long(v) => {
                self.u8(LONG);
                self.var_i64(*v);
            }
            Value::Float(v) => {
                self.u8(FLOAT);
                self.f32(*v);
            }
            Value::Double(v) => {
                self.u8(DOUBLE);
                self.f64(*v);
            }
            Value::Str(v) => {
                self.u8(TEXT);
                self.str(v);
            }
            Value::Object(object) => self.object(object),
        }
    }

    /// Values with their count.
    pub fn values(&mut self, values: &[Value]) {
        self.len(values.len());
        for value in values {
            self.value(value);
        }
    }

    fn object(&mut self, object: &Object) {
        match object {
            Object::List(items) => {
                self.u8(LIST);
                self.values(items);
            }
            Object::Map(pairs) => {
                self.u8(MAP);
                self.len(pairs.len());
                for (key, value) in pairs {
                    self.value(key);
                    self.value(value);
                }
            }
            Object::Set(items) => {
                self.u8(SET);
                self.values(items);
            }
            Object::Bytes(bytes) => {
                self.u8(BYTES);
                self.bytes(bytes);
            }
            Object::Error { class, message } => {
                self.u8(ERROR);
                self.str(class);
                self.str(message);
            }
            Object::Event { timestamp, data } => {
                self.u8(EVENT);
                self.i64(*timestamp);
                self.values(data);
            }
            Object::Json(text) => {
                self.u8(JSON);
                self.str(text);
            }
        }
    }

    /// The type of an attribute.
    pub fn data_type(&mut self, data_type: DataType) {
        self.u8(match data_type {
            DataType::Bool => TRUE,
            DataType::Int => INT,
            DataType::Long => LONG,
            DataType::Float => FLOAT,
            DataType::Double => DOUBLE,
            DataType::String => TEXT,
            DataType::Object => LIST,
        });
    }
}

impl Reader<'_> {
    /// Text with its length, as values hold it.
    ///
    /// # Errors
    ///
    /// As [`Reader::str`].
    pub fn text(&mut self) -> Result<Text, DecodeError> {
        self.str().map(Text::from)
    }

    /// A value of any type.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] when it is nested deeper than [`VALUE_DEPTH_MAX`].
    pub fn value(&mut self) -> Result<Value, DecodeError> {
        self.value_at(0)
    }

    /// Values with their count.
    ///
    /// # Errors
    ///
    /// As [`Self::value`].
    pub fn values(&mut self) -> Result<Vec<Value>, DecodeError> {
        self.values_at(0)
    }

    fn value_at(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > VALUE_DEPTH_MAX {
            let (len, max) = (depth as u64, VALUE_DEPTH_MAX as u64);
            return Err(DecodeError::TooLong { what: "nesting of values", len, max });
        }
        let inner = depth + 1;
        Ok(match self.u8()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(self.int()?),
            LONG => Value::Long(self.var_i64()?),
            FLOAT => Value::Float(self.f32()?),
            DOUBLE => Value::Double(self.f64()?),
            TEXT => Value::Str(self.text()?),
            LIST => Value::object(Object::List(self.values_at(inner)?)),
            MAP => Value::object(Object::Map(self.pairs_at(inner)?)),
            SET => Value::object(Object::Set(self.values_at(inner)?)),
            BYTES => Value::object(Object::Bytes(self.bytes()?.to_vec())),
            ERROR => Value::object(Object::Error { class: self.text()?, message: self.text()? }),
            EVENT => Value::object(Object::Event {
                timestamp: self.i64()?,
                data: self.values_at(inner)?,
            }),
            JSON => Value::object(Object::Json(self.text()?)),
            tag => return Err(DecodeError::UnknownTag { what: "value", tag: u64::from(tag) }),
        })
    }

    fn int(&mut self) -> Result<i32, DecodeError> {
        let why = "it takes more than 32 bits";
        i32::try_from(self.var_i64()?).map_err(|_| DecodeError::Malformed { what: "int", why })
    }

    fn values_at(&mut self, depth: usize) -> Result<Vec<Value>, DecodeError> {
        let len = self.len()?;
        let mut values = Vec::with_capacity(len.min(self.left()));
        for _ in 0..len {
            values.push(self.value_at(depth)?);
        }
        Ok(values)
    }

    fn pairs_at(&mut self, depth: usize) -> Result<Vec<(Value, Value)>, DecodeError> {
        let len = self.len_of(2)?;
        let mut pairs = Vec::with_capacity(len);
        for _ in 0..len {
            pairs.push((self.value_at(depth)?, self.value_at(depth)?));
        }
        Ok(pairs)
    }

    /// The type of an attribute.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnknownTag`] when there is no such type.
    pub fn data_type(&mut self) -> Result<DataType, DecodeError> {
        Ok(match self.u8()? {
            TRUE => DataType::Bool,
            INT => DataType::Int,
            LONG => DataType::Long,
            FLOAT => DataType::Float,
            DOUBLE => DataType::Double,
            TEXT => DataType::String,
            LIST => DataType::Object,
            tag => return Err(DecodeError::UnknownTag { what: "type", tag: u64::from(tag) }),
        })
    }
}
