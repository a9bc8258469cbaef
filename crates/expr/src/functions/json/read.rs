//! Functions that read what is at a path.

use std::borrow::Cow;

use weir_event::{DataType, Value};
use weir_json::{Dialect, Json, Path, Reader, quote_for_html};

use super::change::set_element;
use super::text::{to_object, to_string};
use crate::fault::Fault;
use crate::functions::signature::takes;
use crate::functions::{Arg, Function, given, numbers, prepared};

/// A function of JSON and a path.
macro_rules! at_path {
    ($name:literal, $gives:ident, $call:expr) => {
        Function {
            namespace: "json",
            name: $name,
            bind: |args| {
                let name = concat!("json:", $name);
                takes(name, args, "string string | object string")?;
                prepared(name, DataType::$gives, path_of(args), |path, _, args| {
                    let json = given_json(&args[0])?;
                    let path = given_path(path.as_ref(), &args[1])?;
                    let answer: fn(Option<Cow<'_, Json>>) -> Value = $call;
                    Ok(answer(path.find(&json)))
                })
            },
        }
    };
}

pub(in crate::functions) const FUNCTIONS: &[Function] = &[
    at_path!("getBool", Bool, |found| {
        let text = one_text(found).unwrap_or_default().to_ascii_lowercase();
        match text.as_str() {
            "true" => Value::Bool(true),
            // The original gives null, which counts as false wherever a bool is declared.
            _ => Value::Bool(false),
        }
    }),
    at_path!("getDouble", Double, |found| number(found, numbers::double)),
    at_path!("getFloat", Float, |found| number(found, numbers::float)),
    at_path!("getInt", Int, |found| number(found, numbers::whole::<i32>)),
    at_path!("getLong", Long, |found| number(found, numbers::whole::<i64>)),
    at_path!("getObject", Object, |found| match found.map(Cow::into_owned) {
        None => Value::Null,
        Some(Json::List(mut items)) if items.len() == 1 => {
            items.pop().map(Json::into_value).unwrap_or_default()
        }
        Some(json) => json.into_value(),
    }),
    at_path!("getString", String, |found| match found.as_deref() {
        None | Some(Json::Null) => Value::Null,
        Some(Json::Text(text)) => Value::Str(text.clone()),
        Some(json) => Value::text(html_safe(json)),
    }),
    at_path!("isExists", Bool, |found| Value::Bool(found.is_some())),
    Function { namespace: "json", name: "setElement", bind: set_element },
    Function { namespace: "json", name: "toObject", bind: to_object },
    Function { namespace: "json", name: "toString", bind: to_string },
];

/// A path that is known when the app is created.
pub(super) fn path_of(args: &[Arg<'_>]) -> Option<Path> {
    let text = args.get(1)?.constant?.as_text()?;
    Path::parse(text).ok()
}

/// The path known before, or the one given.
pub(super) fn given_path<'a>(
    known: Option<&'a Path>,
    value: &Value,
) -> Result<Cow<'a, Path>, Fault> {
    match known {
        Some(path) => Ok(Cow::Borrowed(path)),
        None => {
            let text = given::text(value, "the path")?;
            Path::parse(text).map(Cow::Owned).map_err(Fault::runtime)
        }
    }
}

/// The tree of JSON that is text, or of an object.
pub(super) fn given_json(value: &Value) -> Result<Json, Fault> {
    let json = match value {
        Value::Str(text) if text.is_empty() => None,
        Value::Str(text) => parse(text),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Object(_) => Json::of(value),
    };
    match json {
        Some(Json::Null) | None => Err(Fault::runtime(format!("`{value}` is not valid JSON"))),
        Some(json) => Ok(json),
    }
}

/// The tree of a text that is JSON, also in a loose hand: other text stands for itself.
pub(super) fn parse(text: &str) -> Option<Json> {
    let bare = |text: &str| !text.trim_start().starts_with(['{', '[', '"', '\'']);
    strict(text).or_else(|| bare(text).then(|| Json::Text(text.into())))
}

/// The tree of a text that is JSON as a whole.
pub(super) fn strict(text: &str) -> Option<Json> {
    let mut reader = Reader::new(text, Dialect::Lenient);
    let json = Json::read(&mut reader).ok()?;
    reader.finish().ok()?;
    Some(json)
}

/// JSON text in which nothing has a meaning in HTML.
pub(super) fn html_safe(json: &Json) -> String {
    let mut out = String::new();
    json.write_with(quote_for_html, &mut out);
    out
}

/// The text of what was found, if that is one value.
fn one_text(found: Option<Cow<'_, Json>>) -> Option<weir_event::Text> {
    let found = found?;
    let one = if let Json::List(items) = &*found {
        let [item] = &items[..] else { return None };
        item
    } else {
        &*found
    };
    (*one != Json::Null).then(|| one.bare_text())
}

fn number<T: Into<Value>>(found: Option<Cow<'_, Json>>, read: impl Fn(&str) -> Option<T>) -> Value {
    one_text(found).and_then(|text| read(&text)).map_or(Value::Null, Into::into)
}
