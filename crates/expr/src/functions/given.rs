//! Arguments of a call as plain values: what is null or of another type becomes a fault.

use std::borrow::Cow;

use weir_event::{Object, Text, Value};

use crate::fault::Fault;

/// The fault of a value that is null, or of another type than `wanted`.
fn unfit(value: &Value, what: &str, wanted: &str) -> Fault {
    if value.is_null() { Fault::null(what) } else { Fault::wrong_type(value, wanted) }
}

/// The text, which may not be null.
pub(super) fn text<'a>(value: &'a Value, what: &str) -> Result<&'a Text, Fault> {
    value.as_text().ok_or_else(|| unfit(value, what, "string"))
}

/// The `int`, which may not be null.
pub(super) fn int(value: &Value, what: &str) -> Result<i32, Fault> {
    if let Value::Int(number) = value { Ok(*number) } else { Err(unfit(value, what, "int")) }
}

/// The number of any type, widened to `double`, which may not be null.
pub(super) fn double(value: &Value, what: &str) -> Result<f64, Fault> {
    value.as_f64().ok_or_else(|| unfit(value, what, "double"))
}

/// The members of the set, which may not be null.
pub(super) fn set<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], Fault> {
    match value {
        Value::Object(object) if let Object::Set(items) = &**object => Ok(items),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Str(_)
        | Value::Object(_) => Err(unfit(value, what, "set")),
    }
}
/// The `bool`, which may not be null.
pub(super) fn truth(value: &Value, what: &str) -> Result<bool, Fault> {
    if let Value::Bool(truth) = value { Ok(*truth) } else { Err(unfit(value, what, "bool")) }
}

/// The members of the list, which may not be null.
pub(super) fn list<'a>(value: &'a Value, what: &str) -> Result<Cow<'a, [Value]>, Fault> {
    if let Value::Object(object) = value
        && let Object::List(items) = &**object
    {
        return Ok(Cow::Borrowed(items));
    }
    Err(unfit(value, what, "list"))
}

/// The entries of the map, which may not be null.
pub(super) fn map<'a>(value: &'a Value, what: &str) -> Result<&'a [(Value, Value)], Fault> {
    if let Value::Object(object) = value
        && let Object::Map(entries) = &**object
    {
        return Ok(entries);
    }
    Err(unfit(value, what, "map"))
}
