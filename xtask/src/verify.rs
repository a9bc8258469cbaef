//! `verify`, which only reads, and `fix`, which is the one that writes.

use std::path::Path;

use anyhow::Result;

use crate::steps::{Outcome, Steps, cargo};
use crate::{databases, judge, packages, tidy};

/// Runs every check. True when all pass.
///
/// # Errors
///
/// A step that could not run at all.
pub(crate) fn verify(root: &Path) -> Result<bool> {
    let mut steps = Steps::default();
    steps.run("format", || cargo(root, &["fmt", "--all", "--check"], &[]))?;
    steps.run("tidy", || {
        Ok(if tidy::report(root, false)? { Outcome::Passed } else { Outcome::Failed })
    })?;
    steps.run("clippy", || {
        let scope = ["clippy", "--workspace", "--all-targets", "--locked"];
        cargo(root, &[&scope[..], &["--", "-D", "warnings"]].concat(), &[])
    })?;
    steps.run("tests", || {
        databases::tests(root, &["test", "--workspace", "--locked", "--no-fail-fast"])
    })?;
    steps.run("features", || features(root))?;
    steps.run("docs", || {
        let args = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
        cargo(root, &args, &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    steps.run("conformance", || judge::step(root))?;
    Ok(steps.summary())
}

/// Builds every package that has features with none of them, and with each alone.
fn features(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::Skipped;
    for package in packages::packages(root)?.iter().filter(|it| !it.features.is_empty()) {
        let alone = package.features.iter().map(String::as_str);
        for feature in std::iter::once("").chain(alone) {
            println!("{} with only `{feature}`", package.name);
            let scope = ["check", "--quiet", "--locked", "--package", &package.name];
            let only = ["--no-default-features", "--features", feature];
            let built = cargo(root, &[&scope[..], &only[..]].concat(), &[])?;
            if built == Outcome::Failed || outcome == Outcome::Skipped {
                outcome = built;
            }
        }
    }
    Ok(outcome)
}

/// Formats, and applies what clippy can mend by itself.
///
/// # Errors
///
/// Cargo cannot be started.
pub(crate) fn fix(root: &Path) -> Result<bool> {
    let scope = ["clippy", "--fix", "--workspace", "--all-targets"];
    let mended = cargo(root, &[&scope[..], &["--allow-dirty", "--allow-staged"]].concat(), &[])?;
    let formatted = cargo(root, &["fmt", "--all"], &[])?;
    Ok(mended == Outcome::Passed && formatted == Outcome::Passed)
}
