//! The command itself: its options, its two runs, and its exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;

use super::alone;
use super::flights::Flights;
use super::harm;
use super::homes::{Manner, Ports};
use super::pair::{self, Setup};
use super::table::{seconds, thousands};
use super::tally::Tally;
use super::verdict::Verdict;
use crate::io;

/// Feeds real flights to a pair of nodes, kills the active one, and counts what came out.
///
/// Two `weir serve` processes of this machine share an SQLite file, or the database that is named.
/// A client posts them a month of departures from New York, in order, each request with an
/// `Idempotency-Key`; in the middle the active node gets SIGKILL, or what else is asked for, and
/// the client goes on with the other one. What the sinks send is received and counted, and
/// compared with what one node says that nobody disturbs.
#[derive(Debug, Args)]
#[command(after_help = "\
The app has a time window with aggregates, hourly batches in a partition, a join with a table and
a pattern; it goes by event time, so the same requests give the same answers however fast they come.

Kills come first, then kills of both nodes, stops, hand-overs, cuts and restarts of the database. In
a database that is named, each demo is a group of its own and has a table of snapshots of its own:
both stay there, and are named at the start.

The exit code is 0 when nothing was lost, nothing came twice after dropping by id, and all is equal
to the undisturbed node; otherwise it is 1, and the nodes' homes and logs are kept.

Examples:
  weir demo
  weir demo --keep ./demo                  keeps the homes: see node-1/weir.log
  weir demo --kills 20 --both 5            20 kills of the active, then 5 of both at once
  weir demo --kills 5 --stops 2 --terms 5 --cuts 2 --rate 50000 --array 100
  weir demo --database 'jdbc:postgresql://localhost:5432/weir?user=weir&password=secret'
  weir demo --array 1 --rate 0             one event a request, as fast as they are acknowledged")]
pub(crate) struct Demo {
    /// How often the active node is killed; it is started again each time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    kills: usize,
    /// How often both nodes are killed at once, after that.
    #[arg(long, value_name = "N", default_value_t = 0)]
    both: usize,
    /// How often the active is stopped for 10 s (SIGSTOP), and goes on.
    #[arg(long, value_name = "N", default_value_t = 0)]
    stops: usize,
    /// How often the active is told to end (SIGTERM) and hands over; it is started again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    terms: usize,
    /// How often the nodes cannot reach each other for 5 s.
    #[arg(long, value_name = "N", default_value_t = 0)]
    cuts: usize,
    /// How often the database restarts, by `--restart-command`.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "restart_command")]
    restarts: usize,
    /// What restarts the database, for `sh -c`; it returns when the server is up again.
    #[arg(long, value_name = "COMMAND", requires = "database")]
    restart_command: Option<String>,
    /// The database that the nodes share, rather than an SQLite file.
    #[arg(long, value_name = "JDBC_URL")]
    database: Option<String>,
    /// How many departures one more window of the app holds: about 100 bytes of state each.
    #[arg(long, value_name = "N", default_value_t = 0)]
    held: usize,
    /// What the passive node does with the log: `hot` or `queue`, as `weir.standby`.
    #[arg(long, value_name = "HOW", default_value = "hot", value_parser = ["hot", "queue"])]
    standby: String,
    /// How many events a request has.
    #[arg(long, value_name = "N", default_value_t = 20)]
    array: usize,
    /// How many events a second the client offers; 0 is as many as are acknowledged.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    rate: u64,
    /// Keep the nodes' homes and logs, in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Use the free ports from this one on.
    #[arg(long, value_name = "PORT")]
    port_base: Option<u16>,
    /// Print JSON, on one line, rather than a table.
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        ensure!(self.array > 0, "a request has one event at least\nhint: `--array 20`");
        let homes = Homes::new(self.keep.clone())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("could not start the demo's threads")?;
        match runtime.block_on(self.run(&homes)) {
            Ok(verdict) => self.tell(&verdict, homes),
            Err(error) => {
                homes.keep();
                Err(error)
            }
        }
    }

    async fn run(&self, homes: &Homes) -> anyhow::Result<Verdict> {
        tokio::select! {
            done = self.play(homes) => done,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted; the nodes are stopped"),
        }
    }

    async fn play(&self, homes: &Homes) -> anyhow::Result<Verdict> {
        let flights = Flights::in_arrays_of(self.array)?;
        let mut ports = Ports::from(self.port_base);
        io::say(&format!(
            "{} departures from New York, January 2013, in requests of {}",
            thousands(flights.events(1 + flights.round()) - flights.events(1)),
            self.array
        ));
        let harm = harm::Plan {
            kills: self.kills,
            both: self.both,
            stops: self.stops,
            terms: self.terms,
            cuts: self.cuts,
            restarts: self.restarts,
            restart_command: self.restart_command.clone(),
        };
        let manner = Manner { held: self.held, standby: self.standby.clone() };
        let (database, rate) = (self.database.as_deref(), self.rate);
        let setup = Setup { database, manner: &manner, harm: &harm, rate };
        let story = pair::play(homes.folder(), &mut ports, &flights, &setup).await?;
        io::say(&format!(
            "the same {} requests, to one node alone",
            thousands(story.requests as u64)
        ));
        let (received, took) =
            alone::play(homes.folder(), &mut ports, &manner, (&flights, story.requests)).await?;
        io::say(&format!("  done in {}", seconds(took)));
        Ok(Verdict::of(&flights, &story, &Tally::of(&received, &[])))
    }

    fn tell(&self, verdict: &Verdict, homes: Homes) -> anyhow::Result<ExitCode> {
        if self.json {
            io::put(&verdict.json().to_string())?;
        } else {
            io::put(&format!("\n{}\n", verdict.table()))?;
        }
        let broken = verdict.broken();
        if broken.is_empty() {
            homes.end();
            return Ok(ExitCode::SUCCESS);
        }
        homes.keep();
        for what in broken {
            io::say(&format!("error: {what}"));
        }
        Ok(ExitCode::from(io::FAILED))
    }
}

/// The folder with the nodes' homes.
enum Homes {
    /// Gone at the end.
    Passing(tempfile::TempDir),
    /// Where the user wants it.
    Kept(PathBuf),
}

impl Homes {
    fn new(keep: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(folder) = keep else {
            let folder = tempfile::Builder::new().prefix("weir-demo-").tempdir();
            return Ok(Self::Passing(folder.context("could not make a temporary folder")?));
        };
        let used = folder.read_dir().is_ok_and(|mut it| it.next().is_some());
        ensure!(
            !used,
            "`{}` is not empty\nhint: name a folder that is not there yet: the nodes would go on \
             with the state of an earlier demo",
            folder.display()
        );
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not create `{}`", folder.display()))?;
        Ok(Self::Kept(std::path::absolute(folder)?))
    }

    fn folder(&self) -> &std::path::Path {
        match self {
            Self::Passing(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }

    fn end(self) {
        if let Self::Kept(folder) = self {
            io::say(&format!("the nodes' homes are in `{}`", folder.display()));
        }
    }

    /// Leaves the folder where it is, to be looked at.
    fn keep(self) {
        let folder = match self {
            Self::Passing(folder) => folder.keep(),
            Self::Kept(folder) => folder,
        };
        io::say(&format!("the nodes' homes and logs are kept in `{}`", folder.display()));
    }
}
