//! Dead files: Rust that no `mod` line leads to is not compiled, so nothing keeps it right.

use std::collections::{BTreeMap, BTreeSet};

use crate::packages::Package;
use crate::rust_text;
use crate::tidy::report::{Finding, Rule};
use crate::tree::File;

pub(crate) fn check(packages: &[Package], files: &[File], found: &mut Vec<Finding>) {
    let texts: BTreeMap<&str, &str> =
        files.iter().map(|it| (it.path.as_str(), it.text.as_str())).collect();
    let mut reached = BTreeSet::new();
    for package in packages {
        let mut waiting: Vec<(String, bool)> =
            package.roots.iter().map(|it| (it.clone(), true)).collect();
        while let Some((path, is_root)) = waiting.pop() {
            let Some((path, text)) = texts.get_key_value(path.as_str()) else { continue };
            if reached.insert(*path) {
                waiting.extend(led_to(path, text, is_root).into_iter().map(|it| (it, false)));
            }
        }
    }
    for file in files.iter().filter(|it| it.is_rust() && !reached.contains(it.path.as_str())) {
        let what = "no `mod` line leads here: name it in its folder's `mod.rs`, or remove it";
        found.push(Finding::breach(Rule::DeadFile, &file.path, 1, what.to_owned()));
    }
}

/// The files that the `mod` lines of one file may mean.
fn led_to(path: &str, text: &str, is_root: bool) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let is_index = is_root || stem == "mod";
    let own = if is_index { folder.to_owned() } else { join(folder, stem) };
    let mut paths = Vec::new();
    for line in rust_text::mod_lines(&rust_text::views(text).code) {
        let base = line.within.iter().fold(own.clone(), |base, it| join(&base, it));
        if let Some(named) = path_attribute(text, line.offset) {
            let base = if line.within.is_empty() { folder } else { base.as_str() };
            paths.push(join(base, named));
        } else {
            paths.push(join(&base, &format!("{}.rs", line.name)));
            paths.push(join(&base, &format!("{}/mod.rs", line.name)));
        }
    }
    paths
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The `…` of a `#[path = "…"]` on the line before the `mod` line at `offset`.
fn path_attribute(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let own_line = before.rsplit('\n').next().unwrap_or_default();
    let previous = before.strip_suffix(own_line)?.trim_end().rsplit('\n').next()?;
    let rest = previous.trim().strip_prefix("#[path")?;
    rest.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let package = Package {
            name: "a".to_owned(),
            room: "a".to_owned(),
            folder: "a".to_owned(),
            roots: vec!["a/src/lib.rs".to_owned(), "a/tests/all.rs".to_owned()],
            uses: Vec::new(),
            features: Vec::new(),
        };
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        let mut found = Vec::new();
        check(&[package], &files, &mut found);
        found.into_iter().map(|it| it.path).collect()
    }

    #[test]
    fn a_file_is_alive_when_mod_lines_lead_to_it() {
        let files = [
            ("a/src/lib.rs", "mod b;\nmod c;\nmod inline { mod d; }\n#[path = \"odd.rs\"]\nmod e;"),
            ("a/src/b.rs", "mod f;"),
            ("a/src/b/f.rs", ""),
            ("a/src/c/mod.rs", "mod g;"),
            ("a/src/c/g.rs", ""),
            ("a/src/inline/d.rs", ""),
            ("a/src/odd.rs", ""),
            ("a/tests/all.rs", "mod cases;"),
            ("a/tests/cases.rs", ""),
        ];
        assert!(dead(&files).is_empty());
    }

    #[test]
    fn a_file_that_nothing_names_is_dead_with_all_below_it() {
        let files = [
            ("a/src/lib.rs", "// mod b;\nmod c;"),
            ("a/src/b.rs", "mod f;"),
            ("a/src/b/f.rs", ""),
            ("a/src/c.rs", ""),
            ("a/src/c/mod_of_none.rs", ""),
        ];
        assert_eq!(dead(&files), ["a/src/b.rs", "a/src/b/f.rs", "a/src/c/mod_of_none.rs"]);
    }
}
