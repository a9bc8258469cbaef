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
        if let Some(line) = self.text.lines().nth(place.line - 1).map(without_secrets) {
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

/// A line of the file as it may be shown: logs and terminals are read by many.
fn without_secrets(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let word =
        ["password", "secret"].iter().filter_map(|it| Some(lower.find(it)? + it.len())).min();
    let (shown, hidden) = line.split_at(word.unwrap_or(line.len()));
    let mut shown = shown.to_owned();
    if let Some(rest) = hidden.find([':', '=']).and_then(|at| hidden.get(..=at)) {
        shown.push_str(rest);
    }
    if word.is_some() {
        shown.push_str(if shown.ends_with('=') { "***" } else { " ***" });
    }
    // `jdbc:…://user:password@host`
    let account = shown.find("jdbc:").and_then(|jdbc| {
        let from = jdbc + shown.get(jdbc..)?.find("//")? + 2;
        let to = from + shown.get(from..)?.find('@')?;
        Some(from..to)
    });
    if let Some(account) = account {
        shown.replace_range(account, "***");
    }
    shown
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (line, shown) in [
            ("  password: s3cret", "  password: ***"),
            ("  - eventSyncSecret: 'x'", "  - eventSyncSecret: ***"),
            ("c: { username: me, password: s3cret, x: y }", "c: { username: me, password: ***"),
            ("url: jdbc:oracle://db/weir", "url: jdbc:oracle://db/weir"),
            (
                "u: 'jdbc:oracle://db/w?user=a&password=b'",
                "u: 'jdbc:oracle://db/w?user=a&password=***",
            ),
            ("url: jdbc:x://me:pass@db:1/weir?a=b", "url: jdbc:x://***@db:1/weir?a=b"),
            ("no key here", "no key here"),
        ] {
            assert_eq!(without_secrets(line), shown);
        }
    }
}
