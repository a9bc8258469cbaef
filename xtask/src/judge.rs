//! Conformance: replays what the reference engine was recorded to answer, and compares.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::steps::{Outcome, cargo};

/// The folder of recordings whose share counts, in the shared folder's `scenarios`.
const COUNTED: &str = "core";

/// Those that must only not break `weir`.
const ENDURED: &[&str] = &["extensions", "gotchas"];

/// How the judge begins to say why, when there was no answer at all: a crash or a time-out.
const NO_ANSWER: &[&str] = &["exit ", "no answer in ", "printed no JSON", "cannot be compared"];

/// How many scenarios that were not answered are shown.
const SHOWN_MAX: usize = 10;

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
    let counted = Verdict::of(&scenarios, &weir, &[COUNTED])?;
    let endured = Verdict::of(&scenarios, &weir, ENDURED)?;
    print!("{}", counted.totals);
    let share = counted.agreeing;
    println!("conformance: {share:.1}% agree, at least {floor:.1}% must (`{FLOOR_FILE}`)");
    let silent: Vec<&String> = counted.unanswered.iter().chain(&endured.unanswered).collect();
    for line in silent.iter().take(SHOWN_MAX) {
        println!("  {line}");
    }
    println!("conformance: {} ended in a crash or a time-out", silent.len());
    // A floor of zero means that there is no engine to judge yet.
    let endured_all = silent.is_empty() || floor == 0.0;
    Ok(if share >= floor && endured_all { Outcome::Passed } else { Outcome::Failed })
}

/// What the judge said of some folders.
struct Verdict {
    /// The share of scenarios that agree, in percent.
    agreeing: f64,
    /// A line for each scenario that was not answered at all.
    unanswered: Vec<String>,
    /// The lines that count, by area.
    totals: String,
}

impl Verdict {
    fn of(scenarios: &Path, weir: &Path, areas: &[&str]) -> Result<Self> {
        let output = Command::new("python3")
            .arg(scenarios.join("judge"))
            .args(["--list", "--engine", &format!("'{}' replay", weir.display())])
            .args(areas.iter().map(|area| scenarios.join(area)))
            .stderr(Stdio::inherit())
            .output()
            .context("could not start the judge")?;
        Self::read(&String::from_utf8_lossy(&output.stdout)).context("the judge printed no total")
    }

    fn read(printed: &str) -> Option<Self> {
        let is_total = |line: &&str| {
            let count = line.trim_start().split_once(" of ").map(|(count, _)| count);
            count.is_some_and(|it| it.parse::<u32>().is_ok())
        };
        let (totals, listed): (Vec<&str>, Vec<&str>) = printed.lines().partition(is_total);
        let unanswered = |line: &&str| {
            let why = line.split_once(".json: ").map_or("", |(_, why)| why);
            NO_ANSWER.iter().any(|it| why.starts_with(it))
        };
        Some(Self {
            agreeing: agreeing(printed)?,
            unanswered: listed.into_iter().filter(unanswered).map(str::to_owned).collect(),
            totals: totals.into_iter().flat_map(|line| [line, "\n"]).collect(),
        })
    }
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

/// What the reference left, kept beside the checkout or where `WEIR_SHARED` says.
pub(crate) fn shared(root: &Path) -> PathBuf {
    match std::env::var_os("WEIR_SHARED") {
        Some(named) => PathBuf::from(named),
        None => root.join("../shared"),
    }
}

fn scenarios(root: &Path) -> Option<PathBuf> {
    let scenarios = shared(root).join("scenarios");
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
    fn a_crash_is_told_from_a_wrong_answer() {
        let listed = "a/b.json: query: want [\n] got [1]\na/c.json: exit 101: gone\n\
                      a/d.json: no answer in 20 s\n";
        let totals = "    1 of     4  a\n    1 of     4 agree (25.0%)\n";
        let verdict = Verdict::read(&format!("{listed}{totals}")).unwrap();
        assert_eq!(verdict.unanswered, ["a/c.json: exit 101: gone", "a/d.json: no answer in 20 s"]);
        assert_eq!(verdict.totals, totals);
        assert_eq!(verdict.agreeing, 25.0);
    }

    #[test]
    fn the_floor_is_a_number() {
        assert!(floor(&crate::tree::root()).unwrap() >= 0.0);
    }
}
