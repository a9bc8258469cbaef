//! A map as JSON text, in the words of `map:toJSON`.

use weir_event::{Object, Text, Value, buckets, sort_as_hashed};
use weir_json::Json;

/// The JSON of a map: null values are left out, whole numbers lose their fraction.
pub(in crate::functions) fn of_map(entries: &[(Value, Value)]) -> String {
    let mut out = String::new();
    tree(entries).write_with(quote, &mut out);
    out
}

fn tree(entries: &[(Value, Value)]) -> Json {
    let named = entries.iter().filter(|(_, value)| !value.is_null());
    let mut named: Vec<(Value, Json)> =
        named.map(|(key, value)| (Value::text(key.to_string()), part(value))).collect();
    let buckets = buckets(named.len());
    sort_as_hashed(&mut named, buckets, |(key, _)| key);
    let name = |(key, json): (Value, Json)| (Text::from(key.to_string()), json);
    Json::Object(named.into_iter().map(name).collect())
}

fn part(value: &Value) -> Json {
    match value {
        Value::Float(number) => short(f64::from(*number), value),
        Value::Double(number) => short(*number, value),
        Value::Object(object) => match &**object {
            Object::Map(entries) => tree(entries),
            Object::List(items) | Object::Set(items) => {
                Json::List(items.iter().map(part).collect())
            }
            Object::Bytes(_) | Object::Error { .. } | Object::Event { .. } | Object::Json(_) => {
                Json::of(value).unwrap_or(Json::Null)
            }
        },
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Str(_) => {
            Json::of(value).unwrap_or(Json::Null)
        }
    }
}

/// A number without zeros at the end of its fraction.
fn short(number: f64, value: &Value) -> Json {
    if !number.is_finite() {
        return Json::Null;
    }
    let mut text = value.to_string();
    if text.contains('.') && !text.contains(['e', 'E']) {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    Json::Whole(Text::from(text))
}

/// Writes text in quotes, with all escaped that is not letters of the usual scripts.
pub(in crate::functions) fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut before = '\0';
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '/' if before == '<' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{80}'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
        before = c;
    }
    out.push('"');
}
