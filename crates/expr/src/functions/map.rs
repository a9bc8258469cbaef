//! `map:`, maps as values. A call never changes a map: it answers with a new one, which takes the
//! place of the old one for the query at hand.

use weir_event::{DataType, Object, Value, buckets, sort_as_hashed};
use weir_json::{Dialect, Json, Reader, is_decimal, whole_value};

use super::json::words;
use super::numbers;
use super::signature::takes;
use super::stream::{BoundStream, rows};
use super::{Arg, Bound, Function, changing, given, plain};
use crate::fault::Fault;
use crate::scope::Env;

type Entries = Vec<(Value, Value)>;

/// A function whose arguments are only checked by type.
macro_rules! map {
    ($name:literal, $takes:literal, $gives:ident, $call:expr) => {
        Function {
            namespace: "map",
            name: $name,
            bind: |args| {
                let name = concat!("map:", $name);
                takes(name, args, $takes)?;
                plain(name, DataType::$gives, $call)
            },
        }
    };
}

/// A function that changes the map it is given.
macro_rules! change {
    ($name:literal, $takes:literal, $change:expr) => {
        Function {
            namespace: "map",
            name: $name,
            bind: |args| {
                takes(concat!("map:", $name), args, $takes)?;
                changing(concat!("map:", $name), (), |(), _, args| {
                    let mut entries = given::map(&args[0], "the map")?.to_vec();
                    let change: fn(&mut Entries, &[Value]) -> Result<(), Fault> = $change;
                    change(&mut entries, args)?;
                    Ok(made(entries))
                })
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    change!("clear", "object", |entries, _| {
        entries.clear();
        Ok(())
    }),
    map!("clone", "object", Object, |_, args| {
        Ok(made(given::map(&args[0], "the map")?.to_vec()))
    }),
    map!("combineByKey", "object object...", Object, |_, args| { Ok(made(combined(args)?)) }),
    map!("containsKey", "object plain", Bool, |_, args| {
        Ok(find(given::map(&args[0], "the map")?, &args[1]).is_some().into())
    }),
    map!("containsValue", "object any", Bool, |_, args| {
        let entries = given::map(&args[0], "the map")?;
        Ok(entries.iter().any(|(_, value)| *value == args[1]).into())
    }),
    Function { namespace: "map", name: "create", bind: create },
    map!("createFromJSON", "string", Object, from_json),
    map!("createFromXML", "string", Object, from_xml),
    map!("get", "object plain | object plain any", Object, |_, args| {
        let found = find(given::map(&args[0], "the map")?, &args[1]);
        Ok(found.or(args.get(2)).cloned().unwrap_or_default())
    }),
    map!("isEmpty", "object", Bool, |_, args| {
        Ok(given::map(&args[0], "the map")?.is_empty().into())
    }),
    map!("isMap", "any", Bool, |_, args| Ok(given::map(&args[0], "the map").is_ok().into())),
    map!("keys", "object", Object, |_, args| {
        let keys = given::map(&args[0], "the map")?.iter().map(|(key, _)| key.clone());
        Ok(Value::object(Object::List(keys.collect())))
    }),
    change!("put", "object any any", |entries, args| {
        put(entries, &args[1], &args[2]);
        Ok(())
    }),
    change!("putAll", "object object", |entries, args| {
        for (key, value) in given::map(&args[1], "the second map")? {
            put(entries, key, value);
        }
        Ok(())
    }),
    change!("putIfAbsent", "object plain plain", |entries, args| {
        if find(entries, &args[1]).is_none_or(Value::is_null) {
            put(entries, &args[1], &args[2]);
        }
        Ok(())
    }),
    change!("remove", "object any", |entries, args| {
        entries.retain(|(key, _)| *key != args[1]);
        Ok(())
    }),
    change!("replace", "object plain plain", |entries, args| {
        if find(entries, &args[1]).is_some() {
            put(entries, &args[1], &args[2]);
        }
        Ok(())
    }),
    change!("replaceAll", "object object", |entries, args| {
        for (key, value) in given::map(&args[1], "the second map")? {
            if find(entries, key).is_some() {
                put(entries, key, value);
            }
        }
        Ok(())
    }),
    map!("size", "object", Int, |_, args| {
        let size = given::map(&args[0], "the map")?.len();
        Ok(Value::Int(i32::try_from(size).unwrap_or(i32::MAX)))
    }),
    map!("toJSON", "object", String, |_, args| {
        let json = words::of_map(given::map(&args[0], "the map")?);
        Ok(Value::text(json))
    }),
    map!("toXML", "object | object string!", String, to_xml),
    map!("values", "object", Object, |_, args| {
        let values = given::map(&args[0], "the map")?.iter().map(|(_, value)| value.clone());
        Ok(Value::object(Object::List(values.collect())))
    }),
];

/// A map, its entries in the order in which the original's hash map gives them.
pub(super) fn made(mut entries: Entries) -> Value {
    let buckets = buckets(entries.len());
    sort_as_hashed(&mut entries, buckets, |(key, _)| key);
    Value::object(Object::Map(entries))
}

fn find<'a>(entries: &'a [(Value, Value)], wanted: &Value) -> Option<&'a Value> {
    entries.iter().find(|(key, _)| key == wanted).map(|(_, value)| value)
}

fn put(entries: &mut Entries, key: &Value, value: &Value) {
    match entries.iter_mut().find(|(known, _)| known == key) {
        Some((_, held)) => *held = value.clone(),
        None => entries.push((key.clone(), value.clone())),
    }
}

fn create(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("map:create", args, "| any any...")?;
    if args.len() % 2 == 1 {
        return Err(format!(
            "`map:create` takes keys with their values, not {} values",
            args.len()
        ));
    }
    plain("map:create", DataType::Object, |_, args| {
        let mut entries = Vec::new();
        for pair in args.chunks_exact(2) {
            put(&mut entries, &pair[0], &pair[1]);
        }
        Ok(made(entries))
    })
}

/// The keys of all maps, each with the list of its values, null where a map has none.
fn combined(maps: &[Value]) -> Result<Entries, Fault> {
    let maps: Vec<_> = maps.iter().map(|map| given::map(map, "a map")).collect::<Result<_, _>>()?;
    let mut keys: Vec<&Value> = Vec::new();
    for (key, _) in maps.iter().flat_map(|map| map.iter()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let entry = |key: &Value| {
        let values = maps.iter().map(|map| find(map, key).cloned().unwrap_or_default());
        (key.clone(), Value::object(Object::List(values.collect())))
    };
    Ok(keys.into_iter().map(entry).collect())
}

/// A row for each key; of several maps, the values of the key as a list.
pub(super) fn tokenize(args: &[Arg<'_>]) -> BoundStream {
    takes("map:tokenize", args, "object...")?;
    let attributes = &[("key", DataType::Object), ("value", DataType::Object)];
    rows("map:tokenize", attributes, (), |(), _, args| {
        let mut entries = match args {
            [map] => given::map(map, "the map")?.to_vec(),
            maps => combined(maps)?,
        };
        let buckets = buckets(entries.len());
        sort_as_hashed(&mut entries, buckets, |(key, _)| key);
        Ok(entries.into_iter().map(|(key, value)| vec![key, value]).collect())
    })
}

fn from_json(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the JSON")?;
    let mut reader = Reader::new(text, Dialect::Lenient);
    match Json::read(&mut reader) {
        Ok(Json::Object(entries)) => Ok(map_of(entries)),
        Ok(_) | Err(_) => Err(Fault::runtime(format!("`{text}` is no JSON object"))),
    }
}

fn map_of(entries: Vec<(weir_event::Text, Json)>) -> Value {
    let entry = |(name, json)| (Value::Str(name), value_of(json));
    made(entries.into_iter().map(entry).collect())
}

/// Objects become maps; lists and null stay JSON.
fn value_of(json: Json) -> Value {
    match json {
        Json::Object(entries) => map_of(entries),
        Json::Whole(digits) if digits == "-0" => Value::Double(-0.0),
        Json::Whole(digits) => whole_value(&digits),
        Json::Decimal(digits) => Value::Double(digits.parse().unwrap_or(f64::NAN)),
        Json::Bool(truth) => Value::Bool(truth),
        Json::Text(text) => Value::Str(text),
        Json::Null | Json::List(_) => {
            let mut text = String::new();
            json.write_with(words::quote, &mut text);
            Value::object(Object::Json(text.into()))
        }
    }
}

fn from_xml(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = given::text(&args[0], "the XML")?;
    let document = roxmltree::Document::parse(text.trim())
        .map_err(|why| Fault::runtime(format!("`{text}` is not XML: {why}")))?;
    Ok(elements(document.root_element()))
}

/// The elements within one, by name.
fn elements(parent: roxmltree::Node<'_, '_>) -> Value {
    let mut entries = Vec::new();
    for child in parent.children().filter(roxmltree::Node::is_element) {
        let name = child.tag_name();
        let key = match name.namespace() {
            Some(namespace) => format!("{{{namespace}}}{}", name.name()),
            None => name.name().to_owned(),
        };
        let value = if child.first_element_child().is_some() {
            elements(child)
        } else {
            let text: String =
                child.children().filter_map(|it| it.text().filter(|_| it.is_text())).collect();
            leaf(&text)
        };
        put(&mut entries, &Value::text(key), &value);
    }
    made(entries)
}

/// What the text of an element stands for: a truth, a number as far as it is one, or itself.
fn leaf(text: &str) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if text.starts_with(|c: char| c <= ' ') || text.ends_with(|c: char| c <= ' ') {
        return Value::text(text);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"))
        && !hex.is_empty()
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        // The original takes it for a number, but reads no further than its 0.
        return Value::Long(0);
    }
    let plain = text.strip_suffix(['f', 'F', 'd', 'D', 'l', 'L']).unwrap_or(text);
    if plain.starts_with('+') || numbers::double(plain).is_none() {
        return Value::text(text);
    }
    // A power is only read where it is written with a capital letter.
    let read = plain.split('e').next().unwrap_or(plain);
    let Some(number) = numbers::double(read).filter(|it| it.is_finite()) else {
        return Value::text(text);
    };
    if !is_decimal(read)
        && let Ok(whole) = read.parse()
    {
        return Value::Long(whole);
    }
    let whole = libm::trunc(number) == number && number.abs() < 9.2e18;
    if whole { Value::Long(number as i64) } else { Value::Double(number) }
}

fn to_xml(_: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut out = String::new();
    write_xml(given::map(&args[0], "the map")?, &mut out)?;
    Ok(Value::text(match args.get(1) {
        Some(root) => format!("<{root}>{out}</{root}>"),
        None => out,
    }))
}

fn write_xml(entries: &[(Value, Value)], out: &mut String) -> Result<(), Fault> {
    for (key, value) in entries {
        if key.is_null() || value.is_null() {
            return Err(Fault::null("a key or value to write as XML"));
        }
        out.push_str(&format!("<{key}>"));
        match given::map(value, "the map") {
            Ok(inner) => write_xml(inner, out)?,
            Err(_) => out.push_str(&value.to_string()),
        }
        out.push_str(&format!("</{key}>"));
    }
    Ok(())
}
