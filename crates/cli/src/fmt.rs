//! `weir fmt`: lays apps out in one style, comments kept.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::io;

/// Lays the text of apps out in one style, comments and literals kept as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir fmt fraud.siddhi                  rewrites the file
  weir fmt --check apps/                 only says which files would change
  weir fmt - < fraud.siddhi              standard input to standard output

A file with syntax errors is left as it is. The exit code is 1 when a file has errors, or
with --check when one would change.")]
pub(crate) struct Fmt {
    /// Say which files would change, and change none.
    #[arg(long)]
    check: bool,
    /// Files, folders of .siddhi files, or `-` for standard input.
    #[arg(required = true, value_name = "APP")]
    apps: Vec<PathBuf>,
}

impl Fmt {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let mut failed = false;
        for file in io::app_files(&self.apps)? {
            let text = io::read_text(&file)?;
            let formatted = match weir_query::format_source(&text) {
                Ok(formatted) => formatted,
                Err(problems) => {
                    let name = file.display().to_string();
                    io::say(&weir_query::render_problems(&name, &text, &problems));
                    failed = true;
                    continue;
                }
            };
            if file == Path::new("-") {
                io::put(formatted.trim_end())?;
            } else if formatted == text {
                continue;
            } else if self.check {
                io::put(&format!("{} would change", file.display()))?;
                failed = true;
            } else {
                std::fs::write(&file, formatted)
                    .with_context(|| format!("could not write `{}`", file.display()))?;
                io::put(&format!("{} changed", file.display()))?;
            }
        }
        Ok(if failed { ExitCode::from(io::FAILED) } else { ExitCode::SUCCESS })
    }
}
