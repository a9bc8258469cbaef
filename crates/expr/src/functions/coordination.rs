//! The functions of the namespace `coordination`: what an app may know of the node it runs on.

use weir_event::{DataType, Value};

use super::signature::takes;
use super::{Function, plain};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    namespace: "coordination",
    name: "isLeader",
    bind: |args| {
        takes("coordination:isLeader", args, "")?;
        // Whoever executes an entry does so for the node that was active when it was taken in:
        // the others hold their outputs back. So the answer is one for a log, and replays alike.
        plain("coordination:isLeader", DataType::Bool, |_, _| Ok(Value::Bool(true)))
    },
}];
