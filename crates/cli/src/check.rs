//! `weir check`: says what is wrong with apps without running them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use weir_datasource::RdbmsStores;
use weir_engine::{App, Options};
use weir_plan::Configured;
use weir_server::{Deployment, Home, Surroundings};

use crate::io;

/// Checks apps: syntax, names and types, all problems of a file at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir check fraud.siddhi                one app
  weir check wso2/server/deployment/siddhi-files
                                         every .siddhi file of a folder

An app that names a `ref` of the configuration is checked with `--config deployment.yaml`.
`${NAME}` in an app is taken from the environment, as `weir serve` takes it.
The exit code is 0 when all apps are right and 1 when one is not.")]
pub(crate) struct Check {
    /// Files, folders of .siddhi files, or `-` for standard input.
    #[arg(required = true, value_name = "APP")]
    apps: Vec<PathBuf>,

    /// The `deployment.yaml` whose section `siddhi` the apps refer to
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Check {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        let mut wrong = 0;
        let configured = match &self.config {
            Some(file) => configured(file)?,
            None => Configured::default(),
        };
        let files = io::app_files(&self.apps)?;
        for file in &files {
            let mut app = io::read_app(file)?;
            let mut problems = std::mem::take(&mut app.problems);
            if problems.is_empty() {
                let (name, configured) = (app.stem.clone(), configured.clone());
                let options = Options { name, configured };
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

/// What a `deployment.yaml` gives to apps.
fn configured(file: &Path) -> anyhow::Result<Configured> {
    let home = Home::at(Path::new("."));
    let from = Surroundings::of_process(home.properties().into_iter().collect());
    if !file.exists() {
        anyhow::bail!("there is no `{}`", file.display());
    }
    Ok(Deployment::load(file, &home, &from)?.siddhi)
}
