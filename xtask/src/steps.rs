//! Commands run one after another, each with its time, and a summary at the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// Its input is not on this machine; the step said what is missing.
    Skipped,
}

/// The steps so far. A failed one does not stop the rest, so that one run shows everything.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Outcome, Duration)>,
}

impl Steps {
    /// Runs one step under its name.
    ///
    /// # Errors
    ///
    /// What the step itself could not do; a check that fails is an outcome.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        println!("==> {name}");
        let began = Instant::now();
        let outcome = step().with_context(|| format!("could not finish the step `{name}`"))?;
        let took = began.elapsed();
        println!("<== {name}: {outcome:?} in {:.1} s", took.as_secs_f64());
        self.done.push((name.to_owned(), outcome, took));
        Ok(())
    }

    /// Prints a line per step. True when none failed.
    pub(crate) fn summary(&self) -> bool {
        let width = self.done.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        println!();
        for (name, outcome, took) in &self.done {
            let said = match outcome {
                Outcome::Passed => "passed",
                Outcome::Failed => "FAILED",
                Outcome::Skipped => "skipped",
            };
            println!("  {name:width$}  {said:7}  {:7.1} s", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(.., took)| *took).sum();
        let failed = self.done.iter().filter(|(_, it, _)| *it == Outcome::Failed).count();
        if failed == 0 {
            println!("\nall checks passed in {:.0} s", total.as_secs_f64());
        } else {
            println!("\n{failed} of {} checks failed", self.done.len());
            println!("hint: `cargo xtask fix` mends formatting and the simple lints");
        }
        failed == 0
    }
}

/// Runs cargo in `root`, its output passed on as it comes. `env` is set on top of ours.
///
/// # Errors
///
/// Cargo cannot be started.
pub(crate) fn cargo(root: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<Outcome> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(root)
        .status()
        .context("could not start `cargo`")?;
    Ok(if status.success() { Outcome::Passed } else { Outcome::Failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_run_and_the_rest_still_run() {
        let mut steps = Steps::default();
        steps.run("a", || Ok(Outcome::Failed)).unwrap();
        steps.run("b", || Ok(Outcome::Passed)).unwrap();
        assert!(!steps.summary());
        assert_eq!(steps.done.len(), 2);
    }

    #[test]
    fn a_skipped_step_is_no_failure() {
        let mut steps = Steps::default();
        steps.run("a", || Ok(Outcome::Skipped)).unwrap();
        assert!(steps.summary());
    }
}
