//! The packages of the workspace, from `cargo metadata`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tree;

/// A package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The name without `weir-` before it.
    pub(crate) room: String,
    /// The folder, from the workspace's root.
    pub(crate) folder: String,
    /// The file each target starts at.
    pub(crate) roots: Vec<String>,
    /// The other packages of the workspace that it names, in any kind of dependency; its tests
    /// may use `testkit`, which is not among them then.
    pub(crate) uses: Vec<String>,
    /// What may be left out, `default` apart.
    pub(crate) features: Vec<String>,
}

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
    let features = it["features"].as_object().into_iter().flat_map(|all| all.keys());
    let manifest = inside(&it["manifest_path"])?;
    Ok(Package {
        room: room(&text(&it["name"])?),
        name: text(&it["name"])?,
        folder: manifest.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned(),
        roots: roots.collect::<Result<_>>()?,
        uses: own
            .filter(|it| !is_for_tests(it))
            .map(|dependency| Ok(room(&text(&dependency["name"])?)))
            .collect::<Result<_>>()?,
        features: features.filter(|it| *it != "default").cloned().collect(),
    })
}

/// Whether a dependency is the kit for tests, named for tests alone.
fn is_for_tests(dependency: &Value) -> bool {
    dependency["kind"] == "dev" && dependency["name"] == "weir-testkit"
}

fn room(package: &str) -> String {
    package.strip_prefix("weir-").unwrap_or(package).to_owned()
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
}
