//! What an event costs as the state grows, in instructions, and what the state takes in memory.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::plot::plot;
use crate::steps::{Outcome, cargo};

/// How much more an event may cost with the largest state than with the smallest.
const GROWTH_MAX: f64 = 1.3;

/// A state that grows: a case of the example `growth`.
struct Case {
    name: &'static str,
    unit: &'static str,
    sizes: &'static [u64],
    /// Whether the cost may grow with the logarithm of the size.
    logarithmic: bool,
}

const THOUSAND_TO_MILLION: &[u64] = &[1_000, 10_000, 100_000, 1_000_000];
const TEN_TO_MILLION: &[u64] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];
const TEN_TO_HUNDRED_THOUSAND: &[u64] = &[10, 100, 1_000, 10_000, 100_000];

const fn case(name: &'static str, unit: &'static str, sizes: &'static [u64]) -> Case {
    Case { name, unit, sizes, logarithmic: false }
}

const CASES: &[Case] = &[
    case("length window", "events held", THOUSAND_TO_MILLION),
    case("time window", "events held", THOUSAND_TO_MILLION),
    Case { logarithmic: true, ..case("sort window", "events held", THOUSAND_TO_MILLION) },
    case("join of length windows", "events held a side", THOUSAND_TO_MILLION),
    case("partitions", "keys", TEN_TO_MILLION),
    case("groups", "keys", TEN_TO_MILLION),
    case("rows of a table", "rows", TEN_TO_MILLION),
    case("waiting matches of a keyed pattern", "waiting matches", TEN_TO_HUNDRED_THOUSAND),
];

/// States of which the memory is measured: the case, its size, and the least bytes an event takes.
const HELD: &[(&str, u64, u64)] = &[
    // Timestamp 8, text 16, long 8, int 4, double 8, and its place in the order 4.
    ("time window", 10_000_000, 48),
    ("partitions of ten", 1_000_000, 48),
];

/// A state may take so many times the least.
const MEMORY_MAX: f64 = 2.0;

/// How many events are counted.
const COUNTED_EVENTS: u64 = 10_000;

/// Measures the cases whose names are given, or all, and writes their plots and tables into
/// `docs/performance`. True when all stay within their bars.
///
/// # Errors
///
/// A case cannot be run, or a file not be written.
pub(crate) fn growth(root: &Path, wanted: &[&str]) -> Result<bool> {
    let scope = ["build", "--release", "--locked", "--package", "weir-testkit"];
    let args = [&scope[..], &["--example", "growth"]].concat();
    if cargo(root, &args, &[])? != Outcome::Passed {
        return Ok(false);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let program = target.join("release/examples/growth");
    let folder = root.join("docs/performance");
    fs::create_dir_all(&folder).context("could not make `docs/performance`")?;
    let mut good = true;
    for case in CASES.iter().filter(|it| wanted.is_empty() || wanted.contains(&it.name)) {
        good &= measure(&program, case, &folder)?;
    }
    if wanted.is_empty() || wanted.contains(&"memory") {
        good &= memory(&program, &folder)?;
    }
    Ok(good)
}

/// Measures one case at all of its sizes.
fn measure(program: &Path, case: &Case, folder: &Path) -> Result<bool> {
    let mut points = Vec::new();
    for size in case.sizes {
        let cost = instructions(program, case.name, *size)?;
        println!("{}, {size} {}: {cost:.0} instructions an event", case.name, case.unit);
        points.push((*size as f64, cost));
    }
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(true) };
    let doublings = (last.0 / first.0).log2();
    let ratio = last.1 / first.1;
    // A binary search of the larger state looks at so many times as many rows.
    let allowed = match case.logarithmic {
        true => GROWTH_MAX * (first.0.log2() + doublings) / first.0.log2(),
        false => GROWTH_MAX,
    };
    let slug = case.name.replace(' ', "-");
    let mut table = String::from("size,instructions_per_event\n");
    for (size, cost) in &points {
        writeln!(table, "{size},{cost:.1}")?;
    }
    let csv = folder.join(format!("{slug}.csv"));
    fs::write(&csv, table).with_context(|| format!("could not write `{}`", csv.display()))?;
    let svg = folder.join(format!("{slug}.svg"));
    let drawn = plot(case.name, case.unit, &points, allowed);
    fs::write(&svg, drawn).with_context(|| format!("could not write `{}`", svg.display()))?;
    let verdict = if ratio <= allowed { "good" } else { "TOO MUCH" };
    println!("{}: {ratio:.2} times, at most {allowed:.2}: {verdict}", case.name);
    Ok(ratio <= allowed)
}

/// The instructions of one event, counted by valgrind between the filling and the end.
fn instructions(program: &Path, name: &str, size: u64) -> Result<f64> {
    let counts = std::env::temp_dir().join(format!("weir-growth-{}", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=growth::measured"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(program)
        .args([name, &size.to_string(), &COUNTED_EVENTS.to_string()])
        .output()
        .context("could not start `valgrind`\nhint: it counts instructions; install it")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok());
    let _removed = fs::remove_file(&counts);
    match counted {
        Some(counted) if output.status.success() => {
            let counted: u64 = counted;
            Ok(counted as f64 / COUNTED_EVENTS as f64)
        }
        _ => bail!("the case `{name}` did not run: {said}"),
    }
}

/// Measures what states hold in memory.
fn memory(program: &Path, folder: &Path) -> Result<bool> {
    let mut table = String::from("case,size,events,bytes_per_event,least,ratio\n");
    let mut good = true;
    for (name, size, least) in HELD {
        let output = Command::new(program)
            .args([name, size.to_string().as_str(), "0"])
            .output()
            .context("could not start the example `growth`")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let line: Value = serde_json::from_str(printed.trim()).context("no answer")?;
        let (Some(held), Some(filled)) = (line["held_bytes"].as_u64(), line["filled"].as_u64())
        else {
            bail!("no figures in `{}`", printed.trim());
        };
        // A partition's eleventh event pushes its first out.
        let events = if *name == "partitions of ten" { size * 10 } else { filled };
        let each = held as f64 / events as f64;
        let ratio = each / *least as f64;
        good &= ratio < MEMORY_MAX;
        writeln!(table, "{name},{size},{events},{each:.1},{least},{ratio:.2}")?;
        println!("{name}, {size}: {each:.1} bytes an event, {ratio:.2} times the least");
    }
    fs::write(folder.join("memory.csv"), table).context("could not write `memory.csv`")?;
    Ok(good)
}
