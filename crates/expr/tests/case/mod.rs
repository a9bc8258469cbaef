//! Reads one case and computes it with the functions under test.

use std::cell::Cell;
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

use weir_event::{DataType, Object, Value};
use weir_expr::{Arg, Env, Fault, function, stream_function};

/// A call or one of its arguments.
pub(crate) enum Case {
    /// Known when the app is created.
    Constant(Value, DataType),
    /// Known when the event comes.
    Attribute(Value, DataType),
    /// A function of arguments.
    Call { stream: bool, namespace: String, name: String, args: Vec<Case> },
}

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        let mut chars = text.chars().peekable();
        let case = read(&mut chars);
        assert_eq!(chars.next(), None, "the case ends with its call: {text}");
        case
    }
}

fn read(chars: &mut Peekable<Chars<'_>>) -> Case {
    while chars.next_if_eq(&' ').is_some() {}
    match chars.peek().expect("something follows") {
        '@' => {
            chars.next();
            attribute(chars)
        }
        '\'' | '"' => {
            let quote = chars.next().expect("peeked");
            let text: String = chars.by_ref().take_while(|c| *c != quote).collect();
            Case::Constant(Value::text(text), DataType::String)
        }
        '0'..='9' | '-' => {
            let (value, data_type) = number(&word(chars));
            Case::Constant(value, data_type)
        }
        _ => call(chars),
    }
}

fn attribute(chars: &mut Peekable<Chars<'_>>) -> Case {
    if chars.next_if_eq(&'"').is_some() {
        return Case::Attribute(Value::text(escaped(chars)), DataType::String);
    }
    let text = word(chars);
    let (value, data_type) = match text.split_once(':') {
        Some(("null", name)) => (Value::Null, data_type(name)),
        Some(("long", digits)) => (Value::Long(digits.parse().expect("a number")), DataType::Long),
        Some(("float", digits)) => {
            (Value::Float(digits.parse().expect("a number")), DataType::Float)
        }
        Some(("double", digits)) => {
            (Value::Double(digits.parse().expect("a number")), DataType::Double)
        }
        _ => number(&text),
    };
    Case::Attribute(value, data_type)
}

/// Text up to its closing quote, with the escapes of JSON.
fn escaped(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    let mut units = Vec::new();
    loop {
        let c = chars.next().expect("text ends with a quote");
        if c == '\\' && chars.next_if_eq(&'u').is_some() {
            let digits: String = chars.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&digits, 16).expect("four digits"));
            continue;
        }
        text += &String::from_utf16_lossy(&std::mem::take(&mut units));
        match c {
            '"' => return text,
            '\\' => text.push(match chars.next().expect("an escape has a letter") {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                other => other,
            }),
            other => text.push(other),
        }
    }
}

fn word(chars: &mut Peekable<Chars<'_>>) -> String {
    std::iter::from_fn(|| chars.next_if(|c| !matches!(c, ',' | ')' | ' ' | '('))).collect()
}

fn data_type(name: &str) -> DataType {
    use DataType::{Bool, Double, Float, Int, Long, Object, String};
    [Bool, Double, Float, Int, Long, Object, String]
        .into_iter()
        .find(|data_type| data_type.word() == name)
        .expect("a type")
}

fn number(text: &str) -> (Value, DataType) {
    if let Ok(truth) = text.parse() {
        return (Value::Bool(truth), DataType::Bool);
    }
    if let Some(long) = text.strip_suffix('L') {
        return (Value::Long(long.parse().expect("a number")), DataType::Long);
    }
    if let Some(float) = text.strip_suffix('f') {
        return (Value::Float(float.parse().expect("a number")), DataType::Float);
    }
    match text.parse() {
        Ok(int) => (Value::Int(int), DataType::Int),
        Err(_) => (Value::Double(text.parse().expect("a number")), DataType::Double),
    }
}

fn call(chars: &mut Peekable<Chars<'_>>) -> Case {
    let stream = chars.next_if_eq(&'#').is_some();
    let text = word(chars);
    if text == "true" || text == "false" {
        return Case::Constant(Value::Bool(text == "true"), DataType::Bool);
    }
    let (namespace, name) = text.split_once(':').unwrap_or(("", &text));
    assert_eq!(chars.next(), Some('('), "a call has arguments: {text}");
    let mut args = Vec::new();
    while chars.next_if(|c| matches!(c, ',' | ' ')).is_some() || chars.peek() != Some(&')') {
        while chars.next_if_eq(&' ').is_some() {}
        args.push(read(chars));
    }
    chars.next();
    Case::Call { stream, namespace: namespace.into(), name: name.into(), args }
}

/// What came out of a case that was not refused.
struct Outcome {
    data_type: DataType,
    constant: bool,
    value: Result<Value, Fault>,
}

fn outcome(case: &Case, env: &Env<'_>) -> Result<Outcome, String> {
    match case {
        Case::Constant(value, data_type) => {
            Ok(Outcome { data_type: *data_type, constant: true, value: Ok(value.clone()) })
        }
        Case::Attribute(value, data_type) => {
            Ok(Outcome { data_type: *data_type, constant: false, value: Ok(value.clone()) })
        }
        Case::Call { namespace, name, args, .. } => {
            let args = outcomes(args, env)?;
            let kind = function(namespace, name).ok_or("no such function")?;
            let bound = (kind.bind)(&known(&args))?;
            let value = values(args).and_then(|values| bound.callable.call(env, &values));
            Ok(Outcome { data_type: bound.data_type, constant: false, value })
        }
    }
}

fn outcomes(args: &[Case], env: &Env<'_>) -> Result<Vec<Outcome>, String> {
    args.iter().map(|arg| outcome(arg, env)).collect()
}

fn known(args: &[Outcome]) -> Vec<Arg<'_>> {
    args.iter()
        .map(|arg| Arg {
            data_type: arg.data_type,
            constant: arg.value.as_ref().ok().filter(|_| arg.constant),
        })
        .collect()
}

fn values(args: Vec<Outcome>) -> Result<Vec<Value>, Fault> {
    args.into_iter().map(|arg| arg.value).collect()
}

/// The answer to a case, in the notation of the files.
pub(crate) fn answer(case: &Case) -> String {
    let random = Cell::new(1);
    let env = Env { now: 1_795_509_928_474, random: &random, tables: None, changes: None };
    if let Case::Call { stream: true, namespace, name, args } = case {
        return rows(namespace, name, args, &env).unwrap_or_else(|_| "refused".into());
    }
    match outcome(case, &env) {
        Err(_) => "refused".into(),
        Ok(Outcome { data_type, value, .. }) => match value {
            Ok(value) => format!("{data_type}: {}", shown(&value)),
            Err(fault) => format!("{data_type}: fault {}", fault.class),
        },
    }
}

fn rows(namespace: &str, name: &str, args: &[Case], env: &Env<'_>) -> Result<String, String> {
    let args = outcomes(args, env)?;
    let kind = stream_function(namespace, name).ok_or("no such stream function")?;
    let bound = (kind.bind)(&known(&args))?;
    let attributes: Vec<_> =
        bound.attributes().iter().map(|a| format!("{} {}", a.name, a.data_type)).collect();
    let answer = match values(args).and_then(|values| bound.call(env, &values)) {
        Err(fault) => format!("fault {}", fault.class),
        Ok(rows) if rows.is_empty() => "nothing".into(),
        Ok(rows) => {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| row.iter().map(shown).collect::<Vec<_>>().join(", "))
                .collect();
            rows.join(" ; ")
        }
    };
    Ok(format!("{}: {answer}", attributes.join(", ")))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) => value.to_string(),
        Value::Long(_) => format!("{value}L"),
        Value::Float(_) => format!("{value}f"),
        Value::Str(text) => quoted(text),
        Value::Object(object) => {
            let kind = match &**object {
                Object::List(_) => "list",
                Object::Map(_) => "map",
                Object::Set(_) => "set",
                Object::Bytes(_) => "bytes",
                Object::Error { .. } => "error",
                Object::Event { .. } => "event",
                Object::Json(_) => "json",
            };
            format!("{kind} {}", quoted(&object.to_string()))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("text takes all");
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
