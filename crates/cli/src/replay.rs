//! `weir replay`: plays a recorded scenario in virtual time.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::io;

/// Plays a scenario in virtual time and prints it with what came out.
///
/// A scenario is one JSON file: an app, what is done to it and when. Minutes of it take
/// milliseconds and always give the same answer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir replay scenario.json              prints the scenario with its `recv` and `publish` steps
  weir replay scenario.json > told.json  keeps it as the expected answer

A scenario in which one event is sent after a second:
  {\"test\": \"dear ones\", \"start\": 1600000000000, \"steps\": [
    {\"at\": 0, \"op\": \"create\", \"rt\": 0,
     \"app\": \"define stream In (price double); from In[price > 70.0] insert into Out;\"},
    {\"at\": 0, \"op\": \"callback\", \"rt\": 0, \"cb\": 0, \"kind\": \"stream\",
     \"name\": \"Out\"},
    {\"at\": 0, \"op\": \"start\", \"rt\": 0},
    {\"at\": 1000, \"op\": \"send\", \"rt\": 0, \"stream\": \"In\",
     \"events\": [{\"data\": [{\"double\": 75.6}]}]}]}")]
pub(crate) struct Replay {
    /// The scenario, or `-` for standard input.
    #[arg(value_name = "FILE")]
    scenario: PathBuf,
}

impl Replay {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let text = io::read_text(&self.scenario)?;
        let played = weir_testkit::replay(&text)
            .with_context(|| format!("could not play `{}`", self.scenario.display()))?;
        io::put(&played)?;
        Ok(ExitCode::SUCCESS)
    }
}
