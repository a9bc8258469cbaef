//! `js:`, which evaluates text that comes with the event.

use weir_event::DataType;

use super::core::named_type;
use super::signature::takes;
use super::{Arg, Bound, Function};
use crate::script::script;

pub(super) const FUNCTIONS: &[Function] = &[Function { namespace: "js", name: "eval", bind: eval }];

/// `js:eval(expression, type)`: what the expression is worth, as a value of the type. It is bound
/// in steps and memory as the functions of an app are, and finds no names but those of the
/// language.
fn eval(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("js:eval", args, "string string!")?;
    let data_type: DataType = named_type("js:eval", &args[1])?;
    // Called by another name it sees what is global alone.
    script("javascript", "js_eval", "return (0, eval)(data[0]);", data_type)
}
