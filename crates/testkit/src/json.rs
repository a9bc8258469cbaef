//! Values as scenarios write them.

use serde_json::{Map, Number, Value as Json, json};
use weir_event::{Object, Value};

/// A value of a scenario as a value of an event.
pub(crate) fn read(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(v) => Value::Bool(*v),
        Json::String(text) => Value::text(text.as_str()),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| Value::Double(n.as_f64().unwrap_or(f64::NAN)), Value::Long)
        }
        Json::Array(items) => Value::object(Object::List(items.iter().map(read).collect())),
        Json::Object(fields) => read_tagged(fields),
    }
}

fn read_tagged(fields: &Map<String, Json>) -> Value {
    if let Some(n) = fields.get("int").and_then(Json::as_i64) {
        return Value::Int(n as i32);
    }
    if let Some(n) = fields.get("long").and_then(Json::as_i64) {
        return Value::Long(n);
    }
    if let Some(n) = fields.get("float") {
        return Value::Float(number(n) as f32);
    }
    if let Some(n) = fields.get("double") {
        return Value::Double(number(n));
    }
    if let Some(entries) = fields.get("entries").and_then(Json::as_array) {
        let pair = |it: &Json| (read(&it[0]), read(&it[1]));
        return Value::object(Object::Map(entries.iter().map(pair).collect()));
    }
    if let Some(items) = fields.get("items").and_then(Json::as_array) {
        let items: Vec<Value> = items.iter().map(read).collect();
        let set = fields.get("object").and_then(Json::as_str).is_some_and(|it| it.contains("Set"));
        return Value::object(if set { Object::Set(items) } else { Object::List(items) });
    }
    if let Some(hex) = fields.get("hex").and_then(Json::as_str) {
        return Value::object(Object::Bytes(bytes(hex)));
    }
    Value::text(fields.get("text").and_then(Json::as_str).unwrap_or_default())
}

fn number(json: &Json) -> f64 {
    match json.as_str() {
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => json.as_f64().unwrap_or(f64::NAN),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// A value of an event as scenarios write it.
pub(crate) fn write(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(v) => Json::Bool(*v),
        Value::Int(v) => json!({ "int": v }),
        Value::Long(v) => json!({ "long": v }),
        Value::Float(v) => json!({ "float": write_number(shortest(*v)) }),
        Value::Double(v) => json!({ "double": write_number(*v) }),
        Value::Str(v) => Json::String(v.to_string()),
        Value::Object(object) => write_object(object, value),
    }
}

fn write_object(object: &Object, value: &Value) -> Json {
    let text = value.to_string();
    match object {
        Object::List(items) => json!({
            "object": "java.util.ArrayList", "text": text,
            "items": items.iter().map(write).collect::<Vec<_>>(),
        }),
        Object::Set(items) => json!({
            "object": "java.util.HashSet", "text": text,
            "items": items.iter().map(write).collect::<Vec<_>>(),
        }),
        Object::Map(entries) => json!({
            "object": "java.util.HashMap", "text": text,
            "entries": entries.iter().map(|(k, v)| json!([write(k), write(v)])).collect::<Vec<_>>(),
        }),
        Object::Bytes(bytes) => json!({
            "object": "byte[]", "text": text,
            "hex": bytes.iter().map(|b| format!("{b:02x}")).collect::<String>(),
        }),
        Object::Error { class, .. } => json!({ "object": class.as_str(), "text": text }),
        Object::Event { .. } | Object::Json(_) => json!({ "object": "object", "text": text }),
    }
}

/// The double that reads like the float: what other programs make of the float's text.
fn shortest(v: f32) -> f64 {
    weir_event::float_text(v).parse().unwrap_or(f64::from(v))
}

fn write_number(v: f64) -> Json {
    if v.is_nan() {
        return Json::from("NaN");
    }
    if v.is_infinite() {
        return Json::from(if v > 0.0 { "Infinity" } else { "-Infinity" });
    }
    Number::from_f64(v).map_or(Json::Null, Json::Number)
}
