//! Text as a value of an attribute's type, read the way Java's own parsers read it.

use weir_event::{DataType, Text, Value};

/// Text that is not a value of the type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {} {data_type}", article(*.data_type))]
pub struct NotOfType {
    /// The text.
    pub text: String,
    /// The type it should have had.
    pub data_type: DataType,
}

fn article(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Int | DataType::Object => "an",
        DataType::String | DataType::Long | DataType::Float | DataType::Double | DataType::Bool => {
            "a"
        }
    }
}

/// Reads `text` as a value of `data_type`.
///
/// Blanks around an `int` or `long` are an error, around a `float` or `double` they are not; all
/// that is not `true` is false.
///
/// # Errors
///
/// The text is no number of the type.
pub fn text_value(text: &str, data_type: DataType) -> Result<Value, NotOfType> {
    let value = match data_type {
        DataType::Bool => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
        DataType::Int => text.parse().ok().map(Value::Int),
        DataType::Long => text.parse().ok().map(Value::Long),
        DataType::Float => float_value(text).map(|v| Value::Float(v.narrow())),
        DataType::Double => float_value(text).map(|v| Value::Double(v.wide())),
        DataType::String | DataType::Object => Some(Value::Str(Text::from(text))),
    };
    value.ok_or_else(|| NotOfType { text: shortened(text), data_type })
}

/// Characters of a bad value that are shown.
const SHOWN_MAX: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A number's text once checked, so that it is rounded once, to the width asked for.
enum Decimal<'a> {
    Text(&'a str),
    Exact(f64),
}

impl Decimal<'_> {
    fn narrow(&self) -> f32 {
        match self {
            Self::Text(text) => text.parse().unwrap_or(f32::NAN),
            Self::Exact(value) => *value as f32,
        }
    }

    fn wide(&self) -> f64 {
        match self {
            Self::Text(text) => text.parse().unwrap_or(f64::NAN),
            Self::Exact(value) => *value,
        }
    }
}

fn float_value(text: &str) -> Option<Decimal<'_>> {
    // Java trims every character up to the blank.
    let text = text.trim_matches(|c| c <= ' ');
    let (sign, size) = match text.as_bytes().first()? {
        b'-' => (-1.0, text.get(1..)?),
        b'+' => (1.0, text.get(1..)?),
        _ => (1.0, text),
    };
    match size {
        "NaN" => return Some(Decimal::Exact(f64::NAN)),
        "Infinity" => return Some(Decimal::Exact(sign * f64::INFINITY)),
        _ => {}
    }
    if size.starts_with("0x") || size.starts_with("0X") {
        return hex_float(size.get(2..)?).map(|v| Decimal::Exact(sign * v));
    }
    let end = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    // Words that Rust reads as numbers and Java does not start with a letter.
    let first = size.as_bytes().first()?;
    let plain = first.is_ascii_digit() || *first == b'.';
    (plain && end.parse::<f64>().is_ok()).then_some(Decimal::Text(end))
}

/// `1.8p3` and the like, after the `0x`.
fn hex_float(text: &str) -> Option<f64> {
    let text = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let (digits, power) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut place = 1.0;
    for digit in fraction.chars() {
        place /= 16.0;
        value += f64::from(digit.to_digit(16)?) * place;
    }
    let power: i32 = power.parse().ok()?;
    Some(value * 2f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_take_no_blanks_and_decimals_do() {
        assert_eq!(text_value("+5", DataType::Int), Ok(Value::Int(5)));
        assert!(text_value(" 5", DataType::Int).is_err());
        assert!(text_value("5.0", DataType::Long).is_err());
        assert_eq!(text_value(" 5 ", DataType::Double), Ok(Value::Double(5.0)));
    }

    #[test]
    fn decimals_are_read_as_java_reads_them() {
        for (text, value) in
            [("1f", 1.0), ("1e3d", 1000.0), ("0x1.8p1", 3.0), ("-Infinity", f64::NEG_INFINITY)]
        {
            assert_eq!(text_value(text, DataType::Double), Ok(Value::Double(value)), "{text}");
        }
        for text in ["inf", "nan", "", "-", "1ff", "0x1", "infinity", "e5"] {
            assert!(text_value(text, DataType::Double).is_err(), "{text}");
        }
    }

    #[test]
    fn all_but_true_is_false() {
        assert_eq!(text_value("TRUE", DataType::Bool), Ok(Value::Bool(true)));
        assert_eq!(text_value("yes", DataType::Bool), Ok(Value::Bool(false)));
    }
}
