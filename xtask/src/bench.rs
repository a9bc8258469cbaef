//! Speed: every workload on `weir` and on the reference engine in one run, side by side.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::judge;

/// What a workload must reach: how many times the reference's events a second.
struct Workload {
    name: &'static str,
    events: u64,
    /// The least ratio in arrays of a thousand, and one at a time.
    bars: [f64; 2],
}

const fn workload(name: &'static str, events: u64, bars: [f64; 2]) -> Workload {
    Workload { name, events, bars }
}

const WORKLOADS: &[Workload] = &[
    workload("passthrough", 1_000_000, [20.0, 4.0]),
    workload("filter", 1_000_000, [20.0, 4.0]),
    workload("project", 1_000_000, [20.0, 4.0]),
    workload("length-groupby", 1_000_000, [8.0, 4.0]),
    workload("lengthbatch-groupby", 1_000_000, [8.0, 4.0]),
    workload("time-groupby", 1_000_000, [8.0, 4.0]),
    workload("timebatch-having", 1_000_000, [8.0, 4.0]),
    workload("partition", 1_000_000, [8.0, 4.0]),
    workload("table", 1_000_000, [8.0, 4.0]),
    workload("pipeline", 1_000_000, [10.0, 4.0]),
    workload("aggregation", 1_000_000, [10.0, 4.0]),
    workload("sequence", 1_000_000, [15.0, 5.0]),
    workload("join", 200_000, [30.0, 15.0]),
    workload("pattern", 200_000, [50.0, 20.0]),
];

const BATCHES: [u64; 2] = [1_000, 1];

/// Each engine's best of so many runs counts.
const RUNS: usize = 3;

/// What one engine printed of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figure {
    out: u64,
    events_per_s: f64,
}

/// Measures the workloads whose names are given, or all, and prints a table. True when every one
/// reaches its bars with as many outputs as the reference, or there is nothing to measure by.
///
/// # Errors
///
/// An engine cannot be started, or prints no figure.
pub(crate) fn bench(root: &Path, wanted: &[&str]) -> Result<bool> {
    let shared = judge::shared(root);
    let (apps, oracle) = (shared.join("bench"), shared.join("oracle/oracle"));
    if !apps.is_dir() || !oracle.is_file() {
        println!("bench: skipped, no workloads and reference here (`../shared`)");
        return Ok(true);
    }
    if let Some(unknown) = wanted.iter().find(|it| WORKLOADS.iter().all(|w| w.name != **it)) {
        bail!("no workload is called `{unknown}`");
    }
    let Some(weir) = judge::weir(root)? else { return Ok(false) };
    println!("{}, commit {}", machine(), commit(root));
    println!("| workload | batch | reference, events/s | weir, events/s | ratio | bar | |");
    println!("|---|--:|--:|--:|--:|--:|---|");
    let mut good = true;
    for workload in WORKLOADS {
        if !wanted.is_empty() && !wanted.contains(&workload.name) {
            continue;
        }
        let app = apps.join(format!("{}.siddhi", workload.name));
        for (batch, bar) in BATCHES.into_iter().zip(workload.bars) {
            good &= compare(workload, &Engines { oracle: &oracle, weir: &weir }, &app, batch, bar)?;
        }
    }
    Ok(good)
}

struct Engines<'a> {
    oracle: &'a Path,
    weir: &'a Path,
}

/// Measures one workload at one size of array, the engines taking turns; prints its line.
fn compare(
    workload: &Workload,
    engines: &Engines<'_>,
    app: &Path,
    batch: u64,
    bar: f64,
) -> Result<bool> {
    let (events, batch_text) = (workload.events.to_string(), batch.to_string());
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut oracle = Command::new(engines.oracle);
        oracle.arg("bench").arg(app).args([&events, &batch_text]);
        theirs.extend(figure(&mut oracle)?);
        let mut weir = Command::new(engines.weir);
        weir.arg("bench").arg(app).args(["--events", &events, "--batch", &batch_text]);
        ours.extend(figure(&mut weir)?);
    }
    let name = workload.name;
    let Some(theirs) = best(&theirs) else {
        bail!("the reference printed no figure for `{name}`");
    };
    let Some(ours) = best(&ours) else {
        println!("| {name} | {batch} | {:.0} | - | - | {bar}x | REFUSED |", theirs.events_per_s);
        return Ok(false);
    };
    let ratio = ours.events_per_s / theirs.events_per_s;
    let verdict = if ours.out != theirs.out {
        format!("WRONG: {} rows came out, {} should", ours.out, theirs.out)
    } else if ratio < bar {
        "BELOW".into()
    } else {
        "good".into()
    };
    println!(
        "| {name} | {batch} | {:.0} | {:.0} | {ratio:.1}x | {bar}x | {verdict} |",
        theirs.events_per_s, ours.events_per_s
    );
    Ok(verdict == "good")
}

fn best(figures: &[Figure]) -> Option<Figure> {
    figures.iter().copied().max_by(|a, b| a.events_per_s.total_cmp(&b.events_per_s))
}

/// Runs an engine; `None` when it ends without success, as for an app it refuses.
fn figure(command: &mut Command) -> Result<Option<Figure>> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", command.get_program().display()))?;
    if !output.status.success() {
        return Ok(None);
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    read(&printed).with_context(|| format!("no figure in `{}`", printed.trim())).map(Some)
}

/// The figure in the JSON line that both engines print.
fn read(printed: &str) -> Option<Figure> {
    let line: Value = serde_json::from_str(printed.lines().last()?).ok()?;
    Some(Figure { out: line["out"].as_u64()?, events_per_s: line["events_per_s"].as_f64()? })
}

/// What was measured on, as the system says it.
fn machine() -> String {
    let said = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, model)| model)
        .collect();
    match models.first() {
        Some(model) => format!("{} x {model}", models.len()),
        None => std::env::consts::ARCH.to_owned(),
    }
}

fn commit(root: &Path) -> String {
    let asked = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .current_dir(root)
        .output();
    match asked {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_from_the_last_line() {
        let printed = "{\"engine\":\"weir\",\"out\":12,\"events_per_s\":34.5}\n";
        assert_eq!(read(printed), Some(Figure { out: 12, events_per_s: 34.5 }));
        assert_eq!(read(""), None);
        assert_eq!(read("{}"), None);
    }
}
