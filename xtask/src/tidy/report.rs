//! Runs every rule, takes out what the list of exceptions forgives, and prints what is left.

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::packages;
use crate::tidy::{arrows, exceptions, links, reach, rooms, sizes, words};
use crate::tree;

/// A rule: what it is called in the list of exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Arrow,
    Columns,
    DeadFile,
    DeadLink,
    FileName,
    FileSize,
    FunctionSize,
    MachinePath,
    Name,
    Opening,
    RoomLints,
    StrayNote,
    Turned,
    UnusedException,
}

/// How much it matters: a question is shown on request, a breach fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Question,
    Breach,
}

/// One place where a rule is broken, or nearly.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    pub(crate) weight: Weight,
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn breach(rule: Rule, path: &str, line: usize, what: String) -> Self {
        Self { rule, weight: Weight::Breach, path: path.to_owned(), line, what }
    }

    pub(crate) fn question(rule: Rule, path: &str, line: usize, what: String) -> Self {
        Self { rule, weight: Weight::Question, path: path.to_owned(), line, what }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Every finding in the workspace, those that an exception forgives apart.
fn findings(root: &Path) -> Result<Vec<Finding>> {
    let files = tree::files(root)?;
    let packages = packages::packages(root)?;
    let mut found = Vec::new();
    for file in &files {
        words::check(file, &mut found);
        links::check(file, &files, &mut found);
        if file.is_rust() {
            sizes::check(file, &mut found);
        }
    }
    reach::check(&packages, &files, &mut found);
    arrows::check(&packages, &mut found);
    rooms::check_lints(&files, &mut found);
    Ok(exceptions::forgive(found))
}

/// Prints what is wrong, and on request what is to be questioned. True when nothing is wrong.
///
/// # Errors
///
/// A file that cannot be read, or `cargo metadata` failing.
pub(crate) fn report(root: &Path, questions_too: bool) -> Result<bool> {
    let found = findings(root)?;
    let (breaches, questions): (Vec<_>, Vec<_>) =
        found.iter().partition(|it| it.weight == Weight::Breach);
    if questions_too {
        for it in &questions {
            println!("question: {it}");
        }
    }
    for it in &breaches {
        println!("error: {it}");
    }
    println!("tidy: {} wrong, {} to be questioned", breaches.len(), questions.len());
    Ok(breaches.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_house_rules() {
        let root = tree::root();
        let files = tree::files(&root).unwrap();
        let itself = files.iter().any(|it| it.path == "xtask/src/tidy/report.rs");
        assert!(itself, "tidy looked at the wrong folder: {}", root.display());
        let found = findings(&root).unwrap();
        let breaches: Vec<_> = found
            .iter()
            .filter(|it| it.weight == Weight::Breach)
            .map(ToString::to_string)
            .collect();
        assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    }
}
