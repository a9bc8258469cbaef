//! The texts of the recorded scenarios, for the tests that want many real ones.

#![expect(
    clippy::disallowed_methods,
    reason = "the room itself reads no disk and no environment; its tests read the scenarios"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A text that the reference was given, and what it said.
pub(crate) struct Told {
    /// The scenario and the step, for messages.
    pub(crate) place: String,
    pub(crate) text: String,
    /// The class of the refusal.
    pub(crate) error: Option<String>,
    pub(crate) message: String,
}

/// All texts of the scenarios.
#[derive(Default)]
pub(crate) struct Corpus {
    pub(crate) apps: Vec<Told>,
    pub(crate) queries: Vec<Told>,
}

/// The folder of scenarios, or nothing where it is not: then the caller's test is skipped, which
/// says so, and is an error where `CI` is set.
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("WEIR_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("scenarios");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "no scenarios in {}", folder.display());
    eprintln!("skipped: no scenarios in {}", folder.display());
    None
}

/// Reads all scenarios; nothing where there are none.
pub(crate) fn corpus() -> Option<Corpus> {
    let mut corpus = Corpus::default();
    read_folder(&folder()?, &mut corpus);
    assert!(corpus.apps.len() > 1_000, "only {} apps were found", corpus.apps.len());
    assert!(corpus.queries.len() > 50, "only {} queries were found", corpus.queries.len());
    Some(corpus)
}

fn read_folder(folder: &Path, corpus: &mut Corpus) {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, corpus);
        } else if path.extension().is_some_and(|it| it == "json") {
            read_scenario(&path, corpus);
        }
    }
}

fn read_scenario(path: &Path, corpus: &mut Corpus) {
    let scenario: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (number, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        let word = |key: &str| step[key].as_str().map(str::to_owned);
        let told = |text: String| Told {
            place: format!("{} step {number}", path.display()),
            text,
            error: word("error"),
            message: word("message").unwrap_or_default(),
        };
        match step["op"].as_str().unwrap() {
            "create" | "validate" => corpus.apps.push(told(word("app").unwrap())),
            "query" => corpus.queries.push(told(word("query").unwrap())),
            _ => {}
        }
    }
}
