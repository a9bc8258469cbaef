//! `xml`: events as elements, by name or by path.

mod decode;
mod encode;
mod path;

use crate::extension::{Build, Extension, Param};

/// The source's side.
pub(crate) const SOURCE: Extension = Extension {
    name: "xml",
    about: "Reads events from elements, by name or by XPath.",
    params: &[
        Param::new(
            "enable.streaming.xml.content",
            "bool",
            "Whether a message is a piece of a document; only `false` is supported.",
        )
        .or("false"),
        Param::new("enclosing.element", "string", "The XPath of what holds the events."),
        Param::new(
            "enclosing.element.as.event",
            "bool",
            "Whether what it finds are the events \
                    themselves.",
        )
        .or("false"),
        Param::new(
            "extract.leaf.node.data",
            "bool",
            "Whether each leaf is an event; only `false` is supported.",
        )
        .or("false"),
        Param::new(
            "fail.on.missing.attribute",
            "bool",
            "Whether an event that lacks an attribute is refused rather than given a null.",
        )
        .or("true"),
        Param::new("namespaces", "string", "The prefixes of paths: `p=uri,q=uri`."),
    ],
    build: Build::SourceMapper(decode::build),
};

/// The sink's side.
pub(crate) const SINK: Extension = Extension {
    name: "xml",
    about: "Writes events as elements, or as a template says.",
    params: &[
        Param::new("enclosing.element", "string", "The start tag around the events."),
        Param::new("validate.xml", "bool", "Whether a message that is not XML is held back.")
            .or("false"),
    ],
    build: Build::SinkMapper(encode::build),
};
