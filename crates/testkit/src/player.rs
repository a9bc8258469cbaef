//! Plays a scenario in virtual time and writes down what came out.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{Batch, BatchBuilder, Epoch, Kind, Seq, Value};
use weir_query::Problem;

use weir_connectors::ENTRY_TIME;

use crate::json::{read, write};
use crate::transports::{Published, Transports};

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is not JSON.
    #[error("the scenario is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// A part of it is missing or of another kind.
    #[error("the scenario is not well formed: {0}")]
    Malformed(String),
}

/// Plays the scenario in `text`, in virtual time; the same with what came out, as JSON.
///
/// # Errors
///
/// The text is not a scenario.
pub fn replay(text: &str) -> Result<String, ReplayError> {
    let mut scenario: Map<String, Json> = serde_json::from_str(text)?;
    let Some(Json::Array(steps)) = scenario.remove("steps") else {
        return Err(ReplayError::Malformed("`steps` is missing".into()));
    };
    let start = scenario.get("start").and_then(Json::as_i64).unwrap_or(0);
    let topics = scenario.get("topics").and_then(Json::as_array).into_iter().flatten();
    let topics = topics.filter_map(Json::as_str).map(str::to_owned).collect();
    let mut player = Player { start, topics, ..Player::default() };
    for step in steps {
        let Json::Object(step) = step else {
            return Err(ReplayError::Malformed("a step is not an object".into()));
        };
        player.step(step);
    }
    scenario.insert("steps".into(), Json::Array(player.out));
    Ok(serde_json::to_string(&Json::Object(scenario))?)
}

/// What one listener's calls look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listens {
    /// A listener of a stream, by its number.
    Stream(i64),
    /// A listener of a query, by its number.
    Query(i64),
    /// A sink of the app, by its place.
    Sink(usize),
}

struct Running {
    app: App,
    taps: BTreeMap<TapId, Listens>,
    transports: Transports,
    started: bool,
    seq: u64,
}

/// What came out of an app.
enum Call {
    /// A call of a listener.
    Listener { cb: i64, body: Map<String, Json> },
    /// A message on a topic.
    Message(Published),
}

#[derive(Default)]
struct Player {
    start: i64,
    now: i64,
    apps: BTreeMap<i64, Running>,
    revisions: BTreeMap<String, Vec<u8>>,
    /// The topics to write down.
    topics: Vec<String>,
    out: Vec<Json>,
}

/// How often a message may lead to another before it is taken for a loop.
const HOPS_MAX: u32 = 64;

struct Recorder<'a> {
    taps: &'a BTreeMap<TapId, Listens>,
    transports: &'a Transports,
    calls: Vec<Call>,
}

fn rows(emitted: &Emitted<'_>, range: std::ops::Range<usize>, wanted: Option<Kind>) -> Json {
    let kind = |row: usize| emitted.kinds.map_or(Kind::Current, |kinds| kinds[row]);
    range
        .filter(|row| wanted.is_none_or(|wanted| kind(*row) == wanted))
        .map(|row| {
            let data: Vec<Json> = emitted.batch.row(row).iter().map(write).collect();
            json!({ "ts": emitted.batch.timestamps[row], "data": data })
        })
        .collect()
}

impl Outputs for Recorder<'_> {
    fn rows(&mut self, tap: TapId, emitted: &Emitted<'_>) {
        let Some(listens) = self.taps.get(&tap) else { return };
        for (range, chunk) in emitted.chunk_ranges() {
            let mut body = Map::new();
            match listens {
                Listens::Sink(sink) => {
                    let rows: Vec<u32> = range.map(|row| row as u32).collect();
                    let made = self.transports.encode(*sink, emitted, &rows);
                    self.calls.extend(made.into_iter().map(Call::Message));
                }
                Listens::Stream(cb) => {
                    body.insert("events".into(), rows(emitted, range, None));
                    self.calls.push(Call::Listener { cb: *cb, body });
                }
                Listens::Query(cb) => {
                    let last = range.end.checked_sub(1);
                    let ts = last.map_or(chunk.now, |row| emitted.batch.timestamps[row]);
                    body.insert("ts".into(), ts.into());
                    let side = |kind| {
                        let rows = rows(emitted, range.clone(), Some(kind));
                        let any = rows.as_array().is_some_and(|rows| !rows.is_empty());
                        if any { rows } else { Json::Null }
                    };
                    body.insert("in".into(), side(Kind::Current));
                    body.insert("removed".into(), side(Kind::Expired));
                    self.calls.push(Call::Listener { cb: *cb, body });
                }
            }
        }
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

impl Running {
    fn head(&mut self, time: i64, end: u32) -> EntryHead {
        self.seq += 1;
        EntryHead { seq: Seq(self.seq), epoch: Epoch(1), time, end }
    }

    /// Takes the events of a message, each chunk an entry.
    fn take(&mut self, stream: &str, mut batch: Batch, ends: &[u32], now: i64) -> Vec<Call> {
        let Some(stream) = self.app.stream(stream) else { return Vec::new() };
        let stamped = batch.timestamps.iter().any(|time| *time != ENTRY_TIME);
        for time in std::sync::Arc::make_mut(&mut batch.timestamps)
            .iter_mut()
            .filter(|time| **time == ENTRY_TIME)
        {
            *time = now;
        }
        let mut calls = Vec::new();
        let mut start = 0;
        for end in ends {
            let rows: Vec<u32> = (start..*end).collect();
            let chunk = batch.gather(&rows);
            start = *end;
            let head = self.head(now, chunk.len() as u32);
            let mut recorder =
                Recorder { taps: &self.taps, transports: &self.transports, calls: Vec::new() };
            if stamped {
                self.app.apply(stream, &chunk, &[head], &mut recorder);
            } else {
                self.app.apply_unstamped(stream, &chunk, head, &mut recorder);
            }
            calls.append(&mut recorder.calls);
        }
        calls
    }

    fn tick(&mut self, time: i64) -> Vec<Call> {
        let head = self.head(time, 0);
        let mut recorder =
            Recorder { taps: &self.taps, transports: &self.transports, calls: Vec::new() };
        self.app.tick(head, &mut recorder);
        recorder.calls
    }
}

impl Player {
    fn step(&mut self, mut step: Map<String, Json>) {
        let at = step.get("at").and_then(Json::as_i64).unwrap_or(0);
        self.move_to(self.start + at);
        let op = step.get("op").and_then(Json::as_str).unwrap_or_default().to_owned();
        let rt = step.get("rt").and_then(Json::as_i64).unwrap_or(0);
        let problem = match op.as_str() {
            "create" => self.create(rt, &step),
            "validate" => self.made(0, &step).err(),
            "callback" => self.listen(rt, &step),
            "query" => self.ask(rt, &mut step),
            "start" | "shutdown" if !self.apps.contains_key(&rt) => {
                Some("there is no such app".to_owned())
            }
            _ => None,
        };
        if let Some(message) = problem {
            step.insert("error".into(), "SiddhiAppCreationException".into());
            step.insert("message".into(), message.into());
        }
        if op == "recv" || op == "publish" {
            return;
        }
        let send = op == "send";
        let events = if send { step.get("events").cloned() } else { None };
        let stream = text_of(&step, "stream").to_owned();
        let topic = text_of(&step, "topic").to_owned();
        let message = if op == "send-topic" { step.get("message").cloned() } else { None };
        self.out.push(Json::Object(step));
        let calls = match op.as_str() {
            "start" => self.start(rt),
            "send" => self.send(rt, &stream, events.as_ref()),
            "send-topic" => self.send_to_sources(&Published::read(&topic, message.as_ref())),
            "persist" => {
                self.persist(rt);
                Vec::new()
            }
            "restoreLastRevision" => {
                self.restore(rt);
                Vec::new()
            }
            "shutdown" => {
                if let Some(running) = self.apps.get_mut(&rt) {
                    running.started = false;
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        self.print(calls, at);
    }

    fn print(&mut self, calls: Vec<Call>, at: i64) {
        self.print_hop(calls, at, 0);
    }

    fn print_hop(&mut self, calls: Vec<Call>, at: i64, hop: u32) {
        for call in calls {
            let mut step = Map::new();
            step.insert("at".into(), at.into());
            match call {
                Call::Listener { cb, body } => {
                    step.insert("op".into(), "recv".into());
                    step.insert("cb".into(), cb.into());
                    step.extend(body);
                    self.out.push(Json::Object(step));
                }
                Call::Message(published) => {
                    if self.topics.contains(&published.topic) {
                        step.insert("op".into(), "publish".into());
                        step.insert("topic".into(), published.topic.clone().into());
                        step.insert("message".into(), published.to_json());
                        self.out.push(Json::Object(step));
                    }
                    if hop < HOPS_MAX {
                        let calls = self.send_to_sources(&published);
                        self.print_hop(calls, at, hop + 1);
                    }
                }
            }
        }
    }

    /// A message goes to every source that listens to its topic.
    fn send_to_sources(&mut self, published: &Published) -> Vec<Call> {
        let now = self.now;
        let mut calls = Vec::new();
        for running in self.apps.values_mut().filter(|it| it.started) {
            for (stream, batch, ends) in running.transports.decode(published) {
                calls.extend(running.take(&stream, batch, &ends, now));
            }
        }
        calls
    }

    /// Virtual time goes on: the timers of all apps fire on the way, in order of their due time.
    fn move_to(&mut self, time: i64) {
        loop {
            let next = self
                .apps
                .iter()
                .filter(|(_, it)| it.started)
                .filter_map(|(rt, it)| Some((it.app.next_due()?, *rt)))
                .min();
            let Some((due, rt)) = next.filter(|(due, _)| *due <= time) else { break };
            let due = due.max(self.now);
            let Some(running) = self.apps.get_mut(&rt) else { break };
            let calls = running.tick(due);
            self.print(calls, due - self.start);
            if running_stuck(self.apps.get(&rt), due) {
                break;
            }
        }
        self.now = self.now.max(time);
    }

    fn create(&mut self, rt: i64, step: &Map<String, Json>) -> Option<String> {
        match self.made(rt, step) {
            Ok(running) => {
                self.apps.insert(rt, running);
                None
            }
            Err(message) => Some(message),
        }
    }

    fn made(&self, rt: i64, step: &Map<String, Json>) -> Result<Running, String> {
        let options = Options::named(format!("app{rt}"));
        let mut app = App::create(text_of(step, "app"), &options).map_err(first)?;
        let transports = Transports::of(&app)?;
        let mut taps = BTreeMap::new();
        for (sink, stream) in transports.sink_streams().enumerate() {
            if let Some(stream) = app.stream(stream) {
                taps.insert(app.listen(stream), Listens::Sink(sink));
            }
        }
        Ok(Running { app, taps, transports, started: false, seq: 0 })
    }

    fn ask(&mut self, rt: i64, step: &mut Map<String, Json>) -> Option<String> {
        let now = self.now;
        let text = text_of(step, "query").to_owned();
        let running = self.apps.get_mut(&rt)?;
        let head = running.head(now, 0);
        match running.app.query(&text, head) {
            Ok(answer) => {
                let row = |row: &Vec<Value>| {
                    let data: Vec<Json> = row.iter().map(write).collect();
                    json!({ "ts": -1, "data": data })
                };
                step.insert("rows".into(), answer.rows.iter().map(row).collect());
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }

    fn listen(&mut self, rt: i64, step: &Map<String, Json>) -> Option<String> {
        let Some(running) = self.apps.get_mut(&rt) else {
            return Some("there is no such app".to_owned());
        };
        let cb = step.get("cb").and_then(Json::as_i64).unwrap_or(0);
        let name = text_of(step, "name");
        let (tap, listens) = if text_of(step, "kind") == "query" {
            (running.app.listen_to_query(name), Listens::Query(cb))
        } else {
            let stream = running.app.stream(name);
            let tap = match stream {
                Some(stream) => Some(running.app.listen(stream)),
                None => running.app.listen_to_window(name),
            };
            (tap, Listens::Stream(cb))
        };
        match tap {
            Some(tap) => {
                running.taps.insert(tap, listens);
                None
            }
            None => Some(format!("there is no `{name}` to listen to")),
        }
    }

    fn start(&mut self, rt: i64) -> Vec<Call> {
        let now = self.now;
        let Some(running) = self.apps.get_mut(&rt) else { return Vec::new() };
        running.started = true;
        let head = running.head(now, 0);
        let mut recorder =
            Recorder { taps: &running.taps, transports: &running.transports, calls: Vec::new() };
        running.app.start(head, &mut recorder);
        recorder.calls
    }

    fn send(&mut self, rt: i64, stream: &str, events: Option<&Json>) -> Vec<Call> {
        let now = self.now;
        let Some(running) = self.apps.get_mut(&rt).filter(|it| it.started) else {
            return Vec::new();
        };
        let Some(stream) = running.app.stream(stream) else { return Vec::new() };
        let (batch, stamped) = batch(running.app.schema(stream), events, now);
        if batch.is_empty() {
            return Vec::new();
        }
        let head = running.head(now, batch.len() as u32);
        let mut recorder =
            Recorder { taps: &running.taps, transports: &running.transports, calls: Vec::new() };
        if stamped {
            running.app.apply(stream, &batch, &[head], &mut recorder);
        } else {
            running.app.apply_unstamped(stream, &batch, head, &mut recorder);
        }
        recorder.calls
    }

    fn persist(&mut self, rt: i64) {
        if let Some(running) = self.apps.get(&rt) {
            self.revisions.insert(running.app.name().to_owned(), running.app.save());
        }
    }

    fn restore(&mut self, rt: i64) {
        if let Some(running) = self.apps.get_mut(&rt)
            && let Some(bytes) = self.revisions.get(running.app.name())
        {
            let loaded = running.app.load(bytes);
            debug_assert!(loaded.is_ok(), "a state of the same app loads: {loaded:?}");
        }
    }
}

/// Whether a tick left the same timer due: nothing would ever move on.
fn running_stuck(running: Option<&Running>, due: i64) -> bool {
    running.is_some_and(|it| it.app.next_due().is_some_and(|next| next < due))
}

fn batch(schema: &weir_event::Schema, events: Option<&Json>, now: i64) -> (Batch, bool) {
    let mut builder = BatchBuilder::new(schema);
    let mut stamped = false;
    for event in events.and_then(Json::as_array).into_iter().flatten() {
        let ts = event.get("ts").and_then(Json::as_i64);
        stamped |= ts.is_some();
        let data: Vec<Value> =
            event.get("data").and_then(Json::as_array).into_iter().flatten().map(read).collect();
        builder.push_row(ts.unwrap_or(now), data);
    }
    (builder.finish(), stamped)
}

fn text_of<'s>(step: &'s Map<String, Json>, key: &str) -> &'s str {
    step.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn first(problems: Vec<Problem>) -> String {
    problems.into_iter().next().map_or_else(String::new, |problem| problem.message)
}
