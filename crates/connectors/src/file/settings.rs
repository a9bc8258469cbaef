//! The options of a file source, checked together.

use std::path::PathBuf;
use std::time::Duration;

use fancy_regex::Regex;

use super::cut::{Cut, Marks};
use super::uri::path;
use crate::options::Options;
use crate::problem::Problem;
use crate::source::SourceSpec;

/// Milliseconds that no interval may go below.
const INTERVAL_MIN_MS: u64 = 10;

/// Everything a file source was told.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) from: From,
    pub(super) cut: Cut,
    /// Whether messages are bytes rather than text.
    pub(super) binary: bool,
    pub(super) tailing: bool,
    pub(super) interval: Duration,
    pub(super) header_lines: usize,
    pub(super) lines: Lines,
    pub(super) after_process: After,
    pub(super) after_failure: After,
    /// Whether a moved file replaces one of its name.
    pub(super) overwrite: bool,
    pub(super) properties: Vec<String>,
}

/// What is read.
#[derive(Debug)]
pub(super) enum From {
    /// One file.
    File(PathBuf),
    /// The files of a directory whose names match.
    Dir(PathBuf, Option<Regex>),
}

/// Which lines of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// All but the header.
    All,
    /// The header alone.
    Header,
    /// The last alone.
    Trailer,
    /// All but the header and the last.
    NoTrailer,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    Keep,
    Delete,
    /// Into this directory.
    Move(PathBuf),
}

impl Settings {
    pub(super) fn read(spec: &SourceSpec<'_>) -> Result<Self, Problem> {
        let options = spec.options;
        let mode = options.get("mode").unwrap_or("line").trim().to_ascii_uppercase();
        let cut = cut(&mode, options)?;
        let by_line = matches!(cut, Cut::Lines | Cut::Regex(_));
        let binary = mode.starts_with("BINARY");
        if spec.mapper.eq_ignore_ascii_case("binary") && by_line {
            return Err(Problem::new("the `binary` mapper cannot read lines")
                .hint("write `mode='BINARY.FULL'` or `mode='BINARY.CHUNKED'`"));
        }
        let tailing = match options.written("tailing") {
            Some(_) => options.flag("tailing"),
            None => by_line,
        };
        if tailing && !by_line {
            return Err(Problem::new(format!("a file in mode `{mode}` cannot be tailed"))
                .hint("write `tailing='false'`, or mode LINE or REGEX"));
        }
        let from = from(options)?;
        let interval = match from {
            From::File(_) => "file.polling.interval",
            From::Dir(..) => "dir.polling.interval",
        };
        let interval_ms = options.number(interval)?.and_then(|it| u64::try_from(it).ok());
        let settings = Self {
            from,
            cut,
            binary,
            tailing,
            interval: Duration::from_millis(interval_ms.unwrap_or(1000).max(INTERVAL_MIN_MS)),
            header_lines: header_lines(options)?,
            lines: lines(options)?,
            after_process: after(options, "process")?,
            after_failure: after(options, "failure")?,
            overwrite: overwrite(options)?,
            properties: spec.properties.to_vec(),
        };
        if tailing && settings.after_process != After::Keep {
            return Err(Problem::new("a file that is tailed is never done with")
                .hint("leave out `action.after.process`, or write `tailing='false'`"));
        }
        if settings.lines != Lines::All && (tailing || !matches!(settings.cut, Cut::Lines)) {
            return Err(Problem::new("header and trailer are of whole files in mode LINE")
                .hint("write `tailing='false'` and `mode='LINE'`"));
        }
        Ok(settings)
    }
}

fn cut(mode: &str, options: &Options) -> Result<Cut, Problem> {
    let regex = |name: &str| match options.get(name) {
        Some(pattern) => Regex::new(pattern).map(Some).map_err(|cause| {
            Problem::new(format!("`{name}` is not a regular expression: {cause}"))
        }),
        None => Ok(None),
    };
    match mode {
        "LINE" => Ok(Cut::Lines),
        "REGEX" => match (regex("begin.regex")?, regex("end.regex")?) {
            (None, None) => Ok(Cut::Lines),
            (begin, end) => Ok(Cut::Regex(Box::new(Marks { begin, end }))),
        },
        "TEXT.FULL" | "BINARY.FULL" => Ok(Cut::Whole),
        "BINARY.CHUNKED" => {
            let size = options.number("buffer.size")?.unwrap_or(0);
            match usize::try_from(size) {
                Ok(size) if size > 0 => Ok(Cut::Chunks(size)),
                Ok(_) | Err(_) => {
                    Err(Problem::new(format!("`buffer.size` is {size}"))
                        .hint("write a number above 0"))
                }
            }
        }
        _ => Err(Problem::new(format!("the `file` source has no mode `{mode}`"))
            .hint("write LINE, REGEX, TEXT.FULL, BINARY.FULL or BINARY.CHUNKED")),
    }
}

fn from(options: &Options) -> Result<From, Problem> {
    match (options.written("file.uri"), options.written("dir.uri")) {
        (Some(file), None) => Ok(From::File(path(file)?)),
        (None, Some(dir)) => {
            let pattern = match options.get("file.name.pattern") {
                Some(pattern) => {
                    Some(Regex::new(&format!("^(?:{pattern})$")).map_err(|cause| {
                        let what = "`file.name.pattern` is not a regular expression";
                        Problem::new(format!("{what}: {cause}"))
                    })?)
                }
                None => None,
            };
            Ok(From::Dir(path(dir)?, pattern))
        }
        (Some(_), Some(_)) => Err(Problem::new("the `file` source has two places to read from")
            .hint("leave out `file.uri` or `dir.uri`")),
        (None, None) => Err(Problem::new("the `file` source is not told what to read")
            .hint("add `file.uri='file:/…'` or `dir.uri='file:/…'`")),
    }
}

fn header_lines(options: &Options) -> Result<usize, Problem> {
    if !options.flag("header.present") && !options.flag("read.only.header") {
        return Ok(0);
    }
    let count = options.number("header.line.count")?.unwrap_or(1);
    usize::try_from(count).map_err(|_| {
        Problem::new(format!("`header.line.count` is {count}")).hint("write 1 or more")
    })
}

fn lines(options: &Options) -> Result<Lines, Problem> {
    let asked = [
        ("read.only.header", Lines::Header),
        ("read.only.trailer", Lines::Trailer),
        ("skip.trailer", Lines::NoTrailer),
    ];
    let mut found = asked.into_iter().filter(|(name, _)| options.flag(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(Lines::All),
        (Some((_, lines)), None) => Ok(lines),
        (Some((one, _)), Some((other, _))) => {
            Err(Problem::new(format!("`{one}` and `{other}` exclude each other"))
                .hint("leave one out"))
        }
    }
}

fn after(options: &Options, what: &str) -> Result<After, Problem> {
    let name = format!("action.after.{what}");
    let target = format!("move.after.{what}");
    let Some(action) = options.get(&name) else { return Ok(After::Keep) };
    match (action.trim().to_ascii_uppercase().as_str(), options.get(&target)) {
        ("KEEP" | "NONE", _) => Ok(After::Keep),
        ("DELETE", _) => Ok(After::Delete),
        ("MOVE", Some(dir)) => Ok(After::Move(path(dir)?)),
        ("MOVE", None) => Err(Problem::new(format!("`{name}` is MOVE, and not where to"))
            .hint(format!("add `{target}='file:/…'`"))),
        _ => Err(Problem::new(format!("`{name}` cannot be `{action}`"))
            .hint("write KEEP, DELETE or MOVE")),
    }
}

fn overwrite(options: &Options) -> Result<bool, Problem> {
    let mode = options.get("move.if.exist.mode").unwrap_or("OVERWRITE");
    match mode.trim().to_ascii_uppercase().as_str() {
        "OVERWRITE" => Ok(true),
        "KEEP" => Ok(false),
        _ => Err(Problem::new(format!("`move.if.exist.mode` cannot be `{mode}`"))
            .hint("write OVERWRITE or KEEP")),
    }
}
