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
  weir replay scenario.json > told.json  keeps it as the expected answer")]
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
