//! The functions of the core, which have no namespace.

use weir_event::{DataType, Value};

use super::{Function, plain};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    namespace: "",
    name: "currentTimeMillis",
    bind: |args| {
        if !args.is_empty() {
            return Err("`currentTimeMillis` takes no argument".into());
        }
        plain("currentTimeMillis", DataType::Long, |env, _| Ok(Value::Long(env.now)))
    },
}];
