//! What is wrong with a `deployment.yaml`, where, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in the file, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// One thing that stops the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where it is; `None` when it is about the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl ConfigProblem {
    pub(super) fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Why a configuration cannot be used: every problem found, in the order of the file.
///
/// `Display` renders each with the line it is on and a mark under the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Its text, empty when it could not be read.
    pub text: String,
    /// What is wrong. Invariant: not empty.
    pub problems: Vec<ConfigProblem>,
}

impl ConfigError {
    pub(super) fn of(file: &Path, text: &str, mut problems: Vec<ConfigProblem>) -> Self {
        problems.sort_by_key(|it| it.place);
        Self { file: file.to_owned(), text: text.to_owned(), problems }
    }

    fn one(&self, problem: &ConfigProblem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", problem.message)?;
        let file = self.file.display();
        let Some(place) = problem.place else {
            writeln!(f, "  --> {file}")?;
            return self.hint(problem, f);
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin}--> {file}:{}:{}", place.line, place.column)?;
        if let Some(line) = self.text.lines().nth(place.line - 1) {
            let width = line
                .chars()
                .skip(place.column - 1)
                .take_while(|it| !it.is_whitespace() && *it != ':')
                .count();
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {line}")?;
            let (indent, mark) = (" ".repeat(place.column - 1), "^".repeat(width.max(1)));
            writeln!(f, "{margin} | {indent}{mark}")?;
        }
        self.hint(problem, f)
    }

    fn hint(&self, problem: &ConfigProblem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &problem.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            self.one(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
