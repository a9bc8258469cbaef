//! The project's own chores: `cargo xtask tidy`, `verify`, `judge`, `bench`, `serve` and others.
#![expect(clippy::print_stdout, reason = "a command line tool talks to the person who ran it")]

mod bench;
mod databases;
mod examples;
mod growth;
mod judge;
mod packages;
mod plot;
mod rust_text;
mod serve;
mod steps;
mod tidy;
mod tree;
mod verify;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  verify    every check, read-only: format, tidy, clippy, tests, docs, conformance
  tidy      the house rules that no compiler knows: sizes, dead files, arrows between rooms
  judge     builds `weir` and compares it with the recordings of the reference in ../shared
  bench     measures `weir` beside the reference on the workloads in ../shared, or those named
  serve     measures what `weir serve` costs an event that comes over HTTP; builds nothing: it takes
            target/release/weir or the binary that is named; `serve snapshots [pair]` measures how
            long snapshots hold events up, alone or on the active of two; `serve takeovers KILLS
            [queue]` a killed node's absence; `serve replication RATE` what a passive node costs
  growth    measures what an event costs as the state grows, and what the state takes in memory
  examples  replays the data of the examples on `weir` and compares with the answers beside it
  databases up | down | run -- COMMAND
            starts private PostgreSQL and MariaDB servers in a temporary folder, and stops them;
            COMMAND finds them by WEIR_TEST_POSTGRES, WEIR_TEST_MARIADB, WEIR_TEST_CERTIFICATE
  fix       the one command that writes: formats, and applies what clippy can mend by itself

`cargo xtask tidy --all` also lists what is not wrong yet but should be questioned.
";

fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = tree::root();
    let good = match args.as_slice() {
        ["verify"] => verify::verify(&root)?,
        ["judge"] => judge::judge(&root)?,
        ["bench", wanted @ ..] => bench::bench(&root, wanted)?,
        ["growth", wanted @ ..] => growth::growth(&root, wanted)?,
        ["serve", "snapshots"] => serve::snapshots(&root, None)?,
        ["serve", "snapshots", "pair"] => serve::snapshots_of_pair(&root)?,
        ["serve", "snapshots", binary] => serve::snapshots(&root, Some(binary))?,
        ["serve", "takeovers", kills] => {
            serve::takeovers(&root, kills.parse()?, "snapshotIntervalMillis: 5000")?
        }
        ["serve", "takeovers", kills, "queue"] => {
            let own = "snapshotIntervalMillis: 5000\nstandby: queue";
            serve::takeovers(&root, kills.parse()?, own)?
        }
        ["serve", "replication", rate] => serve::replication(&root, rate.parse()?)?,
        ["serve"] => serve::throughput(&root, None)?,
        ["serve", binary] => serve::throughput(&root, Some(binary))?,
        ["examples"] => examples::step(&root)? == steps::Outcome::Passed,
        ["databases", rest @ ..] => databases::command(&root, rest)?,
        ["fix"] => verify::fix(&root)?,
        ["tidy"] => tidy::report(&root, false)?,
        ["tidy", "--all"] => tidy::report(&root, true)?,
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            true
        }
        _ => bail!("unknown command `{}`\nhint: `cargo xtask help` lists them", args.join(" ")),
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
