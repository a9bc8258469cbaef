//! Between JSON text and objects.

use weir_event::{DataType, Object, Text, Value, buckets, sort_as_hashed};
use weir_json::{Json, quote};

use super::read::{html_safe, parse, strict};
use crate::fault::Fault;
use crate::functions::signature::takes;
use crate::functions::{Arg, Bound, given, plain};

/// `json:toObject(text)`: null for what is no JSON.
pub(super) fn to_object(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("json:toObject", args, "string")?;
    plain("json:toObject", DataType::Object, |_, args| {
        let text = given::text(&args[0], "the JSON")?;
        Ok(parse(text).map(|json| hashed(json.into_value())).unwrap_or_default())
    })
}

/// The value with all maps within it in the order of the original's hash maps.
pub(super) fn hashed(value: Value) -> Value {
    let Value::Object(object) = &value else { return value };
    match &**object {
        Object::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| (key.clone(), hashed(value.clone()));
            let mut entries: Vec<_> = entries.iter().map(entry).collect();
            let buckets = buckets(entries.len());
            sort_as_hashed(&mut entries, buckets, |(key, _)| key);
            Value::object(Object::Map(entries))
        }
        Object::List(items) => {
            Value::object(Object::List(items.iter().cloned().map(hashed).collect()))
        }
        Object::Set(_)
        | Object::Bytes(_)
        | Object::Error { .. }
        | Object::Event { .. }
        | Object::Json(_) => value,
    }
}

/// `json:toString(json, allow.escape)`: with `true`, the text once more as a JSON string.
pub(super) fn to_string(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("json:toString", args, "string | object | string bool | object bool")?;
    plain("json:toString", DataType::String, |_, args| {
        let twice = args.get(1).map_or(Ok(false), |arg| given::truth(arg, "`allow.escape`"))?;
        if args.len() == 2 && args[0].is_null() {
            return Err(Fault::null("the JSON"));
        }
        let json = Json::of(&args[0])
            .ok_or_else(|| Fault::runtime("JSON has no words for NaN and infinity"))?;
        let once = html_safe(&json);
        Ok(Value::text(if twice { html_safe(&Json::Text(Text::from(once))) } else { once }))
    })
}

/// An object of JSON that is text, or of an object; null stays null.
///
/// # Errors
///
/// It is no JSON object.
pub(crate) fn json_of(value: &Value) -> Result<Value, Fault> {
    let json = match value {
        Value::Null => return Ok(Value::Null),
        Value::Str(text) => strict(text),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Object(_) => Json::of(value),
    };
    match json {
        Some(json @ Json::Object(_)) => Ok(hashed(with_longs(json.into_value()))),
        _ => Err(Fault::runtime(format!("`{value}` is no JSON object"))),
    }
}

/// The value with all whole numbers as `long`.
fn with_longs(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Long(i64::from(number)),
        Value::Object(object) => match &*object {
            Object::List(items) => {
                Value::object(Object::List(items.iter().cloned().map(with_longs).collect()))
            }
            Object::Map(entries) => {
                let entry =
                    |(key, value): &(Value, Value)| (key.clone(), with_longs(value.clone()));
                Value::object(Object::Map(entries.iter().map(entry).collect()))
            }
            Object::Set(_)
            | Object::Bytes(_)
            | Object::Error { .. }
            | Object::Event { .. }
            | Object::Json(_) => Value::Object(object),
        },
        value @ (Value::Null
        | Value::Bool(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Str(_)) => value,
    }
}

/// An object as JSON text.
pub(crate) fn json_text(value: &Value) -> Value {
    let mut out = String::new();
    Json::of(value).unwrap_or(Json::Null).write_with(slashes_escaped, &mut out);
    Value::text(out)
}

fn slashes_escaped(text: &str, out: &mut String) {
    let mut quoted = String::with_capacity(text.len() + 2);
    quote(text, &mut quoted);
    out.push_str(&quoted.replace('/', "\\/"));
}
