//! `weir check`: says what is wrong with apps without running them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use weir_datasource::RdbmsStores;
use weir_engine::{App, Options};

use crate::io;

/// Checks apps: syntax, names and types, all problems of a file at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir check fraud.siddhi                one app
  weir check wso2/server/deployment/siddhi-files
                                         every .siddhi file of a folder

`${NAME}` in an app is taken from the environment, as `weir serve` takes it.
The exit code is 0 when all apps are right and 1 when one is not.")]
pub(crate) struct Check {
    /// Files, folders of .siddhi files, or `-` for standard input.
    #[arg(required = true, value_name = "APP")]
    apps: Vec<PathBuf>,
}

impl Check {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let mut wrong = 0;
        let files = io::app_files(&self.apps)?;
        for file in &files {
            let mut app = io::read_app(file)?;
            let mut problems = std::mem::take(&mut app.problems);
            if problems.is_empty() {
                let options = Options { name: app.stem.clone() };
                let made = App::create_with(&app.text, &options, &RdbmsStores::for_check());
                problems = made.err().unwrap_or_default();
            }
            if problems.is_empty() {
                io::put(&format!("{}: ok", app.name))?;
            } else {
                wrong += 1;
                io::say_problems(&app, &problems);
                io::say("");
            }
        }
        if wrong > 0 {
            io::say(&format!("{wrong} of {} apps have problems", files.len()));
            return Ok(ExitCode::from(io::FAILED));
        }
        Ok(ExitCode::SUCCESS)
    }
}
