//! The times a reader asks for: `within` and the texts it is written in.

use weir_event::Value;
use weir_expr::Fault;

use crate::period::{Calendar, Period, instant_of};

/// From when (inclusive) to when (exclusive) periods are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first time.
    pub start: i64,
    /// The time after the last one.
    pub end: i64,
}

impl Bounds {
    /// The times of one text, such as `2017-06-** **:**:**`.
    ///
    /// # Errors
    ///
    /// It is not written as it must be.
    pub fn of_pattern(value: &Value) -> Result<Self, Fault> {
        let Some(text) = value.as_text() else { return Err(wrong_pattern(value)) };
        pattern(text.trim()).ok_or_else(|| wrong_pattern(value))
    }

    /// The times between two values, each a `long` or a text.
    ///
    /// # Errors
    ///
    /// One is no time, or the first is not before the second.
    pub fn between(start: &Value, end: &Value) -> Result<Self, Fault> {
        let (start, end) = (time_of(start)?, time_of(end)?);
        if start < end {
            return Ok(Self { start, end });
        }
        Err(Fault::runtime(format!(
            "the start of `within` must be before its end, and {start} is not before {end}"
        )))
    }

    pub(crate) fn contains(self, time: i64) -> bool {
        self.start <= time && time < self.end
    }
}

fn wrong_pattern(value: &Value) -> Fault {
    Fault::runtime(format!(
        "`within` takes a text such as `2017-06-** **:**:**` or `2017-06-01 04:05:50 +05:30`, \
         not `{value}`"
    ))
}

fn time_of(value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Long(time) => Ok(*time),
        Value::Int(time) => Ok(i64::from(*time)),
        Value::Str(text) => time_of_text(text),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Double(_) | Value::Object(_) => {
            Err(Fault::runtime(format!("`{value}` is no time for `within`")))
        }
    }
}

/// The instant of `yyyy-MM-dd HH:mm:ss`, in GMT or followed by an offset such as ` +05:30`.
///
/// # Errors
///
/// The text is not written so, or there is no such time.
pub fn time_of_text(text: &str) -> Result<i64, Fault> {
    let wrong = || {
        Fault::runtime(format!(
            "`{text}` is not a time of the form `2017-06-01 04:05:50` or \
             `2017-06-01 04:05:50 +05:30`"
        ))
    };
    instant(text.trim()).ok_or_else(wrong)
}

/// `0000-00-00 00:00:00`, where a digit stands for a digit.
const SHAPE: &[u8] = b"0000-00-00 00:00:00";

fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (time, offset) = bytes.split_at_checked(SHAPE.len())?;
    let offset_s = if offset.is_empty() { 0 } else { offset_s(offset)? };
    instant_of(parts(time)?, offset_s)
}

fn parts(time: &[u8]) -> Option<[i16; 6]> {
    let fits = time.len() == SHAPE.len()
        && time.iter().zip(SHAPE).all(|(it, shape)| match shape {
            b'0' => it.is_ascii_digit(),
            shape => it == shape,
        });
    if !fits {
        return None;
    }
    let number = |from: usize, to: usize| {
        time[from..to].iter().fold(0, |sum: i16, digit| sum * 10 + i16::from(digit - b'0'))
    };
    Some([
        number(0, 4),
        number(5, 7),
        number(8, 10),
        number(11, 13),
        number(14, 16),
        number(17, 19),
    ])
}

/// Seconds of ` +05:30`.
fn offset_s(text: &[u8]) -> Option<i64> {
    let [b' ', sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = text else { return None };
    let digit = |it: &u8| if it.is_ascii_digit() { Some(i64::from(it - b'0')) } else { None };
    let hours = digit(h1)? * 10 + digit(h2)?;
    let minutes = digit(m1)? * 10 + digit(m2)?;
    let seconds = (hours * 60 + minutes) * 60;
    let far = hours > 18 || minutes > 59 || hours == 18 && minutes > 0;
    if far {
        return None;
    }
    Some(if *sign == b'-' { -seconds } else { seconds })
}

/// The text of a time with `**` from the right stands for all that begin like it.
fn pattern(text: &str) -> Option<Bounds> {
    let (stars, period) = match text.get(..SHAPE.len())? {
        it if it.ends_with("**-** **:**:**") => (14, Period::Year),
        it if it.ends_with("** **:**:**") => (11, Period::Month),
        it if it.ends_with("**:**:**") => (8, Period::Day),
        it if it.ends_with("**:**") => (5, Period::Hour),
        it if it.ends_with("**") => (2, Period::Minute),
        _ => (0, Period::Second),
    };
    let known = text.get(..SHAPE.len() - stars)?;
    let first = "0000-01-01 00:00:00".get(SHAPE.len() - stars..)?;
    let offset = text.get(SHAPE.len()..)?;
    let start = instant(&format!("{known}{first}{offset}"))?;
    let end = match period {
        Period::Second => start + 1_000,
        Period::Minute => start + 60_000,
        Period::Hour => start + 3_600_000,
        Period::Day => start + 86_400_000,
        Period::Month | Period::Year => {
            let ahead_ms = if offset.is_empty() { 0 } else { offset_s(offset.as_bytes())? * 1_000 };
            Calendar::default().next_after(start + ahead_ms, period) - ahead_ms
        }
    };
    Some(Bounds { start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> Option<(i64, i64)> {
        Bounds::of_pattern(&Value::text(text)).ok().map(|it| (it.start, it.end))
    }

    #[test]
    fn patterns_stand_for_periods() {
        let t = 1_496_289_950_000;
        assert_eq!(bounds("2017-06-01 04:05:50"), Some((t, t + 1_000)));
        assert_eq!(bounds("2017-06-01 09:35:50 +05:30"), Some((t, t + 1_000)));
        assert_eq!(bounds(" 2017-06-01 04:05:** "), Some((t - 50_000, t + 10_000)));
        assert_eq!(bounds("2017-06-01 04:**:**").map(|it| it.1 - it.0), Some(3_600_000));
        assert_eq!(bounds("2017-06-** **:**:**"), Some((1_496_275_200_000, 1_498_867_200_000)));
        assert_eq!(bounds("2017-**-** **:**:**"), Some((1_483_228_800_000, 1_514_764_800_000)));
        let ahead = Some((1_496_275_200_000 - 19_800_000, 1_498_867_200_000 - 19_800_000));
        assert_eq!(bounds("2017-06-** **:**:** +05:30"), ahead);
        for wrong in
            ["2017-06-** **:**:**:1000", "2017-**-01 **:**:**", "2017", "2017-13-01 **:**:**"]
        {
            assert_eq!(bounds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bounds_are_in_order() {
        let of = |a: i64, b: i64| Bounds::between(&Value::Long(a), &Value::Long(b));
        assert!(of(1, 2).is_ok());
        assert!(of(2, 2).is_err());
        assert!(Bounds::between(&Value::Null, &Value::Long(2)).is_err());
    }
}
