//! `json`: events as JSON objects, by name or by JSONPath.

mod custom;
mod decode;
mod encode;

use crate::extension::{Build, Extension, Param};

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "json",
    about: "Reads events from JSON, one object or a list of them.",
    params: &[
        Param::new("enclosing.element", "string", "The JSONPath that leads to the events.").or("$"),
        Param::new("event.grouping.enabled", "bool", "Whether a list's events are one chunk.")
            .or("true"),
        Param::new(
            "fail.on.missing.attribute",
            "bool",
            "Whether an event that lacks an attribute is refused rather than given a null.",
        )
        .or("true"),
    ],
    build: Build::SourceMapper(decode::build),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "json",
    about: "Writes events as JSON, one object or a list of them.",
    params: &[
        Param::new("enable.null.attribute.value", "bool", "Whether a null is written as `null`.")
            .or("false"),
        Param::new("enclosing.element", "string", "The path of objects to put events into.")
            .or("$"),
        Param::new("event.grouping.enabled", "bool", "Whether a chunk's events are one message.")
            .or("true"),
        Param::new("validate.json", "bool", "Whether a message that is not JSON is held back.")
            .or("false"),
    ],
    build: Build::SinkMapper(encode::build),
};
