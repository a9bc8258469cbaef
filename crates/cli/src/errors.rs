//! `weir errors`: the messages that sinks with `on.error='STORE'` could not deliver.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::{io, status};

/// Lists, sends again or discards the messages that sinks could not deliver.
///
/// A sink with `on.error='STORE'` keeps what its far side refused, and what it could not reach, in
/// the persistence database, where every node of the group finds it. A message that is sent again
/// has the output id that it had before; it goes from the list once it has arrived.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  weir errors list --home /opt/weir --app Orders
  weir errors replay --home /opt/weir --id 17
  weir errors discard --home /opt/weir --all")]
pub(crate) struct Errors {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Shows what could not be delivered, and why.
    List {
        /// The node's home.
        #[arg(long, value_name = "DIR", default_value = ".")]
        home: PathBuf,
        /// Of this app only.
        #[arg(long)]
        app: Option<String>,
        /// Print JSON, one message a line.
        #[arg(long)]
        json: bool,
    },
    /// Sends messages again; asks the active node.
    Replay(Which),
    /// Forgets messages.
    Discard(Which),
}

#[derive(Debug, Args)]
struct Which {
    /// The node's home.
    #[arg(long, value_name = "DIR", default_value = ".")]
    home: PathBuf,
    /// This one, as `weir errors list` numbers it; may be given several times.
    #[arg(long, required_unless_present_any = ["all", "app"])]
    id: Vec<i64>,
    /// All of this app.
    #[arg(long, conflicts_with = "id")]
    app: Option<String>,
    /// All there are.
    #[arg(long, conflicts_with_all = ["id", "app"])]
    all: bool,
}

impl Errors {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        match self.deed {
            Deed::List { home, app, json } => list(&home, app.as_deref(), json),
            Deed::Replay(which) => which.each("replay-error", "sent"),
            Deed::Discard(which) => which.each("discard-error", "discarded"),
        }
    }
}

/// All messages, asked for page by page.
fn all(home: &Path, app: Option<&str>) -> anyhow::Result<Vec<Json>> {
    let mut found: Vec<Json> = Vec::new();
    loop {
        let after = found.last().and_then(|it| it["id"].as_i64()).unwrap_or_default();
        let answer =
            status::ask_with(home, &json!({ "ask": "errors", "app": app, "after": after }))?;
        match answer["errors"].as_array() {
            Some(page) if !page.is_empty() => found.extend(page.iter().cloned()),
            Some(_) | None => return Ok(found),
        }
    }
}

fn list(home: &Path, app: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    for it in all(home, app)? {
        if json {
            io::put(&it.to_string())?;
            continue;
        }
        let word = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        io::put(&format!("{} {} {}: {}", it["id"], word("app"), word("sink"), word("cause")))?;
        io::put(&format!("    output {}: {}", word("output"), word("message")))?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Which {
    /// Asks for each; one that fails does not hold up the rest.
    fn each(self, ask: &str, done: &str) -> anyhow::Result<ExitCode> {
        let ids = if self.id.is_empty() {
            let found = all(&self.home, self.app.as_deref())?;
            found.iter().filter_map(|it| it["id"].as_i64()).collect()
        } else {
            self.id
        };
        let mut failed = 0;
        for id in &ids {
            if let Err(why) = status::ask_with(&self.home, &json!({ "ask": ask, "id": id })) {
                failed += 1;
                io::say_error(&why.context(format!("message {id}")));
            }
        }
        io::put(&format!("{} {done}, {failed} left", ids.len() - failed))?;
        Ok(if failed > 0 { ExitCode::from(io::FAILED) } else { ExitCode::SUCCESS })
    }
}
