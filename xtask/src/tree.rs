//! The files of the workspace, as the checks see them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What holds nothing of ours: build output, and the history (a file in a linked work tree).
const SKIPPED: &[&str] = &["target", ".git"];

/// One file, by its path from the workspace's root, with `/` between folders.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether all of the file is test code: an integration test, or a `tests` module of its own.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.contains("/tests/") || name == "tests.rs" || name.ends_with("_tests.rs")
    }
}

/// The workspace's root: where it was built, or where it is run from if that has moved.
pub(crate) fn root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let xtask = here.as_deref().unwrap_or(built);
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Every file under `root` that is text, in order of path.
pub(crate) fn files(root: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    collect(root, root, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("could not read the folder `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if SKIPPED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, found)?;
        } else if kind.is_file() {
            let bytes = fs::read(&path)
                .with_context(|| format!("could not read the file `{}`", path.display()))?;
            if let Ok(text) = String::from_utf8(bytes) {
                found.push(File { path: from_root(root, &path), text });
            }
        }
    }
    Ok(())
}

/// `path` as seen from `root`, with `/` between folders.
pub(crate) fn from_root(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside.components().map(|it| it.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
