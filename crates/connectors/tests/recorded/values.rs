//! Values and messages as recordings write them.

use bytes::Bytes;
use serde_json::Value as Json;
use weir_connectors::Payload;
use weir_event::{Object, Value};

/// A recorded value.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::text(text.as_str()),
        Json::Object(of) => {
            let number = |key: &str| of.get(key).map(|it| it.to_string().replace('"', ""));
            if let Some(text) = number("int") {
                Value::Int(text.parse().unwrap())
            } else if let Some(text) = number("long") {
                Value::Long(text.parse().unwrap())
            } else if let Some(text) = number("float") {
                Value::Float(text.parse().unwrap())
            } else if let Some(text) = number("double") {
                Value::Double(text.parse().unwrap())
            } else {
                object(json)
            }
        }
        Json::Number(_) | Json::Array(_) => panic!("not a recorded value: {json}"),
    }
}

fn object(json: &Json) -> Value {
    if let Some(entries) = json.get("entries").and_then(Json::as_array) {
        let entry = |it: &Json| (value(&it[0]), value(&it[1]));
        return Value::object(Object::Map(entries.iter().map(entry).collect()));
    }
    if let Some(items) = json.get("items").and_then(Json::as_array) {
        return Value::object(Object::List(items.iter().map(value).collect()));
    }
    Value::object(Object::Json(json["text"].as_str().unwrap_or_default().into()))
}

/// A recorded message as its transport would bring it.
pub(crate) fn payload(json: &Json) -> Payload {
    if let Some(hex) = json.get("hex").and_then(Json::as_str) {
        let digits: Vec<u32> = hex.chars().map(|it| it.to_digit(16).unwrap()).collect();
        let byte = |it: &[u32]| u8::try_from(it[0] * 16 + it[1]).unwrap();
        return Payload::Bytes(digits.chunks(2).map(byte).collect::<Bytes>());
    }
    let value = value(json);
    match value.as_text() {
        Some(text) => Payload::Text(text.clone()),
        None => Payload::Value(value),
    }
}

/// What a payload holds, for people.
pub(crate) fn shown(payload: &Payload) -> String {
    if let Payload::Text(text) = payload { text.to_string() } else { format!("{payload:?}") }
}

/// Whether a message is as recorded: JSON by what it says, other text without outer blanks.
pub(crate) fn same_text(got: &Payload, wanted: &Json) -> bool {
    match (got, wanted) {
        (Payload::Text(got), Json::String(wanted)) => {
            let parsed = |text: &str| serde_json::from_str::<Json>(text).ok();
            match (parsed(got), parsed(wanted)) {
                (Some(got), Some(wanted)) => got == wanted,
                (_, _) => got.trim() == wanted.trim(),
            }
        }
        (Payload::Map(got), Json::Object(_)) => {
            let got = got.iter().map(|(key, it)| (Value::Str(key.clone()), it.clone()));
            same_map(got.collect(), wanted)
        }
        (Payload::Value(Value::Object(object)), Json::Object(_)) => {
            matches!(&**object, Object::Map(entries) if same_map(entries.clone(), wanted))
        }
        _ => false,
    }
}

fn same_map(mut got: Vec<(Value, Value)>, wanted: &Json) -> bool {
    let Value::Object(object) = object(wanted) else { return false };
    let Object::Map(mut wanted) = Object::clone(&object) else { return false };
    let by_key = |a: &(Value, Value), b: &(Value, Value)| a.0.to_string().cmp(&b.0.to_string());
    got.sort_by(by_key);
    wanted.sort_by(by_key);
    got == wanted
}
