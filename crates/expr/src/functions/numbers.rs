//! Numbers read from text the way the original reads them.

/// The whole number a text holds: a sign and decimal digits, nothing else.
pub(super) fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The `double` a text holds: white space around it, `NaN`, `Infinity`, a type letter at the end
/// and hexadecimal notation are all allowed.
pub(super) fn double(text: &str) -> Option<f64> {
    match decimal(text)? {
        Decimal::Plain(text) => text.parse().ok(),
        Decimal::Value(value) => Some(value),
    }
}

/// The `float` a text holds; see [`double`].
pub(super) fn float(text: &str) -> Option<f32> {
    match decimal(text)? {
        Decimal::Plain(text) => text.parse().ok(),
        Decimal::Value(value) => Some(value as f32),
    }
}

enum Decimal<'a> {
    /// Decimal notation that the standard library reads.
    Plain(&'a str),
    /// Already read.
    Value(f64),
}

fn decimal(text: &str) -> Option<Decimal<'_>> {
    let text = text.trim_matches(|c| c <= ' ');
    let (negative, bare) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = |value: f64| Decimal::Value(if negative { -value } else { value });
    match bare {
        "NaN" => return Some(Decimal::Value(f64::NAN)),
        "Infinity" => return Some(signed(f64::INFINITY)),
        _ => {}
    }
    if let Some(hex) = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
        return hexadecimal(hex.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(hex)).map(signed);
    }
    let allowed =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let plain = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    (plain.bytes().all(allowed)).then_some(Decimal::Plain(plain))
}

/// `1.8p3` without its `0x`; digits beyond what a `double` holds are cut off.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = whole(exponent)?;
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if before.is_empty() && after.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in before.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut place = 1.0;
    for digit in after.chars() {
        place /= 16.0;
        value += f64::from(digit.to_digit(16)?) * place;
    }
    Some(libm::ldexp(value, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    // told by: reference 5.1.30
    #[test]
    fn text_is_a_number_where_the_original_says_so() {
        assert_eq!(whole::<i32>("+12"), Some(12));
        assert_eq!(whole::<i32>(" 12"), None);
        assert_eq!(whole::<i32>("99999999999"), None);
        assert_eq!(whole::<i64>("-99999999999"), Some(-99_999_999_999));
        assert_eq!(double(" 12.5d "), Some(12.5));
        assert_eq!(double("5."), Some(5.0));
        assert_eq!(double("-0x1p3"), Some(-8.0));
        assert_eq!(double("1e400"), Some(f64::INFINITY));
        assert!(double("NaN").is_some_and(f64::is_nan));
        for text in ["", "nan", "inf", ".", "1e", "0x1", "1_0", "1ff"] {
            assert_eq!(double(text), None, "{text}");
        }
        assert_eq!(float("12.5f"), Some(12.5));
    }
}
