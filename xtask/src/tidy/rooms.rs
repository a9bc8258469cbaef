//! The packages of the workspace, from `cargo metadata`, and the lints that keep rooms pure.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tidy::report::{Finding, Rule};
use crate::tree::{self, File};

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Without `weir-` before it.
    pub(crate) room: String,
    /// The folder, from the workspace's root.
    pub(crate) folder: String,
    /// The file each target starts at.
    pub(crate) roots: Vec<String>,
    /// The other packages of the workspace that it names, in any kind of dependency.
    pub(crate) uses: Vec<String>,
}

/// Rooms that must stay without disk, net, environment, clock and threads.
const PURE_ROOMS: &[&str] =
    &["event", "query", "plan", "expr", "operators", "tables", "aggregation", "engine", "codec"];

/// The packages of the workspace at `root`.
///
/// # Errors
///
/// `cargo metadata` failing, or printing another shape.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("could not start `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let list = metadata["packages"].as_array().context("`cargo metadata` named no packages")?;
    list.iter().map(|it| package(root, it)).collect()
}

fn package(root: &Path, it: &Value) -> Result<Package> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("text was expected");
    let inside = |path: &Value| Ok(tree::from_root(root, Path::new(&text(path)?)));
    let list = |key: &str| it[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let roots = list("targets").iter().map(|target| inside(&target["src_path"]));
    let own = list("dependencies").iter().filter(|dependency| dependency["path"].is_string());
    let manifest = inside(&it["manifest_path"])?;
    Ok(Package {
        room: room(&text(&it["name"])?),
        folder: manifest.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned(),
        roots: roots.collect::<Result<_>>()?,
        uses: own.map(|dependency| Ok(room(&text(&dependency["name"])?))).collect::<Result<_>>()?,
    })
}

fn room(package: &str) -> String {
    package.strip_prefix("weir-").unwrap_or(package).to_owned()
}

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
    fn the_workspace_is_read() {
        let packages = packages(&tree::root()).unwrap();
        let engine = packages.iter().find(|it| it.room == "engine").unwrap();
        assert_eq!(engine.folder, "crates/engine");
        assert!(engine.roots.contains(&"crates/engine/src/lib.rs".to_owned()));
        assert!(engine.uses.contains(&"plan".to_owned()));
    }

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
