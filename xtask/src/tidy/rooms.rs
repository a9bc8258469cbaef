//! The lints that keep rooms pure, and those that every room takes.

use crate::tidy::report::{Finding, Rule};
use crate::tree::File;

/// Rooms that must stay without disk, net, environment, clock and threads.
const PURE_ROOMS: &[&str] = &[
    "event",
    "query",
    "plan",
    "expr",
    "operators",
    "tables",
    "aggregation",
    "engine",
    "codec",
    "json",
];

/// What every `clippy.toml` says, since a room's own stands in place of the one at the root.
const LINT_KEYS: &[&str] = &[
    "allow-unwrap-in-tests = true",
    "allow-expect-in-tests = true",
    "allow-panic-in-tests = true",
    "allow-print-in-tests = true",
    "std::thread::sleep",
];

/// Every package takes the workspace's lints, and every `clippy.toml` repeats the common keys.
pub(crate) fn check_lints(files: &[File], found: &mut Vec<Finding>) {
    for file in files {
        let wrong = |what: String| Finding::breach(Rule::RoomLints, &file.path, 1, what);
        if file.path.ends_with("/Cargo.toml") && !file.text.contains("[lints]\nworkspace = true") {
            found.push(wrong("needs `[lints]` with `workspace = true`".to_owned()));
        }
        if file.path.rsplit('/').next() == Some("clippy.toml") {
            let missing = LINT_KEYS.iter().filter(|key| !file.text.contains(*key));
            found.extend(missing.map(|key| wrong(format!("says nothing of `{key}`"))));
        }
    }
    check_pure_rooms(files, found);
}

/// Every pure room carries the same `clippy.toml`.
fn check_pure_rooms(files: &[File], found: &mut Vec<Finding>) {
    let lints_of = |room: &str| {
        let path = format!("crates/{room}/clippy.toml");
        files.iter().find(|it| it.path == path).map(|it| it.text.as_str())
    };
    let model = lints_of(PURE_ROOMS[0]);
    for room in PURE_ROOMS {
        let manifest = format!("crates/{room}/Cargo.toml");
        let exists = files.iter().any(|it| it.path == manifest);
        if exists && (model.is_none() || lints_of(room) != model) {
            let what = format!("must be a copy of `crates/{}/clippy.toml`", PURE_ROOMS[0]);
            let path = format!("crates/{room}/clippy.toml");
            found.push(Finding::breach(Rule::RoomLints, &path, 1, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pure_room_without_its_lints_is_found() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let mut files = vec![
            file("crates/event/Cargo.toml", ""),
            file("crates/event/clippy.toml", "a"),
            file("crates/plan/Cargo.toml", ""),
        ];
        let mut found = Vec::new();
        check_pure_rooms(&files, &mut found);
        assert_eq!(
            found.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
            ["crates/plan/clippy.toml"]
        );
        files.push(file("crates/plan/clippy.toml", "a"));
        found.clear();
        check_pure_rooms(&files, &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn a_package_without_the_common_lints_is_found() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [
            file("crates/cli/Cargo.toml", "[package]\n"),
            file("crates/cli/clippy.toml", &LINT_KEYS[1..].join("\n")),
        ];
        let mut found = Vec::new();
        check_lints(&files, &mut found);
        let places: Vec<_> = found.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(places, ["crates/cli/Cargo.toml", "crates/cli/clippy.toml"]);
    }
}
