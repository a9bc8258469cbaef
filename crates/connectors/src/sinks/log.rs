//! `log`: each event as a line of the node's own log.

use std::fmt::Write;

use crate::extension::{Build, Extension, Param};
use crate::payload::{Event, Payload};
use crate::problem::Problem;
use crate::sink::{Outgoing, Sink, SinkSpec, Undelivered};
use crate::source::Later;

/// The sink.
pub(crate) const SINK: Extension = Extension {
    name: "log",
    about: "Writes each event to the log.",
    params: &[
        Param::new("prefix", "string", "What stands before each event; app and stream if unset."),
        Param::new(
            "priority",
            "string",
            "The level: OFF, FATAL, ERROR, WARN, INFO, DEBUG or TRACE.",
        )
        .or("INFO"),
    ],
    build: Build::Sink(build),
};

fn build(spec: &SinkSpec<'_>) -> Result<Box<dyn Sink>, Problem> {
    let level = spec.options.get("priority").unwrap_or("INFO");
    let prefix = match spec.options.get("prefix") {
        Some(prefix) => prefix.to_owned(),
        None => format!("{} : {}", spec.stream.app, spec.stream.stream),
    };
    Ok(Box::new(LogSink { prefix, level: Level::parse(level)? }))
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    fn parse(text: &str) -> Result<Self, Problem> {
        Ok(match text.trim().to_ascii_uppercase().as_str() {
            "OFF" => Self::Off,
            "FATAL" | "ERROR" => Self::Error,
            "WARN" => Self::Warn,
            "INFO" => Self::Info,
            "DEBUG" => Self::Debug,
            "TRACE" => Self::Trace,
            _ => {
                return Err(Problem::new(format!("`priority` of the `log` sink is `{text}`"))
                    .hint("write OFF, FATAL, ERROR, WARN, INFO, DEBUG or TRACE"));
            }
        })
    }
}

struct LogSink {
    prefix: String,
    level: Level,
}

impl LogSink {
    fn write(&self, payload: &Payload) {
        let line = line(&self.prefix, payload);
        match self.level {
            Level::Off => {}
            Level::Error => tracing::error!(target: "weir::log", "{line}"),
            Level::Warn => tracing::warn!(target: "weir::log", "{line}"),
            Level::Info => tracing::info!(target: "weir::log", "{line}"),
            Level::Debug => tracing::debug!(target: "weir::log", "{line}"),
            Level::Trace => tracing::trace!(target: "weir::log", "{line}"),
        }
    }
}

impl Sink for LogSink {
    fn deliver<'a>(&'a mut self, messages: &'a [Outgoing]) -> Later<'a, Result<(), Undelivered>> {
        for message in messages {
            self.write(&message.payload);
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The line for one message.
fn line(prefix: &str, payload: &Payload) -> String {
    let mut line = format!("{prefix} : ");
    match payload {
        Payload::Event(event) => write_event(event, &mut line),
        Payload::Events(events) => {
            line.push('[');
            for (nth, event) in events.iter().enumerate() {
                if nth > 0 {
                    line.push_str(", ");
                }
                write_event(event, &mut line);
            }
            line.push(']');
        }
        Payload::Text(text) => line.push_str(text),
        Payload::Bytes(bytes) => line.push_str(&String::from_utf8_lossy(bytes)),
        Payload::Value(value) => crate::template::append(&mut line, value),
        Payload::Map(entries) => {
            line.push('{');
            for (nth, (key, value)) in entries.iter().enumerate() {
                let comma = if nth > 0 { ", " } else { "" };
                write!(line, "{comma}{key}={value}").expect("a string takes any text");
            }
            line.push('}');
        }
    }
    line
}

fn write_event(event: &Event, line: &mut String) {
    write!(line, "Event{{timestamp={}, data=[", event.timestamp).expect("a string takes any text");
    for (nth, value) in event.data.iter().enumerate() {
        if nth > 0 {
            line.push_str(", ");
        }
        crate::template::append(line, value);
    }
    line.push_str("], isExpired=false}");
}

#[cfg(test)]
mod tests {
    use weir_event::Value;

    use super::*;

    #[test]
    fn events_are_written_as_the_original_writes_them() {
        let event = Event { timestamp: 5, data: vec!["IBM".into(), 1.5.into(), Value::Null] };
        let one = line("app : Out", &Payload::Event(event.clone()));
        assert_eq!(one, "app : Out : Event{timestamp=5, data=[IBM, 1.5, null], isExpired=false}");
        let two = line("p", &Payload::Events(vec![event.clone(), event]));
        assert!(
            two.starts_with("p : [Event{")
                && two.ends_with("}, Event{timestamp=5, data=[IBM, 1.5, null], isExpired=false}]")
        );
    }
}
