//! What `file` says about itself.

use super::{sink, source};
use crate::extension::{Build, Extension, Param};

/// The source.
pub(crate) const SOURCE: Extension = Extension {
    name: "file",
    about: "Reads events from a file, or from the files of a directory, and goes on where it \
            stopped.",
    params: &[
        Param::new(
            "action.after.failure",
            "string",
            "What to do with a file that cannot be \
                    read: KEEP, DELETE or MOVE.",
        )
        .or("KEEP"),
        Param::new(
            "action.after.process",
            "string",
            "What to do with a file that has been read: \
                    KEEP, DELETE or MOVE.",
        ),
        Param::new("begin.regex", "string", "What a message begins with, in mode REGEX."),
        Param::new("buffer.size", "int", "Bytes of a piece, in mode BINARY.CHUNKED.").or("65536"),
        Param::new("dir.polling.interval", "int", "Milliseconds between looks at the directory.")
            .or("1000"),
        Param::new("dir.uri", "string", "The directory whose files are read, in order of name."),
        Param::new("end.regex", "string", "What a message ends with, in mode REGEX."),
        Param::new("file.name.pattern", "string", "A regular expression for names of files."),
        Param::new("file.polling.interval", "int", "Milliseconds between looks at the file.")
            .or("1000"),
        Param::new("file.uri", "string", "The file that is read."),
        Param::new("header.line.count", "int", "Lines that are the header.").or("1"),
        Param::new(
            "header.present",
            "bool",
            "Whether a file starts with a header, which is \
                    left out.",
        )
        .or("false"),
        Param::new(
            "mode",
            "string",
            "How a file is cut into messages: LINE, REGEX, TEXT.FULL, \
                    BINARY.FULL or BINARY.CHUNKED.",
        )
        .or("line"),
        Param::new("move.after.failure", "string", "The directory for files that failed."),
        Param::new("move.after.process", "string", "The directory for files that were read."),
        Param::new(
            "move.if.exist.mode",
            "string",
            "When there is such a file: OVERWRITE it, or \
                    KEEP both.",
        )
        .or("OVERWRITE"),
        Param::new("read.only.header", "bool", "Whether only the header is read.").or("false"),
        Param::new("read.only.trailer", "bool", "Whether only the last line is read.").or("false"),
        Param::new("skip.trailer", "bool", "Whether the last line is left out.").or("false"),
        Param::new("tailing", "bool", "Whether to wait for what is added; true for lines."),
    ],
    build: Build::Source(source::build),
};

/// The sink.
pub(crate) const SINK: Extension = Extension {
    name: "file",
    about: "Writes each message to a file.",
    params: &[
        Param::new(
            "add.line.separator",
            "bool",
            "Whether a line ends after each message; true, \
                    but for csv, which ends its own.",
        ),
        Param::new(
            "append",
            "bool",
            "Whether to add to the file rather than replace what it \
                    holds with each message.",
        )
        .or("true"),
        Param::new("file.uri", "string", "The file that is written.").mandatory().dynamic(),
    ],
    build: Build::Sink(sink::build),
};
