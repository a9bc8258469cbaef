//! `text`: events as named lines, by regular expressions, or as any text.

mod decode;
mod encode;
mod mustache;

use crate::extension::{Build, Extension, Param};

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "text",
    about: "Reads events from lines of `name:value`, or from what regular expressions find.",
    params: &[
        Param::new("delimiter", "string", "What stands between events.").or("~~~~~~~~~~"),
        Param::new("event.grouping.enabled", "bool", "Whether a message holds several events.")
            .or("false"),
        Param::new(
            "fail.on.missing.attribute",
            "bool",
            "Whether an event that lacks an attribute is refused rather than given a null.",
        )
        .or("true"),
        Param::new("new.line.character", "string", "What ends a line.").or("\n"),
        Param::new("regex.*", "string", "A regular expression, by the name after the point."),
    ],
    build: Build::SourceMapper(decode::build),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "text",
    about: "Writes events as lines of `name:value`, or as a template says.",
    params: &[
        Param::new("delimiter", "string", "What stands between events.").or("~~~~~~~~~~"),
        Param::new("event.grouping.enabled", "bool", "Whether a chunk's events are one message.")
            .or("false"),
        Param::new("mustache.enabled", "bool", "Whether the payload is a Mustache template.")
            .or("false"),
        Param::new("new.line.character", "string", "What ends a line.").or("\n"),
    ],
    build: Build::SinkMapper(encode::build),
};
