//! JSON as a tree, for what is picked out by path or kept as an object.

use weir_event::{Object, Text, Value, double_text, float_text};

use crate::reader::{Dialect, Next, Reader, SyntaxError};

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// A number without fraction or power, as written.
    Whole(Text),
    /// Any other number, as written.
    Decimal(Text),
    Text(Text),
    List(Vec<Json>),
    /// Names with their values, in the order in which they first came.
    Object(Vec<(Text, Json)>),
}

/// Digits up to which a decimal is a 64-bit number; longer ones keep their text.
const DECIMAL_DIGITS_MAX: usize = 18;

impl Json {
    /// Reads the next value.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, SyntaxError> {
        let mut first = true;
        Ok(match reader.peek()? {
            Next::Object => {
                let mut entries: Vec<(Text, Self)> = Vec::new();
                reader.open_object()?;
                while let Some(name) = reader.name(&mut first)? {
                    let value = Self::read(reader)?;
                    match entries.iter_mut().find(|(known, _)| *known == *name) {
                        Some((_, known)) => *known = value,
                        None => entries.push((Text::from(&*name), value)),
                    }
                }
                Self::Object(entries)
            }
            Next::List => {
                let mut items = Vec::new();
                reader.open_list()?;
                while reader.element(&mut first)? {
                    items.push(Self::read(reader)?);
                }
                Self::List(items)
            }
            Next::Text | Next::Word => Self::Text(Text::from(&*reader.text()?)),
            Next::Number => Self::number(reader.number()?),
            Next::Bool => Self::Bool(reader.truth()?),
            Next::Null => {
                reader.null()?;
                Self::Null
            }
        })
    }

    fn number(digits: &str) -> Self {
        if is_decimal(digits) {
            Self::Decimal(Text::from(digits))
        } else {
            Self::Whole(Text::from(digits))
        }
    }

    /// The value with this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => {
                entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            Self::Null
            | Self::Bool(_)
            | Self::Whole(_)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::List(_) => None,
        }
    }

    /// The number held, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Whole(digits) | Self::Decimal(digits) => digits.parse().ok(),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The text as a person would say it: strings bare, all else as JSON.
    pub fn bare_text(&self) -> Text {
        match self {
            Self::Text(text) => text.clone(),
            Self::Null
            | Self::Bool(_)
            | Self::Whole(_)
            | Self::Decimal(_)
            | Self::List(_)
            | Self::Object(_) => {
                let mut out = String::new();
                self.write(&mut out);
                Text::from(out)
            }
        }
    }

    /// Writes compact JSON; decimals come out as Java writes a `double`.
    pub fn write(&self, out: &mut String) {
        self.write_with(quote, out);
    }

    /// Writes compact JSON, text by `quote`.
    pub fn write_with(&self, quote: fn(&str, &mut String), out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Whole(digits) => out.push_str(if digits == "-0" { "0" } else { digits }),
            Self::Decimal(digits) => out.push_str(&decimal_text(digits)),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        out.push(',');
                    }
                    item.write_with(quote, out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (nth, (name, value)) in entries.iter().enumerate() {
                    if nth > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.write_with(quote, out);
                }
                out.push('}');
            }
        }
    }

    /// The JSON of a value; `None` for numbers that JSON has no words for.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Whole(Text::from(number.to_string())),
            Value::Long(number) => Self::Whole(Text::from(number.to_string())),
            Value::Float(number) if number.is_finite() => {
                Self::Decimal(Text::from(float_text(*number)))
            }
            Value::Double(number) if number.is_finite() => {
                Self::Decimal(Text::from(double_text(*number)))
            }
            Value::Float(_) | Value::Double(_) => return None,
            Value::Str(text) => Self::Text(text.clone()),
            Value::Object(object) => return Self::of_object(object),
        })
    }

    fn of_object(object: &Object) -> Option<Self> {
        let list = |items: &[Value]| items.iter().map(Self::of).collect::<Option<_>>();
        Some(match object {
            Object::List(items) | Object::Set(items) => Self::List(list(items)?),
            Object::Map(entries) => {
                let entry = |(key, value): &(Value, Value)| {
                    Some((Text::from(key.to_string()), Self::of(value)?))
                };
                Self::Object(entries.iter().map(entry).collect::<Option<_>>()?)
            }
            Object::Bytes(bytes) => {
                let byte = |byte: &u8| Self::Whole(Text::from(byte.cast_signed().to_string()));
                Self::List(bytes.iter().map(byte).collect())
            }
            Object::Event { data, .. } => Self::List(list(data)?),
            Object::Error { message, .. } => Self::Text(message.clone()),
            Object::Json(text) => {
                let mut reader = Reader::new(text, Dialect::Lenient);
                Self::read(&mut reader).unwrap_or_else(|_| Self::Text(text.clone()))
            }
        })
    }

    /// The same as a value of type `object`: maps, lists, and numbers by their size.
    pub fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(truth),
            Self::Whole(digits) => whole_value(&digits),
            Self::Decimal(digits) => Value::Double(digits.parse().unwrap_or(f64::NAN)),
            Self::Text(text) => Value::Str(text),
            Self::List(items) => {
                Value::object(Object::List(items.into_iter().map(Self::into_value).collect()))
            }
            Self::Object(entries) => {
                let entry = |(name, value): (Text, Self)| (Value::Str(name), value.into_value());
                Value::object(Object::Map(entries.into_iter().map(entry).collect()))
            }
        }
    }
}

/// Whether a number's text has a fraction or a power.
pub fn is_decimal(digits: &str) -> bool {
    digits.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'))
}

/// A whole number as `int`, `long`, or, beyond both, its text.
pub fn whole_value(digits: &str) -> Value {
    if let Ok(int) = digits.parse::<i32>() {
        Value::Int(int)
    } else if let Ok(long) = digits.parse::<i64>() {
        Value::Long(long)
    } else {
        Value::text(digits)
    }
}

fn decimal_text(digits: &str) -> String {
    if digits.len() > DECIMAL_DIGITS_MAX {
        return digits.to_owned();
    }
    digits.parse().map_or_else(|_| digits.to_owned(), double_text)
}

/// Writes text in quotes, with what JSON asks to be escaped.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            '\0'..='\u{1f}' => "",
            _ => continue,
        };
        out.push_str(text.get(plain_from..at).unwrap_or(""));
        if escaped.is_empty() {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push_str(escaped);
        }
        plain_from = at + c.len_utf8();
    }
    out.push_str(text.get(plain_from..).unwrap_or(""));
    out.push('"');
}

/// Writes text in quotes as [`quote`] does, and escapes what has a meaning in HTML.
pub fn quote_for_html(text: &str, out: &mut String) {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote(text, &mut quoted);
    for c in quoted.chars() {
        match c {
            '<' | '>' | '&' | '=' | '\'' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}
