//! `list:`, lists as values. A call never changes a list: it answers with a new one, which takes
//! the place of the old one for the query at hand.

use std::borrow::Cow;

use weir_event::{DataType, Object, Value};

use super::signature::takes;
use super::stream::{BoundStream, rows};
use super::{Arg, Bound, Function, changing, given, plain};
use crate::fault::Fault;
use crate::scope::Env;

/// A function whose arguments are only checked by type.
macro_rules! list {
    ($name:literal, $takes:literal, $gives:ident, $call:expr) => {
        Function {
            namespace: "list",
            name: $name,
            bind: |args| {
                let name = concat!("list:", $name);
                takes(name, args, $takes)?;
                plain(name, DataType::$gives, $call)
            },
        }
    };
}

/// A function that changes the list it is given.
macro_rules! change {
    ($name:literal, $takes:literal, $call:expr) => {
        Function {
            namespace: "list",
            name: $name,
            bind: |args| {
                takes(concat!("list:", $name), args, $takes)?;
                changing(concat!("list:", $name), (), $call)
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    change!("add", "object any | object any int", add),
    change!("addAll", "object object | object object bool", add_all),
    change!("clear", "object", |(), _, args| {
        given::list(&args[0], "the list")?;
        Ok(made(Vec::new()))
    }),
    list!("clone", "object", Object, |_, args| {
        Ok(made(given::list(&args[0], "the list")?.into_owned()))
    }),
    list!("contains", "object any", Bool, |_, args| {
        Ok(given::list(&args[0], "the list")?.contains(&args[1]).into())
    }),
    list!("containsAll", "object object", Bool, |_, args| {
        let (list, other) = both(args)?;
        Ok(other.iter().all(|value| list.contains(value)).into())
    }),
    list!("containsAny", "object object", Bool, |_, args| {
        let (list, other) = both(args)?;
        Ok(other.iter().any(|value| list.contains(value)).into())
    }),
    list!("create", "| any...", Object, |_, args| {
        // Null alone makes an empty list.
        Ok(made(if let [Value::Null] = args { Vec::new() } else { args.to_vec() }))
    }),
    list!("get", "object int", Object, |_, args| {
        let list = given::list(&args[0], "the list")?;
        let index = given::int(&args[1], "the index")?;
        Ok(usize::try_from(index).ok().and_then(|at| list.get(at)).cloned().unwrap_or_default())
    }),
    list!("indexOf", "object any", Int, |_, args| {
        Ok(place(given::list(&args[0], "the list")?.iter().position(|it| *it == args[1])))
    }),
    list!("isEmpty", "object", Bool, |_, args| {
        Ok(given::list(&args[0], "the list")?.is_empty().into())
    }),
    list!("isList", "any", Bool, |_, args| Ok(given::list(&args[0], "the list").is_ok().into())),
    list!("lastIndexOf", "object any", Int, |_, args| {
        Ok(place(given::list(&args[0], "the list")?.iter().rposition(|it| *it == args[1])))
    }),
    change!("remove", "object any", |(), _, args| {
        let mut list = given::list(&args[0], "the list")?.into_owned();
        if let Some(at) = list.iter().position(|it| *it == args[1]) {
            list.remove(at);
        }
        Ok(made(list))
    }),
    change!("removeAll", "object object", |(), _, args| {
        let (list, other) = both(args)?;
        Ok(made(list.iter().filter(|value| !other.contains(value)).cloned().collect()))
    }),
    change!("removeByIndex", "object int", |(), _, args| {
        let mut list = given::list(&args[0], "the list")?.into_owned();
        let at = index(&args[1], list.len())?;
        list.remove(at);
        Ok(made(list))
    }),
    change!("retainAll", "object object", |(), _, args| {
        let (list, other) = both(args)?;
        Ok(made(list.iter().filter(|value| other.contains(value)).cloned().collect()))
    }),
    change!("setValue", "object int any", |(), _, args| {
        let mut list = given::list(&args[0], "the list")?.into_owned();
        let at = index(&args[1], list.len())?;
        list[at] = args[2].clone();
        Ok(made(list))
    }),
    list!("size", "object", Int, |_, args| {
        let size = given::list(&args[0], "the list")?.len();
        Ok(Value::Int(i32::try_from(size).unwrap_or(i32::MAX)))
    }),
    Function { namespace: "list", name: "sort", bind: sort },
];

fn made(items: Vec<Value>) -> Value {
    Value::object(Object::List(items))
}

type Items<'a> = Cow<'a, [Value]>;

fn both(args: &[Value]) -> Result<(Items<'_>, Items<'_>), Fault> {
    Ok((given::list(&args[0], "the first list")?, given::list(&args[1], "the second list")?))
}

fn place(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1))
}

/// An index that is below `end`.
fn index(value: &Value, end: usize) -> Result<usize, Fault> {
    let index = given::int(value, "the index")?;
    usize::try_from(index)
        .ok()
        .filter(|at| *at < end)
        .ok_or_else(|| Fault::runtime(format!("the index {index} is not within the list")))
}

fn add((): &(), _: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut list = given::list(&args[0], "the list")?.into_owned();
    match args.get(2) {
        Some(at) => {
            let at = index(at, list.len() + 1)?;
            list.insert(at, args[1].clone());
        }
        None => list.push(args[1].clone()),
    }
    Ok(made(list))
}

/// With `true` as third argument, values that are there already are left out.
fn add_all((): &(), _: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (list, other) = both(args)?;
    let distinct = args.get(2).map_or(Ok(false), |arg| given::truth(arg, "is.distinct"))?;
    let mut list = list.into_owned();
    for value in other.iter() {
        if !distinct || !list.contains(value) {
            list.push(value.clone());
        }
    }
    Ok(made(list))
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Ascending,
    Descending,
    Reverse,
}

fn sort(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("list:sort", args, "object | object string!")?;
    let order = match args.get(1).and_then(|arg| arg.constant).and_then(Value::as_text) {
        None => Order::Reverse,
        Some(name) => match name.to_ascii_uppercase().as_str() {
            "ASC" => Order::Ascending,
            "DESC" => Order::Descending,
            "REV" => Order::Reverse,
            _ => return Err(format!("`list:sort` sorts `ASC`, `DESC` or `REV`, not `{name}`")),
        },
    };
    changing("list:sort", order, |order, _, args| {
        let mut list = given::list(&args[0], "the list")?.into_owned();
        match order {
            Order::Reverse => list.reverse(),
            Order::Ascending => sort_up(&mut list)?,
            Order::Descending => {
                sort_up(&mut list)?;
                list.reverse();
            }
        }
        Ok(made(list))
    })
}

/// Values of the first one's type only; text regardless of case.
fn sort_up(list: &mut [Value]) -> Result<(), Fault> {
    let Some(first) = list.first() else { return Ok(()) };
    let Some(data_type) = first.data_type() else { return Err(Fault::null("the first value")) };
    if !data_type.is_numeric() && data_type != DataType::String {
        return Err(Fault::runtime(format!("values of type `{data_type}` cannot be sorted")));
    }
    if let Some(other) = list.iter().find(|value| value.data_type() != Some(data_type)) {
        return Err(Fault::wrong_type(other, data_type.word()));
    }
    let folded = |value: &Value| value.as_text().map(|text| text.to_lowercase());
    list.sort_by(|a, b| match (folded(a), folded(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.order(b),
    });
    Ok(())
}

/// A row for each place; of several lists, the values at the place as a list.
pub(super) fn tokenize(args: &[Arg<'_>]) -> BoundStream {
    takes("list:tokenize", args, "object...")?;
    let attributes = &[("index", DataType::Int), ("value", DataType::Object)];
    rows("list:tokenize", attributes, (), |(), _, args| {
        let lists: Vec<_> = args.iter().map(of_event).collect::<Result<_, _>>()?;
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or_default();
        let row = |at: usize| {
            let of = |list: &Items<'_>| list.get(at).cloned().unwrap_or_default();
            let value = if let [list] = &lists[..] {
                of(list)
            } else {
                made(lists.iter().map(of).collect())
            };
            vec![Value::Int(i32::try_from(at).unwrap_or(i32::MAX)), value]
        };
        Ok((0..longest).map(row).collect())
    })
}

/// The original says itself that an argument is no list, but stumbles over null.
fn of_event(arg: &Value) -> Result<Items<'_>, Fault> {
    given::list(arg, "the list")
        .map_err(|fault| if arg.is_null() { fault } else { Fault::runtime(fault.message) })
}
