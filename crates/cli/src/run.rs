//! `weir run`: one app, events as JSON lines in, outputs as JSON lines out.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value as Json, json};
use weir_datasource::RdbmsStores;
use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, DataType, Epoch, Kind, Object, Schema, Seq, Value};

use crate::io;

/// Runs one app: events as JSON lines on standard input, outputs as JSON lines on standard output.
///
/// Sources and sinks of the app are left out. Time is the clock's, or with --time the events'.
#[derive(Debug, Args)]
#[command(after_help = r#"A line of input is one event, or several that are sent as one array:
  {"stream": "Trades", "data": ["IBM", 75.6, 100]}
  {"stream": "Trades", "ts": 1600000000000, "data": ["IBM", 75.6, 100]}
  {"stream": "Trades", "events": [["IBM", 75.6, 100], ["WSO2", 57.6, 10]]}
Values may also be given by name: {"stream": "Trades", "data": {"symbol": "IBM"}}

A line of output: {"stream": "Alerts", "ts": 1600000000000, "data": ["IBM", 75.6]}

Examples:
  weir run app.siddhi < events.jsonl
  weir run app.siddhi --out Alerts --time events < events.jsonl | head"#)]
pub(crate) struct Run {
    /// The app.
    app: PathBuf,
    /// Print only these streams; without it all that queries insert into.
    #[arg(long, value_name = "STREAM")]
    out: Vec<String>,
    /// Where time comes from.
    #[arg(long, value_enum, default_value_t = Time::Clock)]
    time: Time,
}

/// Where time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Time {
    /// This machine's clock: an event without `ts` happens now.
    Clock,
    /// The events: their `ts` moves the clock, and timers fire by it.
    Events,
}

struct Printer<'a> {
    streams: &'a BTreeMap<TapId, String>,
    out: std::io::BufWriter<std::io::Stdout>,
    closed: bool,
}

impl Outputs for Printer<'_> {
    fn rows(&mut self, tap: TapId, emitted: &Emitted<'_>) {
        let Some(stream) = self.streams.get(&tap) else { return };
        for row in emitted.range() {
            if emitted.kinds.is_some_and(|kinds| kinds[row] != Kind::Current) {
                continue;
            }
            let data: Vec<Json> = emitted.batch.row(row).iter().map(to_json).collect();
            let line =
                json!({ "stream": stream, "ts": emitted.batch.timestamps[row], "data": data });
            self.closed |= writeln!(self.out, "{line}").is_err();
        }
    }

    fn note(&mut self, level: Level, text: &str) {
        if level >= Level::Info {
            io::say(text);
        }
    }
}

impl Run {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let text = io::read_app(&self.app)?;
        let options = Options::named(text.stem.clone());
        let mut app = match App::create_with(&text.text, &options, &RdbmsStores::plain()) {
            _ if !text.problems.is_empty() => {
                io::say_problems(&text, &text.problems);
                return Ok(ExitCode::from(io::FAILED));
            }
            Ok(app) => app,
            Err(problems) => {
                io::say_problems(&text, &problems);
                return Ok(ExitCode::from(io::FAILED));
            }
        };
        let streams = self.listen(&mut app)?;
        let out = std::io::BufWriter::new(std::io::stdout());
        let mut printer = Printer { streams: &streams, out, closed: false };
        let mut feed = Feed { app, seq: 0, now: 0, time: self.time };
        feed.start(&mut printer);
        if std::io::stdin().is_terminal() {
            io::say(&teach(&feed.app));
        }
        let lines = lines_of_input();
        let mut number = 0;
        while let Some(line) = feed.next_line(&lines, &mut printer)? {
            number += 1;
            let line = line.context("could not read standard input")?;
            if line.trim().is_empty() {
                continue;
            }
            feed.line(&line, &mut printer)
                .with_context(|| format!("line {number} of the input was refused"))?;
            printer.out.flush()?;
            if printer.closed {
                break;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn listen(&self, app: &mut App) -> anyhow::Result<BTreeMap<TapId, String>> {
        let names: Vec<String> = if self.out.is_empty() {
            let inserted =
                app.plan().queries.iter().filter_map(|query| match query.output.action {
                    weir_plan::ActionPlan::Stream(stream) => Some(stream),
                    weir_plan::ActionPlan::Window(_)
                    | weir_plan::ActionPlan::Insert(_)
                    | weir_plan::ActionPlan::Delete(_)
                    | weir_plan::ActionPlan::Update(_)
                    | weir_plan::ActionPlan::UpdateOrInsert(_)
                    | weir_plan::ActionPlan::Return => None,
                });
            let mut names: Vec<String> = inserted
                .map(|stream| &app.streams()[stream.index()])
                .filter(|stream| stream.partition.is_none())
                .map(|stream| stream.name.clone())
                .collect();
            names.sort();
            names.dedup();
            names
        } else {
            self.out.clone()
        };
        let mut taps = BTreeMap::new();
        for name in names {
            let stream = app.stream(&name).with_context(|| no_stream(app, &name))?;
            taps.insert(app.listen(stream), name);
        }
        Ok(taps)
    }
}

type Line = std::io::Result<String>;

/// The lines of standard input, read on a thread of their own so that timers can fire meanwhile.
fn lines_of_input() -> Receiver<Line> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1024);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// How many lines go by before it is looked at again how much the app holds.
const LOOK_LINES: u64 = 1_000;

/// Feeds an app entry by entry.
struct Feed {
    app: App,
    seq: u64,
    now: i64,
    time: Time,
}

impl Feed {
    fn head(&mut self, end: u32) -> EntryHead {
        self.seq += 1;
        EntryHead { seq: Seq(self.seq), epoch: Epoch(1), time: self.now, end }
    }

    fn clock(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX)).max(self.now)
    }

    /// The next line; until it comes the app's timers fire by the clock.
    fn next_line(
        &mut self,
        lines: &Receiver<Line>,
        printer: &mut Printer<'_>,
    ) -> anyhow::Result<Option<Line>> {
        loop {
            let due = self.app.next_due().filter(|_| self.time == Time::Clock);
            let Some(due) = due else { return Ok(lines.recv().ok()) };
            let wait = u64::try_from(due.saturating_sub(self.clock())).unwrap_or(0);
            match lines.recv_timeout(Duration::from_millis(wait)) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    self.now = self.clock().max(due);
                    let head = self.head(0);
                    self.app.tick(head, printer);
                    printer.out.flush()?;
                }
            }
        }
    }

    fn start(&mut self, printer: &mut Printer<'_>) {
        if self.time == Time::Clock {
            self.now = self.clock();
        }
        let head = self.head(0);
        self.app.start(head, printer);
    }

    fn line(&mut self, line: &str, printer: &mut Printer<'_>) -> anyhow::Result<()> {
        let json: Json = serde_json::from_str(line).context(NOT_JSON)?;
        let name = json.get("stream").and_then(Json::as_str).context(NO_STREAM)?;
        let stream = self.app.stream(name).with_context(|| no_stream(&self.app, name))?;
        let schema = self.app.schema(stream).clone();
        let stamp = json.get("ts").and_then(Json::as_i64);
        self.now = match (self.time, stamp) {
            (Time::Clock, _) => self.clock(),
            (Time::Events, Some(ts)) => self.now.max(ts),
            (Time::Events, None) => self.now,
        };
        let ts = stamp.unwrap_or(self.now);
        let mut builder = BatchBuilder::new(&schema);
        match (json.get("events").and_then(Json::as_array), json.get("data")) {
            (Some(events), _) => {
                for (nth, event) in events.iter().enumerate() {
                    let values = row(name, &schema, event)
                        .with_context(|| format!("event {nth} of `events` does not fit"))?;
                    builder.push_row(ts, values);
                }
            }
            (None, Some(data)) => builder.push_row(ts, row(name, &schema, data)?),
            (None, None) => bail!(
                "`data` is missing\nhint: write `\"data\": [...]`, for {}",
                definition(name, &schema)
            ),
        }
        let batch = builder.finish();
        let head = self.head(batch.len() as u32);
        self.app.apply(stream, &batch, &[head], printer);
        if self.seq.is_multiple_of(LOOK_LINES)
            && let Some(why) = self.app.too_much(weir_server::state_max_bytes())
        {
            bail!("{why}");
        }
        Ok(())
    }
}

/// What a line without JSON is told.
const NOT_JSON: &str = r#"it is not JSON
hint: write a line as `{"stream": "NAME", "data": [VALUE, ...]}`"#;

/// What a line without a stream is told.
const NO_STREAM: &str = r#"`stream` is missing
hint: write a line as `{"stream": "NAME", "data": [VALUE, ...]}`"#;

/// A stream as the app defines it.
fn definition(name: &str, schema: &Schema) -> String {
    let attribute = |it: &weir_event::Attribute| format!("{} {}", it.name, it.data_type);
    format!("`{name} ({})`", schema.iter().map(attribute).collect::<Vec<_>>().join(", "))
}

/// The streams that events can be sent to: those outside partitions.
fn streams(app: &App) -> Vec<String> {
    let outside = app.streams().iter().filter(|it| it.partition.is_none());
    let mut names: Vec<String> = outside.map(|it| it.name.clone()).collect();
    names.sort();
    names
}

fn no_stream(app: &App, name: &str) -> String {
    format!("the app has no stream `{name}`\nhint: its streams are `{}`", streams(app).join("`, `"))
}

/// What somebody at a terminal can write.
fn teach(app: &App) -> String {
    let Some(name) = streams(app).into_iter().next() else { return String::new() };
    let Some(stream) = app.stream(&name) else { return String::new() };
    format!(
        "reads events as JSON lines, and ends with ctrl-D; for {}:\n  \
         {{\"stream\": \"{name}\", \"data\": [...]}}",
        definition(&name, app.schema(stream))
    )
}

/// The values of one event, in order or by name.
fn row(stream: &str, schema: &Schema, data: &Json) -> anyhow::Result<Vec<Value>> {
    let value = |at: usize, json: &Json| {
        let attribute = &schema[at];
        from_json(json, attribute.data_type).with_context(|| {
            format!("`{}` is of type `{}`, not {json}", attribute.name, attribute.data_type)
        })
    };
    if let Some(fields) = data.as_object() {
        for name in fields.keys() {
            if !schema.iter().any(|it| it.name == *name) {
                bail!(
                    "the stream has no attribute `{name}`\nhint: it is {}",
                    definition(stream, schema)
                );
            }
        }
        let of = |(at, name): (usize, &str)| value(at, fields.get(name).unwrap_or(&Json::Null));
        return schema.iter().map(|it| it.name.as_str()).enumerate().map(of).collect();
    }
    let values = data.as_array().context("an event is an array of values or an object")?;
    if values.len() != schema.len() {
        let definition = definition(stream, schema);
        bail!(
            "the event has {} values, the stream {}\nhint: it is {definition}",
            values.len(),
            schema.len()
        );
    }
    values.iter().enumerate().map(|(at, json)| value(at, json)).collect()
}

/// The value of a type that JSON stands for; `None` when it stands for none.
fn from_json(json: &Json, data_type: DataType) -> Option<Value> {
    Some(match data_type {
        _ if json.is_null() => Value::Null,
        DataType::String => Value::text(json.as_str()?),
        DataType::Bool => Value::Bool(json.as_bool()?),
        DataType::Int => Value::Int(i32::try_from(json.as_i64()?).ok()?),
        DataType::Long => Value::Long(json.as_i64()?),
        DataType::Float => Value::Float(json.as_f64()? as f32),
        DataType::Double => Value::Double(json.as_f64()?),
        DataType::Object => match json {
            Json::String(text) => Value::text(text.as_str()),
            Json::Bool(v) => Value::Bool(*v),
            Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                Value::object(Object::Json(json.to_string().into()))
            }
        },
    })
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(v) => Json::Bool(*v),
        Value::Int(v) => Json::from(*v),
        Value::Long(v) => Json::from(*v),
        Value::Float(v) => weir_event::float_text(*v).parse::<f64>().map_or(Json::Null, Json::from),
        Value::Double(v) => Json::from(*v),
        Value::Str(v) => Json::String(v.to_string()),
        Value::Object(object) => match &**object {
            Object::List(items) | Object::Set(items) => items.iter().map(to_json).collect(),
            Object::Map(entries) => {
                entries.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect()
            }
            Object::Json(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_string()))
            }
            Object::Bytes(_) | Object::Error { .. } | Object::Event { .. } => {
                Json::String(object.to_string())
            }
        },
    }
}
