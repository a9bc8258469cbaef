//! `json:setElement(json, path, element, key)`: puts something where a path leads.

use weir_event::{DataType, Object, Value};
use weir_json::{Json, Path, Place};

use super::read::{given_json, given_path, path_of, strict};
use crate::fault::Fault;
use crate::functions::signature::takes;
use crate::functions::{Arg, Bound, given, prepared};

/// What is done where the path leads.
enum Change {
    /// The element comes at the end of the list there.
    Add(Value),
    /// The element becomes the value of a key of the object there.
    Put(Value, Value),
    /// The element takes the place of what is there.
    Set(Value),
}

pub(super) fn set_element(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes(
        "json:setElement",
        args,
        "string string any | object string any | string string any string \
         | object string any string",
    )?;
    prepared("json:setElement", DataType::Object, path_of(args), |path, _, args| {
        let json = given_json(&args[0])?;
        let path = given_path(path.as_ref(), &args[1])?;
        if let Some(key) = args.get(3) {
            given::text(key, "the key")?;
        }
        let change = change(&json, &path, args)?;
        let mut root = json.clone().into_value();
        for place in path.places(&json) {
            // The original stops at the first place where the change cannot be made.
            match changed(&root, &place, &change) {
                Some(new) => root = new,
                None => break,
            }
        }
        Ok(root)
    })
}

fn change(json: &Json, path: &Path, args: &[Value]) -> Result<Change, Fault> {
    let list = matches!(path.find(json).as_deref(), Some(Json::List(_)));
    match args.get(3) {
        _ if list => Ok(Change::Add(element(&args[2])?)),
        Some(key) => Ok(Change::Put(key.clone(), element(&args[2])?)),
        None => Ok(Change::Set(args[2].clone())),
    }
}

/// The element: text that is a JSON object or list stands for that, numbers as `double`.
fn element(value: &Value) -> Result<Value, Fault> {
    if value.is_null() {
        return Err(Fault::null("the element"));
    }
    let Value::Str(text) = value else { return Ok(value.clone()) };
    if text.trim().is_empty() {
        return Ok(value.clone());
    }
    match strict(text) {
        Some(json @ (Json::Object(_) | Json::List(_))) => Ok(with_doubles(json)),
        Some(_) => Ok(value.clone()),
        None => Err(Fault::runtime(format!("`{text}` is not valid JSON"))),
    }
}

fn with_doubles(json: Json) -> Value {
    match json {
        Json::Whole(digits) => Value::Double(digits.parse().unwrap_or(f64::NAN)),
        Json::List(items) => {
            Value::object(Object::List(items.into_iter().map(with_doubles).collect()))
        }
        Json::Object(entries) => {
            let entry = |(name, json)| (Value::Str(name), with_doubles(json));
            Value::object(Object::Map(entries.into_iter().map(entry).collect()))
        }
        Json::Null | Json::Bool(_) | Json::Decimal(_) | Json::Text(_) => json.into_value(),
    }
}

/// A value with a change below it; `None` where it cannot be made.
fn changed(value: &Value, place: &[Place], change: &Change) -> Option<Value> {
    let Some((step, rest)) = place.split_first() else { return there(value, change) };
    let Value::Object(object) = value else { return None };
    let new = match (&**object, step) {
        (Object::Map(entries), Place::Name(name)) => {
            let mut entries = entries.clone();
            let held = entries.iter_mut().find(|(key, _)| key.as_text() == Some(name))?;
            held.1 = below(&held.1, rest, change)?;
            Object::Map(entries)
        }
        (Object::List(items), Place::Index(at)) => {
            let mut items = items.clone();
            let held = items.get_mut(*at)?;
            *held = below(held, rest, change)?;
            Object::List(items)
        }
        _ => return None,
    };
    Some(Value::object(new))
}

/// What stands one step down after the change; only there may it be replaced as a whole.
fn below(value: &Value, place: &[Place], change: &Change) -> Option<Value> {
    match change {
        Change::Set(new) if place.is_empty() => Some(new.clone()),
        Change::Set(_) | Change::Add(_) | Change::Put(..) => changed(value, place, change),
    }
}

fn there(value: &Value, change: &Change) -> Option<Value> {
    let Value::Object(object) = value else { return None };
    match (&**object, change) {
        (Object::List(items), Change::Add(new)) => {
            let mut items = items.clone();
            items.push(new.clone());
            Some(Value::object(Object::List(items)))
        }
        (Object::Map(entries), Change::Put(key, new)) => {
            let mut entries = entries.clone();
            match entries.iter_mut().find(|(known, _)| known == key) {
                Some((_, held)) => *held = new.clone(),
                None => entries.push((key.clone(), new.clone())),
            }
            Some(Value::object(Object::Map(entries)))
        }
        _ => None,
    }
}
