//! The functions of `time:`.

use weir_event::{DataType, Value};

use super::calendar::{DAY_MS, Moment};
use super::format::{format, weekday_name};
use super::parse::parse;
use super::pattern::{Piece, pieces};
use super::zone::Zone;
use crate::fault::Fault;
use crate::functions::signature::takes;
use crate::functions::{Arg, Bound, Function, given, plain, prepared};
use crate::scope::Env;

/// The format of dates that come without one.
const DEFAULT: &str = "yyyy-MM-dd HH:mm:ss.SSS";
const SECONDS: &str = "yyyy-MM-dd HH:mm:ss";

pub(in super::super) const FUNCTIONS: &[Function] = &[
    time("currentDate", |args| now("time:currentDate", args, "yyyy-MM-dd")),
    time("currentTime", |args| now("time:currentTime", args, "HH:mm:ss")),
    time("currentTimestamp", current_timestamp),
    time("date", date),
    time("dateAdd", |args| moved("time:dateAdd", args, 1)),
    time("dateDiff", date_diff),
    time("dateFormat", date_format),
    time("dateSub", |args| moved("time:dateSub", args, -1)),
    time("dayOfWeek", day_of_week),
    time("extract", extract),
    time("timestampInMilliseconds", timestamp),
    time("timezoneConvert", timezone_convert),
    time("utcTimestamp", utc_timestamp),
];

const fn time(name: &'static str, bind: fn(&[Arg<'_>]) -> Result<Bound, String>) -> Function {
    Function { namespace: "time", name, bind }
}

/// A format argument, taken apart when the app is created where it is a constant.
struct FormatArg {
    place: usize,
    constant: Option<Vec<Piece>>,
}

impl FormatArg {
    /// The format at a place, or `default` where there is no such argument. A constant that is no
    /// format is every event's fault, as in the original.
    fn new(args: &[Arg<'_>], place: usize, default: &str) -> Self {
        let text = match args.get(place) {
            None => Some(default),
            Some(arg) => arg.constant.and_then(Value::as_text).map(|text| text.as_str()),
        };
        Self { place, constant: text.and_then(|text| pieces(text).ok()) }
    }

    fn with<T>(
        &self,
        args: &[Value],
        run: impl FnOnce(&[Piece]) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if let Some(pieces) = &self.constant {
            return run(pieces);
        }
        let text = args
            .get(self.place)
            .map_or(Ok(DEFAULT), |arg| given::text(arg, "the format").map(|text| text.as_str()))?;
        run(&pieces(text).map_err(Fault::runtime)?)
    }

    /// The moment that the argument at `date` tells in this format.
    fn read(&self, env: &Env<'_>, args: &[Value], date: usize) -> Result<i64, Fault> {
        let text = given::text(&args[date], "the date")?;
        self.with(args, |pieces| {
            parse(text, pieces, env.now)
                .ok_or_else(|| Fault::runtime(format!("the date `{text}` does not fit the format")))
        })
    }

    fn write(&self, args: &[Value], millis: i64) -> Result<Value, Fault> {
        self.with(args, |pieces| Ok(Value::text(format(Moment::of(millis), pieces))))
    }
}

fn millis(value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Long(millis) => Ok(*millis),
        Value::Null => Err(Fault::null("the timestamp")),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Str(_)
        | Value::Object(_) => Err(Fault::wrong_type(value, "long")),
    }
}

fn now(name: &'static str, args: &[Arg<'_>], pattern: &str) -> Result<Bound, String> {
    takes(name, args, "")?;
    prepared(name, DataType::String, pieces(pattern)?, |pieces, env, _| {
        Ok(Value::text(format(Moment::of(env.now), pieces)))
    })
}

fn zone(value: &Value) -> Result<Zone, Fault> {
    let name = given::text(value, "the time zone")?;
    Zone::named(name).ok_or_else(|| Fault::runtime(format!("there is no time zone `{name}`")))
}

fn current_timestamp(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("time:currentTimestamp", args, "| string!")?;
    prepared("time:currentTimestamp", DataType::String, pieces(SECONDS)?, |pieces, env, args| {
        let offset = match args.first() {
            Some(name) => zone(name)?.offset_ms(env.now),
            None => 0,
        };
        Ok(Value::text(format(Moment::of(env.now + offset), pieces)))
    })
}

fn utc_timestamp(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("time:utcTimestamp", args, "| string")?;
    let pattern = FormatArg::new(args, 0, SECONDS);
    prepared("time:utcTimestamp", DataType::String, pattern, |pattern, env, args| {
        pattern.write(args, env.now)
    })
}

fn date(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("time:date", args, "string string")?;
    let state = (FormatArg::new(args, 1, DEFAULT), pieces("yyyy-MM-dd")?);
    prepared("time:date", DataType::String, state, |(pattern, date), env, args| {
        Ok(Value::text(format(Moment::of(pattern.read(env, args, 0)?), date)))
    })
}

/// The units of a date that can be added to or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "YEAR" => Self::Year,
            "QUARTER" => Self::Quarter,
            "MONTH" => Self::Month,
            "WEEK" => Self::Week,
            "DAY" => Self::Day,
            "HOUR" => Self::Hour,
            "MINUTE" => Self::Minute,
            "SECOND" => Self::Second,
            _ => return None,
        })
    }

    /// So many of it later; `None` beyond what can be computed.
    fn after(self, millis: i64, count: i64) -> Option<i64> {
        let months = match self {
            Self::Year => 12,
            Self::Quarter => 3,
            Self::Month => 1,
            Self::Week => return millis.checked_add(count * 7 * DAY_MS),
            Self::Day => return millis.checked_add(count * DAY_MS),
            Self::Hour => return millis.checked_add(count * 3_600_000),
            Self::Minute => return millis.checked_add(count * 60_000),
            Self::Second => return millis.checked_add(count * 1_000),
        };
        Moment::of(millis).plus_months(count * months).millis()
    }

    fn of(self, moment: Moment) -> i64 {
        match self {
            Self::Year => {
                if moment.year > 0 {
                    moment.year
                } else {
                    1 - moment.year
                }
            }
            Self::Quarter => (moment.month - 1) / 3 + 1,
            Self::Month => moment.month,
            Self::Week => moment.week().0,
            Self::Day => moment.day,
            Self::Hour => moment.day_ms / 3_600_000,
            Self::Minute => moment.day_ms / 60_000 % 60,
            Self::Second => moment.day_ms / 1_000 % 60,
        }
    }
}

/// The constant unit at a place; one that is not known changes nothing.
fn unit(
    name: &str,
    args: &[Arg<'_>],
    place: usize,
    any_case: bool,
) -> Result<Option<Unit>, String> {
    match args[place].constant.and_then(Value::as_text) {
        Some(text) if any_case => Ok(Unit::named(&text.to_ascii_uppercase())),
        Some(text) => Ok(Unit::named(text)),
        None => Err(format!("argument {} of `{name}` has to be a constant unit", place + 1)),
    }
}

/// `dateAdd` and `dateSub`. In the original `dateAdd` of a timestamp knows units in upper case
/// only.
fn moved(name: &'static str, args: &[Arg<'_>], sign: i64) -> Result<Bound, String> {
    takes(name, args, "string int string! | long int string! | string int string! string")?;
    let of_text = args[0].data_type == DataType::String;
    let unit = unit(name, args, 2, of_text || sign < 0)?;
    let state = (unit, sign, of_text.then(|| FormatArg::new(args, 3, DEFAULT)));
    prepared(name, DataType::String, state, |(unit, sign, pattern), env, args| {
        if let Some(null) = args.iter().position(Value::is_null) {
            return Err(Fault::null(&format!("argument {}", null + 1)));
        }
        let count = sign * i64::from(given::int(&args[1], "the number")?);
        let start = match pattern {
            Some(pattern) => pattern.read(env, args, 0)?,
            None => millis(&args[0])?,
        };
        let end = match unit {
            Some(unit) => unit.after(start, count),
            None => Some(start),
        };
        let end = end.ok_or_else(|| Fault::runtime("the date is too far away"))?;
        match pattern {
            Some(pattern) => pattern.write(args, end),
            None => Ok(Value::text(end.to_string())),
        }
    })
}

/// Whole days between two days.
fn date_diff(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "time:dateDiff";
    takes(name, args, "string string | string string string string | long long")?;
    let patterns = [FormatArg::new(args, 2, DEFAULT), FormatArg::new(args, 3, DEFAULT)];
    prepared(name, DataType::Long, patterns, |patterns, env, args| {
        let at = |i: usize| match &args[i] {
            Value::Str(_) => patterns[i].read(env, args, i),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Object(_) => millis(&args[i]),
        };
        Ok(Value::Long(at(0)?.saturating_sub(at(1)?) / DAY_MS))
    })
}

fn date_format(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "time:dateFormat";
    takes(name, args, "string string string | string string | long string")?;
    let source = (args[0].data_type == DataType::String).then(|| FormatArg::new(args, 2, DEFAULT));
    let state = (source, FormatArg::new(args, 1, DEFAULT));
    prepared(name, DataType::String, state, |(source, target), env, args| {
        let at = match source {
            Some(source) => source.read(env, args, 0)?,
            None => millis(&args[0])?,
        };
        target.write(args, at)
    })
}

/// Without a format only the text before the first blank is read, as a date.
fn day_of_week(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("time:dayOfWeek", args, "string string | string")?;
    let pattern = FormatArg::new(args, 1, "yyyy-MM-dd");
    prepared("time:dayOfWeek", DataType::String, pattern, |pattern, env, args| {
        let at = if args.len() == 1 {
            let text = given::text(&args[0], "the date")?;
            let date = text.split(' ').next().unwrap_or_default();
            pattern.read(env, &[Value::text(date)], 0)?
        } else {
            pattern.read(env, args, 0)?
        };
        Ok(Value::text(weekday_name(Moment::of(at))))
    })
}

/// A unit that is not known gives 0.
fn extract(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "time:extract";
    takes(name, args, "string! string string | string! string | long string!")?;
    let of_text = args[0].data_type == DataType::String;
    let unit = unit(name, args, usize::from(!of_text), true)?;
    let state = (unit, of_text.then(|| FormatArg::new(args, 2, DEFAULT)));
    prepared(name, DataType::Int, state, |(unit, pattern), env, args| {
        let at = match pattern {
            Some(pattern) => pattern.read(env, args, 1)?,
            None => millis(&args[0])?,
        };
        let number = unit.map_or(0, |unit| unit.of(Moment::of(at)));
        Ok(Value::Int(i32::try_from(number).unwrap_or(i32::MAX)))
    })
}

/// Without a date, or with a single null, the app's clock.
fn timestamp(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "time:timestampInMilliseconds";
    takes(name, args, "| string string | string")?;
    if args.is_empty() {
        return plain(name, DataType::Long, |env, _| Ok(Value::Long(env.now)));
    }
    let pattern = FormatArg::new(args, 1, DEFAULT);
    prepared(name, DataType::Long, pattern, |pattern, env, args| {
        if args.len() == 1 && args[0].is_null() {
            return Ok(Value::Long(env.now));
        }
        Ok(Value::Long(pattern.read(env, args, 0)?))
    })
}

/// What clocks in one zone show when those in another (UTC when not given) show a date.
fn timezone_convert(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "time:timezoneConvert";
    takes(name, args, "string string string | string string string string")?;
    let pattern = FormatArg::new(args, 1, DEFAULT);
    prepared(name, DataType::String, pattern, |pattern, env, args| {
        let shown = pattern.read(env, args, 0)?;
        let from = args.get(3).map_or(Ok(Zone::Fixed(0)), zone)?;
        let at = from.moment_of(shown);
        pattern.write(args, at.saturating_add(zone(&args[2])?.offset_ms(at)))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn call(name: &str, args: &[Value]) -> Result<Value, Fault> {
        let known: Vec<_> = args
            .iter()
            .map(|value| Arg {
                data_type: value.data_type().unwrap_or(DataType::String),
                constant: Some(value),
            })
            .collect();
        let random = Cell::new(1);
        let env = Env { now: 1_795_509_927_000, random: &random, tables: None, changes: None };
        let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
        (function.bind)(&known).unwrap().callable.call(&env, args)
    }

    // told by: reference 5.1.30, at this moment; the last two by its documentation
    #[test]
    fn the_clock_is_the_entry_s_and_zones_follow_their_rules() {
        let cases: &[(&str, &[Value], &str)] = &[
            ("currentDate", &[], "2026-11-24"),
            ("currentTime", &[], "08:45:27"),
            ("currentTimestamp", &[], "2026-11-24 08:45:27"),
            ("currentTimestamp", &["Asia/Colombo".into()], "2026-11-24 14:15:27"),
            ("currentTimestamp", &["EST".into()], "2026-11-24 03:45:27"),
            ("currentTimestamp", &["PST".into()], "2026-11-24 00:45:27"),
            ("currentTimestamp", &["+05:30".into()], "2026-11-24 14:15:27"),
            ("currentTimestamp", &["GMT+2".into()], "2026-11-24 10:45:27"),
            ("utcTimestamp", &[], "2026-11-24 08:45:27"),
            ("utcTimestamp", &["yyyy".into()], "2026"),
            (
                "timezoneConvert",
                &[
                    "2026-11-24 08:45".into(),
                    "yyyy-MM-dd HH:mm".into(),
                    "Asia/Colombo".into(),
                    "America/New_York".into(),
                ],
                "2026-11-24 19:15",
            ),
        ];
        for (name, args, told) in cases {
            assert_eq!(call(name, args), Ok(Value::text(*told)), "{name} {args:?}");
        }
        assert!(call("currentTimestamp", &["utc".into()]).is_err());
        let of_null = call("timestampInMilliseconds", &[Value::Null]);
        assert_eq!(of_null, Ok(Value::Long(1_795_509_927_000)));
    }
}
