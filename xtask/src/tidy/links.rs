//! Links in Markdown that lead to a file of ours must lead to one that is there.

use crate::tidy::report::{Finding, Rule};
use crate::tree::File;

pub(crate) fn check(file: &File, files: &[File], found: &mut Vec<Finding>) {
    if !file.path.ends_with(".md") {
        return;
    }
    for (n, line) in file.text.lines().enumerate() {
        for target in targets(line) {
            let path = from_folder_of(&file.path, target);
            let is_folder = format!("{path}/");
            if !files.iter().any(|it| it.path == path || it.path.starts_with(&is_folder)) {
                let what = format!("the link to `{target}` leads nowhere");
                found.push(Finding::breach(Rule::DeadLink, &file.path, n + 1, what));
            }
        }
    }
}

/// What the `](…)` of a line point at, other sites and places in the same file apart.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

/// `target` as seen from the root, where the file at `path` says it.
fn from_folder_of(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_must_lead_to_a_file_or_a_folder() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let text = "[a](../a.svg) [b](c/d.md#e) [f](c) [g](https://example.org/x)\n[h](no.md)";
        let files = [file("docs/b.md", text), file("a.svg", ""), file("docs/c/d.md", "")];
        let mut found = Vec::new();
        check(&files[0], &files, &mut found);
        assert_eq!(found.iter().map(|it| it.line).collect::<Vec<_>>(), [2]);
    }
}
