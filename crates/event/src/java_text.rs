//! Values as text, the way Java writes them: users compare and match on this text.

use std::fmt::{self, Display, Write};

use crate::value::{Object, Value};

/// A `double` as Java's `Double.toString` writes it (`1.0`, `1.0E7`, `1.0E-5`, `NaN`).
#[must_use]
pub fn double_text(value: f64) -> String {
    decimal_text(value, value.abs(), format!("{value:e}"))
}

/// A `float` as Java's `Float.toString` writes it.
#[must_use]
pub fn float_text(value: f32) -> String {
    decimal_text(f64::from(value), f64::from(value.abs()), format!("{value:e}"))
}

/// `shortest` is the shortest scientific form that reads back the same, as `1.25e-7`.
fn decimal_text(value: f64, size: f64, shortest: String) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0.0".into() } else { "0.0".into() };
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    if !(1e-3..1e7).contains(&size) {
        let point = if mantissa.contains('.') { "" } else { ".0" };
        return format!("{mantissa}{point}E{exponent}");
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    plain_text(mantissa, exponent)
}

/// The digits of `mantissa` with the point moved by `exponent` places.
fn plain_text(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let mut out = String::from(sign);
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-exponent - 1).unsigned_abs() as usize));
        out.push_str(&digits);
        return out;
    }
    let whole = exponent.unsigned_abs() as usize + 1;
    let mut digits = digits.chars();
    for _ in 0..whole {
        out.push(digits.next().unwrap_or('0'));
    }
    out.push('.');
    let rest: String = digits.collect();
    out.push_str(if rest.is_empty() { "0" } else { &rest });
    out
}

impl Display for Value {
    /// As Java's `String.valueOf` writes it; null is `null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            Self::Long(v) => write!(f, "{v}"),
            Self::Float(v) => f.write_str(&float_text(*v)),
            Self::Double(v) => f.write_str(&double_text(*v)),
            Self::Str(v) => f.write_str(v),
            Self::Object(v) => v.fmt(f),
        }
    }
}

impl Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) | Self::Set(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_char(']')
            }
            Self::Map(entries) => {
                f.write_char('{')?;
                for (i, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}={value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_char('}')
            }
            Self::Bytes(bytes) => {
                for byte in bytes {
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Self::Error { class, message } => write!(f, "{class}: {message}"),
            Self::Event { timestamp, data } => {
                write!(f, "Event{{timestamp={timestamp}, data=[")?;
                for (i, item) in data.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("], isExpired=false}")
            }
            Self::Json(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_java_writes_them() {
        let cases = [
            (1.0, "1.0"),
            (-0.001, "-0.001"),
            (0.0005, "5.0E-4"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (123.456, "123.456"),
            (1.25e-7, "1.25E-7"),
            (f64::NEG_INFINITY, "-Infinity"),
            (100.0, "100.0"),
        ];
        for (value, text) in cases {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(1.1), "1.1");
    }

    #[test]
    fn collections_read_as_java_writes_them() {
        let list = Value::object(Object::List(vec![Value::Int(1), Value::Null]));
        assert_eq!(list.to_string(), "[1, null]");
        let map = Value::object(Object::Map(vec![("a".into(), Value::Double(2.0))]));
        assert_eq!(map.to_string(), "{a=2.0}");
    }
}
