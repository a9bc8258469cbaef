//! The functions of the core, which have no namespace.

use weir_event::{DataType, Object, Value};

use super::signature::takes;
use super::{Arg, Bound, Function, given, numbers, plain, prepared};
use crate::fault::Fault;
use crate::scope::Env;

pub(super) const FUNCTIONS: &[Function] = &[
    core("cast", cast),
    core("coalesce", |args| coalesce("coalesce", args)),
    core("convert", convert),
    core("createSet", |args| {
        takes("createSet", args, "plain")?;
        plain("createSet", DataType::Object, |_, args| {
            Ok(Value::object(Object::Set(vec![args[0].clone()])))
        })
    }),
    core("currentTimeMillis", |args| {
        takes("currentTimeMillis", args, "")?;
        plain("currentTimeMillis", DataType::Long, |env, _| Ok(Value::Long(env.now)))
    }),
    core("default", default),
    core("instanceOfBoolean", |args| {
        takes("instanceOfBoolean", args, "any")?;
        is_a("instanceOfBoolean", |_, args| Ok(matches!(args[0], Value::Bool(_)).into()))
    }),
    core("instanceOfDouble", |args| {
        takes("instanceOfDouble", args, "any")?;
        is_a("instanceOfDouble", |_, args| Ok(matches!(args[0], Value::Double(_)).into()))
    }),
    core("instanceOfFloat", |args| {
        takes("instanceOfFloat", args, "any")?;
        is_a("instanceOfFloat", |_, args| Ok(matches!(args[0], Value::Float(_)).into()))
    }),
    core("instanceOfInteger", |args| {
        takes("instanceOfInteger", args, "any")?;
        is_a("instanceOfInteger", |_, args| Ok(matches!(args[0], Value::Int(_)).into()))
    }),
    core("instanceOfLong", |args| {
        takes("instanceOfLong", args, "any")?;
        is_a("instanceOfLong", |_, args| Ok(matches!(args[0], Value::Long(_)).into()))
    }),
    core("instanceOfString", |args| {
        takes("instanceOfString", args, "any")?;
        is_a("instanceOfString", |_, args| Ok(matches!(args[0], Value::Str(_)).into()))
    }),
    core("maximum", |args| extreme("maximum", args, maximum)),
    core("minimum", |args| extreme("minimum", args, minimum)),
    core("sizeOfSet", |args| {
        takes("sizeOfSet", args, "object")?;
        plain("sizeOfSet", DataType::Int, |_, args| size_of_set(&args[0]))
    }),
    core("UUID", |args| {
        takes("UUID", args, "")?;
        plain("UUID", DataType::String, |env, _| Ok(Value::text(uuid(env))))
    }),
];

const fn core(name: &'static str, bind: fn(&[Arg<'_>]) -> Result<Bound, String>) -> Function {
    Function { namespace: "", name, bind }
}

fn is_a(name: &'static str, call: super::Plain) -> Result<Bound, String> {
    plain(name, DataType::Bool, call)
}

/// The type that the constant text in `arg` names, in any case; `object` is not among them.
pub(super) fn named_type(function: &str, arg: &Arg<'_>) -> Result<DataType, String> {
    let types = "`int`, `long`, `float`, `double`, `string` and `bool`";
    let Some(Value::Str(name)) = arg.constant else {
        return Err(format!("argument 2 of `{function}` has to be a constant, one of {types}"));
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "int" => DataType::Int,
        "long" => DataType::Long,
        "float" => DataType::Float,
        "double" => DataType::Double,
        "string" => DataType::String,
        "bool" => DataType::Bool,
        _ => return Err(format!("`{function}` knows the types {types}, not `{name}`")),
    })
}

/// Only changes the declared type, but for `int` to `long`.
fn cast(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("cast", args, "any string")?;
    let data_type = named_type("cast", &args[1])?;
    if data_type == DataType::Long {
        return plain("cast", data_type, |_, args| {
            if let Value::Int(number) = args[0] {
                return Ok(Value::Long(i64::from(number)));
            }
            Ok(args[0].clone())
        });
    }
    plain("cast", data_type, |_, args| Ok(args[0].clone()))
}

/// The first argument that is not null, for `name` with arguments of one type.
pub(super) fn coalesce(name: &'static str, args: &[Arg<'_>]) -> Result<Bound, String> {
    takes(name, args, "any...")?;
    let data_type = one_type(name, args)?;
    plain(name, data_type, |_, args| {
        Ok(args.iter().find(|arg| !arg.is_null()).cloned().unwrap_or_default())
    })
}

fn one_type(name: &str, args: &[Arg<'_>]) -> Result<DataType, String> {
    let data_type = args[0].data_type;
    match args.iter().find(|arg| arg.data_type != data_type) {
        None => Ok(data_type),
        Some(other) => Err(format!(
            "the arguments of `{name}` have to be of one type, not `{data_type}` and `{}`",
            other.data_type
        )),
    }
}

fn default(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("default", args, "any any!")?;
    let data_type = one_type("default", args)?;
    plain("default", data_type, |_, args| {
        Ok(if args[0].is_null() { args[1].clone() } else { args[0].clone() })
    })
}

fn convert(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("convert", args, "any string")?;
    let data_type = named_type("convert", &args[1])?;
    if args[0].data_type == DataType::Object && data_type != DataType::String {
        return Err(format!(
            "`convert` makes nothing but a string of an object, not `{data_type}`"
        ));
    }
    prepared("convert", data_type, data_type, |to, _, args| Ok(converted(&args[0], *to)))
}

/// The value as another type; null where the text does not read as one.
fn converted(value: &Value, to: DataType) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Str(text) => match to {
            DataType::Int => numbers::whole(text).map_or(Value::Null, Value::Int),
            DataType::Long => numbers::whole(text).map_or(Value::Null, Value::Long),
            DataType::Float => numbers::float(text).map_or(Value::Null, Value::Float),
            DataType::Double => numbers::double(text).map_or(Value::Null, Value::Double),
            DataType::Bool => Value::Bool(text.eq_ignore_ascii_case("true")),
            DataType::String | DataType::Object => value.clone(),
        },
        Value::Bool(truth) => match to {
            DataType::Int => Value::Int(i32::from(*truth)),
            DataType::Long => Value::Long(i64::from(*truth)),
            DataType::Float => Value::Float(f32::from(u8::from(*truth))),
            DataType::Double => Value::Double(f64::from(u8::from(*truth))),
            DataType::Bool => value.clone(),
            DataType::String | DataType::Object => Value::text(value.to_string()),
        },
        Value::Int(v) => number(value, to, *v, i64::from(*v), *v as f32, f64::from(*v)),
        Value::Long(v) => number(value, to, *v as i32, *v, *v as f32, *v as f64),
        Value::Float(v) => number(value, to, *v as i32, *v as i64, *v, f64::from(*v)),
        Value::Double(v) => number(value, to, *v as i32, *v as i64, *v as f32, *v),
        Value::Object(_) => Value::text(value.to_string()),
    }
}

fn number(value: &Value, to: DataType, int: i32, long: i64, float: f32, double: f64) -> Value {
    match to {
        DataType::Int => Value::Int(int),
        DataType::Long => Value::Long(long),
        DataType::Float => Value::Float(float),
        DataType::Double => Value::Double(double),
        DataType::Bool => Value::Bool(double == 1.0),
        DataType::String | DataType::Object => Value::text(value.to_string()),
    }
}

fn extreme(name: &'static str, args: &[Arg<'_>], call: super::Plain) -> Result<Bound, String> {
    takes(name, args, "num...")?;
    let data_type = one_type(name, args)?;
    if args.len() == 1 {
        return plain(name, data_type, |_, args| Ok(args[0].clone()));
    }
    prepared(name, data_type, (data_type, call), |(data_type, call), env, args| {
        Ok(converted(&call(env, args)?, *data_type))
    })
}

/// Numbers are compared as `double`, and the search starts from the smallest positive one: so it
/// is in the original, and negative numbers never win.
fn maximum(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let start = f64::from_bits(1);
    Ok(Value::Double(doubles(args)?.fold(start, |best, v| if v > best { v } else { best })))
}

fn minimum(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Double(doubles(args)?.fold(f64::MAX, |best, v| if v < best { v } else { best })))
}

fn doubles(args: &[Value]) -> Result<impl Iterator<Item = f64>, Fault> {
    match args.iter().find(|arg| !arg.is_null() && arg.as_f64().is_none()) {
        Some(other) => Err(Fault::wrong_type(other, "double")),
        None => Ok(args.iter().filter_map(Value::as_f64)),
    }
}

fn size_of_set(set: &Value) -> Result<Value, Fault> {
    let size = if set.is_null() { 0 } else { given::set(set, "the set")?.len() };
    Ok(Value::Int(i32::try_from(size).unwrap_or(i32::MAX)))
}

/// A random (version 4) UUID.
fn uuid(env: &Env<'_>) -> String {
    let high = env.next_random() & !0xf000 | 0x4000;
    let low = env.next_random() & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
