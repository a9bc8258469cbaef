//! `weir status`: how a running node is.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use serde_json::{Value as Json, json};

use crate::io;

/// How long the node may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(6);

/// Shows how a running node is: its role, its peer, its apps and their sinks.
///
/// It asks over the socket `weir.sock` in the node's home, which only its owner may open. The
/// answer is 0 when the node runs and all its apps do, and 1 otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir status --home /opt/weir
  weir status --home /opt/weir --json | jq .role")]
pub(crate) struct Status {
    /// The node's home.
    #[arg(long, value_name = "DIR", default_value = ".")]
    home: PathBuf,
    /// Print JSON, on one line.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let answer = ask(&self.home, "status")?;
        if self.json {
            io::put(&answer.to_string())?;
        } else {
            io::put(text(&answer).trim_end())?;
        }
        let failed = items(&answer, "apps").any(|app| !app["failed"].is_null());
        Ok(if failed { ExitCode::from(io::FAILED) } else { ExitCode::SUCCESS })
    }
}

/// Asks the node of a home.
pub(crate) fn ask(home: &Path, what: &str) -> anyhow::Result<Json> {
    ask_with(home, &json!({ "ask": what }))
}

/// Asks the node of a home a question with more to it.
pub(crate) fn ask_with(home: &Path, question: &Json) -> anyhow::Result<Json> {
    let socket = home.join("weir.sock");
    let stream = UnixStream::connect(&socket).with_context(|| {
        format!(
            "no node answers at `{}`\nhint: start it with `weir serve --home {}`",
            socket.display(),
            home.display()
        )
    })?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    (&stream).write_all(format!("{question}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).context("the node does not answer")?;
    let answer: Json = serde_json::from_str(&line).context("the node's answer is not JSON")?;
    if let Some(error) = answer["error"].as_str() {
        anyhow::bail!("the node answers: {error}");
    }
    Ok(answer)
}

fn items<'a>(json: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    json[key].as_array().into_iter().flatten()
}

fn word(json: &Json) -> String {
    match json {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => json.to_string(),
    }
}

/// The answer for a person.
fn text(node: &Json) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a text does not fail.
        let _written = writeln!(out, "{name:<10} {value}");
    };
    line("node", word(&node["node"]));
    let role = match node["why"].as_str() {
        Some(why) => format!("{}: {why}", word(&node["role"])),
        None => word(&node["role"]),
    };
    line("role", role);
    if let Some(group) = node["group"].as_str() {
        line("group", format!("{group}, {} logs in sync", word(&node["inSync"])));
    }
    line("release", word(&node["release"]));
    if node["group"].is_string() {
        let why = node["standbyWhy"].as_str().map(|why| format!(": {why}"));
        line("standby", format!("{}{}", word(&node["standby"]), why.unwrap_or_default()));
    }
    line("epoch", word(&node["epoch"]));
    line("committed", format!("entry {}", word(&node["committed"])));
    if let Some(ms) = node["takeoverMs"].as_u64() {
        line("takeover", format!("would take {ms} ms now, once the lease is free"));
    } else if node["role"] == "passive" {
        line("takeover", "starts from the last snapshots and the log".to_owned());
    }
    for peer in items(node, "peers") {
        let state = match peer["connected"].as_bool() {
            Some(true) => "connected",
            Some(false) => "away",
            None => "sends its log here while it is active",
        };
        let lag = peer["lag"].as_u64().map(|lag| format!(", {lag} entries behind"));
        let lag = lag.unwrap_or_default();
        let release = peer["release"].as_str().map(|it| format!(", release {it}"));
        let state = format!("{state}{lag}{}", release.unwrap_or_default());
        line("peer", format!("{} at {}: {state}", word(&peer["node"]), word(&peer["at"])));
    }
    for app in items(node, "apps") {
        out.push_str(&app_text(app));
    }
    out
}

/// Bytes for a person.
fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// How many seconds ago a moment of the clock was.
fn ago(ms: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(now.as_millis()).unwrap_or(i64::MAX) - ms).max(0) / 1000
}

fn app_text(app: &Json) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a text does not fail.
        let _written = writeln!(out, "{text}");
    };
    line(format!("\napp {}", word(&app["name"])));
    if let Some(why) = app["failed"].as_str() {
        line("  does not run:".to_owned());
        for text in why.lines() {
            line(format!("    {text}"));
        }
        return out;
    }
    line(format!(
        "  events     {} taken, {} repeated and left out",
        word(&app["events"]),
        word(&app["repeated"])
    ));
    line(format!(
        "  state      at entry {}, about {}; {} KiB of events wait",
        word(&app["applied"]),
        size(app["heldBytes"].as_u64().unwrap_or_default()),
        word(&app["queuedKib"])
    ));
    let snapshot = match app["snapshot"]["entry"].as_u64() {
        Some(entry) => {
            let seconds = ago(app["snapshot"]["takenAtMs"].as_i64().unwrap_or_default());
            let size = match app["snapshot"]["bytes"].as_u64() {
                Some(bytes) => format!(", {}", size(bytes)),
                None => ", taken by another node".to_owned(),
            };
            let pause = app["snapshot"]["pauseUs"].as_f64().unwrap_or_default() / 1000.0;
            format!("at entry {entry}, {seconds} s ago{size}, held the app up for {pause:.1} ms")
        }
        None => "none yet since this node became active".to_owned(),
    };
    line(format!("  snapshot   {snapshot}; {} ms of work since", word(&app["unsavedMs"])));
    for source in items(app, "sources") {
        let how = match source["cause"].as_str() {
            Some(cause) => format!("{}: {cause}", word(&source["state"])),
            None => format!("{} {}", word(&source["state"]), source["at"].as_str().unwrap_or("")),
        };
        line(format!("  source     {}: {}", word(&source["name"]), how.trim_end()));
    }
    for sink in items(app, "sinks") {
        line(format!(
            "  sink       {}: {} delivered, {} waiting, {} given up",
            word(&sink["name"]),
            word(&sink["delivered"]),
            word(&sink["waiting"]),
            word(&sink["givenUp"])
        ));
        if let Some(trouble) = sink["trouble"].as_str() {
            line(format!("             {trouble}"));
        }
    }
    out
}
