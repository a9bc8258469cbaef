//! The `weir` binary: one file a command.

mod bench;
mod check;
mod demo;
mod errors;
mod fmt;
mod io;
mod replay;
mod run;
mod serve;
mod status;
mod takeover;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs Siddhi apps, and keeps them running.
#[derive(Debug, Parser)]
#[command(
    name = "weir",
    version,
    max_term_width = 100,
    after_help = "\
First steps:
  weir demo                             a pair of nodes, one of them killed in the middle
  weir check app.siddhi                 what is wrong with an app, at its place in the text
  weir run app.siddhi < events.jsonl    one app, events in and outputs out as JSON lines

`weir help COMMAND` says all about a command, with examples."
)]
struct Weir {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Replay(replay::Replay),
    Bench(bench::Bench),
    Serve(serve::Serve),
    Status(status::Status),
    Takeover(takeover::Takeover),
    Errors(errors::Errors),
    Demo(demo::Demo),
}

fn main() -> ExitCode {
    let done = match Weir::parse().command {
        Command::Run(command) => command.execute(),
        Command::Check(command) => command.execute(),
        Command::Fmt(command) => command.execute(),
        Command::Replay(command) => command.execute(),
        Command::Bench(command) => command.execute(),
        Command::Serve(command) => command.execute(),
        Command::Status(command) => command.execute(),
        Command::Takeover(command) => command.execute(),
        Command::Errors(command) => command.execute(),
        Command::Demo(command) => command.execute(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            io::say_error(&error);
            ExitCode::from(io::FAILED)
        }
    }
}
