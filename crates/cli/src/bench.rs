//! `weir bench`: measures an app on generated events.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use weir_testkit::BenchError;

use crate::io;

/// Measures how many events a second an app takes, and prints one JSON line.
///
/// The app reads `Src (symbol string, price double, volume int)` and inserts into `Out`. Events
/// are made before the clock starts; it runs from the first send until the last output was handed
/// over, on two threads: one sends as a source does, the other runs the engine and hands numbered
/// rows to a counting sink. Replication and disk are not in it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir bench filter.siddhi                              a million events, one at a time
  weir bench filter.siddhi --events 200000 --batch 1000 in arrays of a thousand")]
pub(crate) struct Bench {
    /// The app.
    app: PathBuf,
    /// How many events are sent.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    events: u64,
    /// How many events a send has.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
}

impl Bench {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let app = io::read_app(&self.app)?;
        let figure = match weir_testkit::bench(&app.text, self.events, self.batch) {
            Ok(figure) => figure,
            Err(BenchError::App(problems)) => {
                io::say_problems(&app, &problems);
                return Ok(ExitCode::from(io::FAILED));
            }
            Err(error @ BenchError::Stream(_)) => return Err(error.into()),
        };
        let line = json!({
            "engine": "weir",
            "workload": app.stem,
            "batch": self.batch,
            "events": figure.events,
            "out": figure.out,
            "events_per_s": figure.events_per_s.round() as u64,
        });
        io::put(&line.to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}
