//! Conformance: replays what the reference engine was recorded to answer, and compares.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::{Outcome, cargo};

/// The folders of recordings to agree with, in the shared folder's `scenarios`.
const AREAS: &[&str] = &["core"];

/// The share of recordings that must agree, in percent. Only ever raised.
const FLOOR_FILE: &str = "tests/judge-floor.txt";

/// Builds `weir` and judges it. True when it agrees often enough, or there is nothing to judge by.
///
/// # Errors
///
/// The judge could not run, or printed no total.
pub(crate) fn judge(root: &Path) -> Result<bool> {
    Ok(step(root)? != Outcome::Failed)
}

/// The same as a step of `verify`.
///
/// # Errors
///
/// The judge could not run, or printed no total.
pub(crate) fn step(root: &Path) -> Result<Outcome> {
    let Some(scenarios) = scenarios(root) else {
        println!("conformance: skipped, no recordings here (`../shared/scenarios`)");
        return Ok(Outcome::Skipped);
    };
    if !has_python() {
        let must = std::env::var_os("CI").is_some();
        println!("conformance: the judge needs `python3` on the path");
        return Ok(if must { Outcome::Failed } else { Outcome::Skipped });
    }
    let Some(weir) = weir(root)? else { return Ok(Outcome::Failed) };
    let floor = floor(root)?;
    let areas: Vec<PathBuf> = AREAS.iter().map(|area| scenarios.join(area)).collect();
    let output = Command::new("python3")
        .arg(scenarios.join("judge"))
        .args(["--engine", &format!("'{}' replay", weir.display())])
        .args(areas)
        .stderr(Stdio::inherit())
        .output()
        .context("could not start the judge")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    print!("{printed}");
    let share = agreeing(&printed).context("the judge printed no total")?;
    println!("conformance: {share:.1}% agree, at least {floor:.1}% must (`{FLOOR_FILE}`)");
    Ok(if share >= floor { Outcome::Passed } else { Outcome::Failed })
}

/// Builds `weir` for release and says where it is; `None` when it does not build.
///
/// # Errors
///
/// Cargo cannot be started.
pub(crate) fn weir(root: &Path) -> Result<Option<PathBuf>> {
    let args = ["build", "--release", "--locked", "--package", "weir-cli", "--bin", "weir"];
    let built = cargo(root, &args, &[])? == Outcome::Passed;
    Ok(built.then(|| target(root).join("release/weir")))
}

/// The recordings, kept beside the checkout or where `WEIR_SHARED` says.
fn scenarios(root: &Path) -> Option<PathBuf> {
    let shared = match std::env::var_os("WEIR_SHARED") {
        Some(named) => PathBuf::from(named),
        None => root.join("../shared"),
    };
    let scenarios = shared.join("scenarios");
    scenarios.join("judge").is_file().then_some(scenarios)
}

fn has_python() -> bool {
    let asked = Command::new("python3")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|it| it.success())
}

/// Where cargo puts what it builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn floor(root: &Path) -> Result<f64> {
    let text = fs::read_to_string(root.join(FLOOR_FILE))
        .with_context(|| format!("could not read `{FLOOR_FILE}`"))?;
    let Ok(floor) = text.trim().parse() else {
        bail!("`{FLOOR_FILE}` must hold one number, such as 40.0, not `{}`", text.trim());
    };
    Ok(floor)
}

/// The percentage in the judge's last line, `  300 of   757 agree (39.6%)`.
fn agreeing(printed: &str) -> Option<f64> {
    let total = printed.lines().rev().find(|line| line.contains("agree ("))?;
    let (_, share) = total.split_once('(')?;
    share.trim_end().strip_suffix("%)")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_read_from_the_last_line() {
        let printed = "   10 of    20  query\n  300 of   757 agree (39.6%)\n";
        assert_eq!(agreeing(printed), Some(39.6));
        assert_eq!(agreeing("nothing\n"), None);
    }

    #[test]
    fn the_floor_is_a_number() {
        assert!(floor(&crate::tree::root()).unwrap() >= 0.0);
    }
}
