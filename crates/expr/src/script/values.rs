//! Values on their way into a script and out of it.

use rquickjs::{Array, Ctx, Error, Object as JsObject, Result, Value as Js};
use weir_event::{DataType, Object, Value};

use crate::fault::Fault;

/// How deep lists and maps may nest.
const DEPTH_MAX: u32 = 64;

/// The arguments, as the list a script knows as `data`.
pub(super) fn data<'js>(ctx: &Ctx<'js>, args: &[Value]) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (at, arg) in args.iter().enumerate() {
        array.set(at, into_script(ctx, arg)?)?;
    }
    Ok(array)
}

fn into_script<'js>(ctx: &Ctx<'js>, value: &Value) -> Result<Js<'js>> {
    Ok(match value {
        Value::Null => Js::new_null(ctx.clone()),
        Value::Bool(truth) => Js::new_bool(ctx.clone(), *truth),
        Value::Int(number) => Js::new_int(ctx.clone(), *number),
        Value::Long(number) => Js::new_number(ctx.clone(), *number as f64),
        Value::Float(number) => Js::new_number(ctx.clone(), f64::from(*number)),
        Value::Double(number) => Js::new_number(ctx.clone(), *number),
        Value::Str(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
        Value::Object(object) => match &**object {
            Object::List(items) | Object::Set(items) => data(ctx, items)?.into_value(),
            Object::Map(entries) => {
                let map = JsObject::new(ctx.clone())?;
                for (key, value) in entries {
                    map.set(key.to_string(), into_script(ctx, value)?)?;
                }
                map.into_value()
            }
            Object::Bytes(_) | Object::Error { .. } | Object::Event { .. } | Object::Json(_) => {
                rquickjs::String::from_str(ctx.clone(), &value.to_string())?.into_value()
            }
        },
    })
}

/// What a script answered, as a value of the declared type.
pub(super) fn answer(js: &Js<'_>, returns: DataType) -> std::result::Result<Value, Fault> {
    if js.is_null() || js.is_undefined() {
        return Ok(Value::Null);
    }
    let unfit = || {
        let held = js.type_name();
        Fault::runtime(format!("the function answered a {held}, not a {}", returns.word()))
    };
    let number = || js.as_number().ok_or_else(unfit);
    Ok(match returns {
        DataType::Bool => Value::Bool(js.as_bool().ok_or_else(unfit)?),
        DataType::Int => Value::Int(number()? as i32),
        DataType::Long => Value::Long(number()? as i64),
        DataType::Float => Value::Float(number()? as f32),
        DataType::Double => Value::Double(number()?),
        DataType::String if js.is_object() => return Err(unfit()),
        DataType::String => Value::text(match js.as_number() {
            // As the language writes a number.
            Some(number) => format!("{number}"),
            None => out_of_script(js, 0).map_err(|_| unfit())?.to_string(),
        }),
        DataType::Object => out_of_script(js, 0).map_err(|_| unfit())?,
    })
}

fn out_of_script(js: &Js<'_>, depth: u32) -> Result<Value> {
    if depth > DEPTH_MAX {
        return Err(Error::Unknown);
    }
    if let Some(truth) = js.as_bool() {
        return Ok(Value::Bool(truth));
    }
    if let Some(number) = js.as_int() {
        return Ok(Value::Int(number));
    }
    if let Some(number) = js.as_number() {
        return Ok(Value::Double(number));
    }
    if let Some(text) = js.as_string() {
        return Ok(Value::text(text.to_string()?));
    }
    if let Some(array) = js.as_array() {
        let items = array.iter::<Js<'_>>().map(|item| out_of_script(&item?, depth + 1));
        return Ok(Value::object(Object::List(items.collect::<Result<_>>()?)));
    }
    if let Some(object) = js.as_object().filter(|object| !object.is_function()) {
        let entry = |entry: Result<(String, Js<'_>)>| {
            let (key, value) = entry?;
            Ok((Value::text(key), out_of_script(&value, depth + 1)?))
        };
        let entries = object.props::<String, Js<'_>>().map(entry);
        return Ok(Value::object(Object::Map(entries.collect::<Result<_>>()?)));
    }
    Ok(Value::Null)
}
