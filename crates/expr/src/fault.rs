//! Why an event could not be computed.

use weir_event::{Object, Text, Value};

/// Why an expression could not be computed for an event; the engine routes the event as `@OnError`
/// says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of error, as the original names it (a Java class name).
    pub class: &'static str,
    /// What happened, for the log and the `_error` attribute.
    pub message: Text,
}

impl Fault {
    /// A value of a type that the operation cannot take.
    #[must_use]
    pub fn wrong_type(value: &Value, wanted: &str) -> Self {
        let held = value.data_type().map_or("null", weir_event::DataType::word);
        Self {
            class: "java.lang.ClassCastException",
            message: format!("a value of type `{held}` is not a `{wanted}`").into(),
        }
    }

    /// A null where the operation needs a value.
    #[must_use]
    pub fn null(what: &str) -> Self {
        Self { class: "java.lang.NullPointerException", message: format!("{what} is null").into() }
    }

    /// A function that could not answer.
    #[must_use]
    pub fn runtime(message: impl Into<Text>) -> Self {
        Self {
            class: "io.siddhi.core.exception.SiddhiAppRuntimeException",
            message: message.into(),
        }
    }

    /// The fault as the value of a fault stream's `_error` attribute.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::object(Object::Error { class: self.class.into(), message: self.message.clone() })
    }
}
