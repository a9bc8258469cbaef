//! The programs of the servers: where they are, as whom they run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Folders beside those of `PATH` where packages put servers.
const BESIDE: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/// Where Debian keeps each release of PostgreSQL.
const POSTGRES_RELEASES: &str = "/usr/lib/postgresql";

/// Where a program is.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let releases = std::fs::read_dir(POSTGRES_RELEASES).into_iter().flatten().flatten();
    let mut releases: Vec<_> = releases.map(|it| it.path().join("bin")).collect();
    releases.sort();
    let folders = releases.into_iter().rev().chain(std::env::split_paths(&path));
    let folders = folders.chain(BESIDE.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|it| it.is_file())
}

/// The first of the users that this machine has, when this process is the administrator: servers
/// refuse to run as that.
pub(crate) fn user_to_be(users: &[&'static str]) -> Result<Option<&'static str>> {
    if said("id", &["-u"])?.trim() != "0" {
        return Ok(None);
    }
    for user in users {
        if said("id", &["-u", user]).is_ok() {
            return Ok(Some(user));
        }
    }
    bail!("the servers do not run as administrator, and none of {users:?} is a user here")
}

/// A command that runs as `user`, or as this one.
pub(crate) fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--"]).arg(program);
    command
}

/// Runs a command to its end; its words are shown only when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{name}`"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    bail!("`{command:?}` failed: {}", String::from_utf8_lossy(&said).trim())
}

/// What a command says.
fn said(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).output()?;
    if !output.status.success() {
        bail!("`{program} {}` failed", args.join(" "));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Gives a folder to the user that a server runs as.
pub(crate) fn give(folder: &Path, user: Option<&str>) -> Result<()> {
    match user {
        Some(user) => run(Command::new("chown").arg("-R").arg(user).arg(folder)),
        None => Ok(()),
    }
}
