//! `#json:tokenize` and `#json:tokenizeAsObject`: a row for each value that a path leads to.

use weir_event::{DataType, Value};
use weir_json::{Json, Path};

use super::read::{given_json, given_path, html_safe, path_of};
use crate::fault::Fault;
use crate::functions::Arg;
use crate::functions::signature::takes;
use crate::functions::stream::{BoundStream, rows};

/// What was prepared from the constant arguments.
struct Tokens {
    path: Option<Path>,
    /// Whether an event without a value is left out, rather than given a null.
    strict: bool,
    as_object: bool,
}

impl Tokens {
    /// A fault of the kind that the original has, which wraps it for objects alone.
    fn kind_of(&self, fault: Fault, json: &Value) -> Fault {
        if self.as_object {
            fault
        } else if json.is_null() {
            Fault { class: "java.lang.IllegalArgumentException", ..fault }
        } else {
            Fault { class: "com.jayway.jsonpath.InvalidJsonException", ..fault }
        }
    }
}

pub(in crate::functions) fn tokenize(args: &[Arg<'_>]) -> BoundStream {
    bind("json:tokenize", args, DataType::String)
}

pub(in crate::functions) fn tokenize_as_object(args: &[Arg<'_>]) -> BoundStream {
    bind("json:tokenizeAsObject", args, DataType::Object)
}

fn bind(name: &'static str, args: &[Arg<'_>], data_type: DataType) -> BoundStream {
    takes(name, args, "string string | object string | string string bool! | object string bool!")?;
    let strict = args.get(2).and_then(|arg| arg.constant) != Some(&Value::Bool(false));
    let as_object = data_type == DataType::Object;
    let tokens = Tokens { path: path_of(args), strict, as_object };
    rows(name, &[("jsonElement", data_type)], tokens, |tokens, _, args| {
        let json = given_json(&args[0]).map_err(|fault| tokens.kind_of(fault, &args[0]))?;
        let path = given_path(tokens.path.as_ref(), &args[1])?;
        let nothing = || if tokens.strict { Vec::new() } else { vec![vec![Value::Null]] };
        let whole = |json: Json| {
            if tokens.as_object { json.into_value() } else { Value::text(html_safe(&json)) }
        };
        Ok(match path.find(&json).map(std::borrow::Cow::into_owned) {
            None | Some(Json::Null) => nothing(),
            Some(Json::List(items)) if items.is_empty() => nothing(),
            Some(Json::List(items)) => items.into_iter().map(|it| vec![whole(it)]).collect(),
            Some(json @ Json::Object(_)) => vec![vec![whole(json)]],
            Some(Json::Text(text)) => vec![vec![Value::Str(text)]],
            Some(Json::Bool(_) | Json::Whole(_) | Json::Decimal(_)) => Vec::new(),
        })
    })
}
