//! `str:`, which works on text. Positions count UTF-16 units.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use weir_event::{DataType, Object, Text, Value};

use super::pattern::Reach;
use super::regex::PatternArg;
use super::signature::takes;
use super::stream::{BoundStream, rows};
use super::{Arg, Bound, Function, core, given, numbers, plain, prepared, units};
use crate::fault::Fault;
use crate::scope::Env;

/// Bytes that a repeated text may have.
const REPEATED_BYTES_MAX: usize = 64 << 20;

/// A function that is not called with nulls.
macro_rules! strict {
    ($name:literal, $takes:literal, $gives:ident, $call:expr) => {
        Function {
            namespace: "str",
            name: $name,
            bind: |args| {
                let name = concat!("str:", $name);
                takes(name, args, $takes)?;
                plain(name, DataType::$gives, $call)
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    strict!("charAt", "string int", String, char_at),
    strict!("charFrequency", "string string", Long, char_frequency),
    string("coalesce", coalesce),
    string("concat", concat),
    strict!("contains", "string string", Bool, contains),
    strict!("equalsIgnoreCase", "string string", Bool, equals_ignore_case),
    strict!("fillTemplate", "string plain... | string object", String, fill_template),
    strict!("hex", "string", String, |_, args| {
        let units = given::text(&args[0], "the text")?.encode_utf16();
        Ok(Value::text(units.map(|unit| format!("{unit:x}")).collect::<String>()))
    }),
    strict!("length", "string", Int, |_, args| {
        Ok(count(units::len(given::text(&args[0], "the text")?)))
    }),
    strict!("locate", "string string | string string int", Int, locate),
    strict!("lower", "string", String, |_, args| {
        Ok(Value::text(given::text(&args[0], "the text")?.to_lowercase()))
    }),
    string("regexp", regexp),
    strict!("repeat", "string int", String, repeat),
    string("replaceAll", |args| replace("str:replaceAll", args, true)),
    string("replaceFirst", |args| replace("str:replaceFirst", args, false)),
    strict!("reverse", "string", String, |_, args| {
        Ok(Value::text(given::text(&args[0], "the text")?.chars().rev().collect::<String>()))
    }),
    string("split", split),
    strict!("strcmp", "string string", Int, compare),
    string("substr", substr),
    strict!("trim", "string", String, |_, args| {
        Ok(Value::text(given::text(&args[0], "the text")?.trim_matches(|c| c <= ' ')))
    }),
    strict!("unhex", "string", String, unhex),
    strict!("upper", "string", String, |_, args| {
        Ok(Value::text(given::text(&args[0], "the text")?.to_uppercase()))
    }),
];

const fn string(name: &'static str, bind: fn(&[Arg<'_>]) -> Result<Bound, String>) -> Function {
    Function { namespace: "str", name, bind }
}

fn count(number: usize) -> Value {
    Value::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

/// With one argument the original always gives null.
fn coalesce(args: &[Arg<'_>]) -> Result<Bound, String> {
    if let [arg] = args {
        return plain("str:coalesce", arg.data_type, |_, _| Ok(Value::Null));
    }
    core::coalesce("str:coalesce", args)
}

fn concat(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("str:concat", args, "string string...")?;
    plain("str:concat", DataType::String, |_, args| {
        let mut joined = Text::new();
        for arg in args.iter().filter(|arg| !arg.is_null()) {
            joined.push_str(given::text(arg, "the text")?);
        }
        Ok(Value::Str(joined))
    })
}

fn char_at(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the text")?;
    let index = given::int(&args[1], "the index")?;
    usize::try_from(index)
        .ok()
        .and_then(|at| units::slice(text, at, at + 1))
        .map(Value::text)
        .ok_or_else(|| Fault::runtime(format!("there is no character {index} in `{text}`")))
}

fn char_frequency(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the text")?;
    let wanted = given::text(&args[1], "the character")?;
    let mut chars = wanted.chars();
    match (chars.next(), chars.next()) {
        (Some(wanted), None) => {
            let found = text.chars().filter(|c| *c == wanted).count();
            Ok(Value::Long(i64::try_from(found).unwrap_or(i64::MAX)))
        }
        _ => Err(Fault::runtime(format!("`{wanted}` is not one character"))),
    }
}

fn contains(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    if args[0].is_null() {
        return Ok(false.into());
    }
    let text = given::text(&args[0], "the text")?;
    Ok(text.contains(given::text(&args[1], "the part")?.as_str()).into())
}

/// Characters are equal when they are so in upper case, or in lower case after that.
fn equals_ignore_case(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let left = given::text(&args[0], "the first text")?;
    if args[1].is_null() {
        return Ok(false.into());
    }
    let right = given::text(&args[1], "the second text")?;
    let folded = |text: &Text| text.chars().map(fold).collect::<Vec<_>>();
    Ok((left == right || folded(left) == folded(right)).into())
}

fn fold(c: char) -> char {
    fn single(mut chars: impl Iterator<Item = char>, or: char) -> char {
        match (chars.next(), chars.next()) {
            (Some(c), None) => c,
            _ => or,
        }
    }
    let upper = single(c.to_uppercase(), c);
    single(upper.to_lowercase(), upper)
}

/// Every second part between double braces is a key; they need not be in pairs.
fn fill_template(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let template = given::text(&args[0], "the template")?;
    let mut parts: Vec<&str> = template.split("{{").flat_map(|part| part.split("}}")).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let mut out = Text::new();
    for (i, part) in parts.iter().enumerate() {
        if i % 2 == 0 {
            out.push_str(part);
            continue;
        }
        let key = part.trim_matches(|c| c <= ' ');
        let value = replacement(args, key)?;
        if value.is_null() {
            out.push_str(key);
        } else {
            out.push_str(&value.to_string());
        }
    }
    Ok(Value::Str(out))
}

fn replacement<'a>(args: &'a [Value], key: &str) -> Result<&'a Value, Fault> {
    if let Value::Object(object) = &args[1]
        && let Object::Map(entries) = &**object
    {
        let found = entries.iter().find(|(known, _)| known.as_text().is_some_and(|it| it == key));
        return Ok(found.map_or(&Value::Null, |(_, value)| value));
    }
    numbers::whole::<usize>(key)
        .and_then(|number| args.get(number))
        .ok_or_else(|| Fault::runtime(format!("the template names `{key}`, which is not given")))
}

/// The place of the first text in the second from a place on; not found is one below that place.
fn locate(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let wanted = given::text(&args[0], "the part")?;
    let text = given::text(&args[1], "the text")?;
    let from = match args.get(2) {
        Some(from) => given::int(from, "the start")?,
        None => 0,
    };
    let start = usize::try_from(from).ok().and_then(|unit| units::byte_of(text, unit));
    let rest = start
        .and_then(|start| text.get(start..))
        .ok_or_else(|| Fault::runtime(format!("the start {from} is not within the text")))?;
    Ok(Value::Int(match rest.find(wanted.as_str()) {
        None => from - 1,
        Some(byte) => {
            let before = units::len(rest.get(..byte).unwrap_or_default());
            from + i32::try_from(before).unwrap_or(i32::MAX)
        }
    }))
}

fn regexp(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("str:regexp", args, "string string")?;
    let pattern = PatternArg::new(&args[1], Reach::Whole)?;
    prepared("str:regexp", DataType::Bool, pattern, |pattern, _, args| {
        let text = given::text(&args[0], "the text")?;
        Ok(pattern.of(&args[1], "the pattern")?.matches_from(text, 0)?.into())
    })
}

fn repeat(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the text")?;
    let times = usize::try_from(given::int(&args[1], "the number")?).unwrap_or(0);
    if text.len().saturating_mul(times) > REPEATED_BYTES_MAX {
        return Err(Fault::runtime(format!("the text repeated {times} times is too long")));
    }
    Ok(Value::text(text.repeat(times)))
}

fn replace(name: &'static str, args: &[Arg<'_>], all: bool) -> Result<Bound, String> {
    takes(name, args, "string string string")?;
    let pattern = PatternArg::lenient(&args[1], Reach::Part);
    prepared(name, DataType::String, (pattern, all), |(pattern, all), _, args| {
        let text = given::text(&args[0], "the text")?;
        let pattern = pattern.of(&args[1], "the pattern")?;
        let by = given::text(&args[2], "the replacement")?;
        Ok(Value::text(pattern.replace(text, by, *all)?))
    })
}

fn split(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("str:split", args, "string string int")?;
    let pattern = PatternArg::lenient(&args[1], Reach::Part);
    prepared("str:split", DataType::String, pattern, |pattern, _, args| {
        let text = given::text(&args[0], "the text")?;
        let pattern = pattern.of(&args[1], "the pattern")?;
        let index = given::int(&args[2], "the index")?;
        let parts = pattern.split(text)?;
        let part = usize::try_from(index).ok().and_then(|index| parts.get(index));
        let missing = || Fault::runtime(format!("there is no part {index} in `{text}`"));
        part.map(|part| Value::text(*part)).ok_or_else(missing)
    })
}

/// The difference of the first units that differ, or of the lengths.
fn compare(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let left = given::text(&args[0], "the first text")?;
    let right = given::text(&args[1], "the second text")?;
    Ok(Value::Int(difference(left, right)))
}

/// How the original compares text: by UTF-16 units.
pub(super) fn difference(left: &str, right: &str) -> i32 {
    let mut pairs = left.encode_utf16().zip(right.encode_utf16());
    if let Some((l, r)) = pairs.find(|(l, r)| l.cmp(r) != Ordering::Equal) {
        return i32::from(l) - i32::from(r);
    }
    let len = |text| i32::try_from(units::len(text)).unwrap_or(i32::MAX);
    len(left) - len(right)
}

fn substr(args: &[Arg<'_>]) -> Result<Bound, String> {
    let name = "str:substr";
    takes(name, args, "string int | string int int | string string | string string int")?;
    if args[1].data_type == DataType::Int {
        return plain(name, DataType::String, part);
    }
    let pattern = PatternArg::new(&args[1], Reach::Part)?;
    prepared(name, DataType::String, pattern, |pattern, _, args| {
        let text = given::text(&args[0], "the text")?;
        let pattern = pattern.of(&args[1], "the pattern")?;
        let Some(third) = args.get(2) else {
            return Ok(Value::text(pattern.first(text)?.unwrap_or_default()));
        };
        let number = given::int(third, "the group")?;
        let Some(groups) = pattern.groups(text)? else { return Ok(Value::text("")) };
        let known = usize::try_from(number).ok().filter(|number| *number < pattern.group_count());
        let known = known.ok_or_else(|| Fault::runtime(format!("there is no group {number}")))?;
        Ok(groups.get(known).map_or(Value::Null, |group| Value::text(group.as_str())))
    })
}

fn part(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the text")?;
    let begin = given::int(&args[1], "the begin")?;
    let end = match args.get(2) {
        Some(length) => begin.checked_add(given::int(length, "the length")?),
        None => i32::try_from(units::len(text)).ok(),
    };
    let end = end.and_then(|end| usize::try_from(end).ok());
    usize::try_from(begin)
        .ok()
        .zip(end)
        .and_then(|(begin, end)| units::slice(text, begin, end))
        .map(Value::text)
        .ok_or_else(|| Fault::runtime(format!("the part from {begin} is not within the text")))
}

/// Pairs of hexadecimal digits, a unit each.
fn unhex(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the text")?;
    let wrong = || Fault::runtime(format!("`{text}` is not made of pairs of hexadecimal digits"));
    let mut out = Text::new();
    for pair in text.as_bytes().chunks(2) {
        let digit = |i: usize| pair.get(i).and_then(|byte| char::from(*byte).to_digit(16));
        let (high, low) = digit(0).zip(digit(1)).ok_or_else(wrong)?;
        out.push(char::from_u32(high * 16 + low).ok_or_else(wrong)?);
    }
    Ok(Value::Str(out))
}

/// A row for each part between matches of a constant pattern, each part once where asked.
pub(super) fn tokenize(args: &[Arg<'_>]) -> BoundStream {
    takes("str:tokenize", args, "string string! | string string! bool!")?;
    let pattern = PatternArg::new(&args[1], Reach::Part)?;
    let once = args.get(2).is_some_and(|arg| arg.constant == Some(&Value::Bool(true)));
    let token = &[("token", DataType::String)];
    rows("str:tokenize", token, (pattern, once), |(pattern, once), _, args| {
        let text = given::text(&args[0], "the text")?;
        let mut parts = pattern.of(&args[1], "the pattern")?.split(text)?;
        if *once {
            let mut seen = BTreeSet::new();
            parts.retain(|part| seen.insert(*part));
        }
        Ok(parts.into_iter().map(|part| vec![Value::text(part)]).collect())
    })
}
