//! Built-in functions, a file a family, and the one list that names them.

mod bind;
mod coordination;
mod core;
mod given;
mod js;
mod json;
mod list;
mod map;
mod math;
mod numbers;
mod pattern;
mod regex;
mod signature;
mod str;
mod stream;
mod time;
mod units;

use bind::{Plain, changing, plain, prepared};

pub use bind::{Arg, Bound, Function};
pub(crate) use json::{json_of, json_text};
pub use stream::{
    BoundStream, StreamFunction, StreamFunctionKind, all_stream_functions, stream_function,
};

/// Every function this build carries, a list a family.
const FAMILIES: &[&[Function]] = &[
    coordination::FUNCTIONS,
    core::FUNCTIONS,
    js::FUNCTIONS,
    json::FUNCTIONS,
    list::FUNCTIONS,
    map::FUNCTIONS,
    math::FUNCTIONS,
    regex::FUNCTIONS,
    str::FUNCTIONS,
    time::FUNCTIONS,
];

/// Looks a function up by the names the user wrote.
#[must_use]
pub fn function(namespace: &str, name: &str) -> Option<&'static Function> {
    FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|function| function.namespace == namespace && function.name == name)
}

/// All functions, family by family.
pub fn all_functions() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}
