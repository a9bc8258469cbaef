//! What a file says: its opening line, its width, its names, notes without an issue, and paths
//! that only one machine has.

use crate::rust_text;
use crate::tidy::report::{Finding, Rule};
use crate::tree::File;

/// Columns of a line of Rust; the rest of the text may be as wide as its readers like.
const COLUMNS_MAX: usize = 100;

/// File names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "misc", "helpers", "helper"];

/// Endings and beginnings of names that tell of a pattern, not of the thing.
const PATTERN_ENDINGS: &[&str] =
    &["Processor", "Executor", "Holder", "Manager", "Factory", "Impl", "Helper"];
const PATTERN_BEGINNINGS: &[&str] = &["Abstract"];

/// Names that start with `get_` in the standard library too, and mean the same here.
const LIBRARY_WORDS: &[&str] = &["get_mut", "get_key_value", "get_or_insert", "get_or_insert_with"];

/// Notes to oneself. One with an issue, such as `(#12)` right after it, may stay.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Where people and build machines keep their own files.
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Attributes that turn a rule off without being noticed again.
const TURNED: &[(&str, &str)] = &[
    ("#[allow(", "use `#[expect(lint, reason = \"…\")]`, which says why and when it is over"),
    ("#![allow(", "use `#![expect(lint, reason = \"…\")]`, which says why and when it is over"),
    ("#[ignore", "assert what happens today and say so in the test, or mend it"),
];

pub(crate) fn check(file: &File, found: &mut Vec<Finding>) {
    machine_paths(file, found);
    if !file.is_rust() {
        return;
    }
    opening(file, found);
    file_name(file, found);
    columns(file, found);
    let views = rust_text::views(&file.text);
    names(file, &views.code, found);
    stray_notes(file, &views.comments, found);
    turned_off(file, &views.code, found);
}

fn opening(file: &File, found: &mut Vec<Finding>) {
    if !file.text.starts_with("//!") {
        let what = "a file opens with `//!` and a sentence on what it holds".to_owned();
        found.push(Finding::breach(Rule::Opening, &file.path, 1, what));
    }
}

fn file_name(file: &File, found: &mut Vec<Finding>) {
    for part in file.path.split('/') {
        let stem = part.strip_suffix(".rs").unwrap_or(part);
        if EMPTY_NAMES.contains(&stem) {
            let what = format!("`{stem}` says nothing: find the noun");
            found.push(Finding::breach(Rule::FileName, &file.path, 1, what));
        }
    }
}

fn columns(file: &File, found: &mut Vec<Finding>) {
    for (n, line) in file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let what = format!("{columns} columns, at most {COLUMNS_MAX}");
            found.push(Finding::breach(Rule::Columns, &file.path, n + 1, what));
        }
    }
}

fn names(file: &File, code: &[u8], found: &mut Vec<Finding>) {
    for keyword in ["struct", "enum", "trait", "type", "fn"] {
        for (name, at) in rust_text::named(code, keyword) {
            let ends = PATTERN_ENDINGS.iter().any(|it| name.ends_with(it));
            let begins = PATTERN_BEGINNINGS.iter().any(|it| name.starts_with(it));
            let asks = keyword == "fn"
                && name.starts_with("get_")
                && !LIBRARY_WORDS.contains(&name.as_str());
            if ends || begins || asks {
                let what = format!("`{name}` names a pattern: say the thing, or the deed");
                let line = rust_text::line_of(code, at);
                found.push(Finding::breach(Rule::Name, &file.path, line, what));
            }
        }
    }
}

fn stray_notes(file: &File, comments: &[u8], found: &mut Vec<Finding>) {
    for note in NOTES {
        for at in rust_text::words(comments, note.as_bytes()) {
            if !comments[at + note.len()..].starts_with(b"(#") {
                let what = format!("`{note}` without an issue: write `{note}(#n)` or do it");
                let line = rust_text::line_of(comments, at);
                found.push(Finding::breach(Rule::StrayNote, &file.path, line, what));
            }
        }
    }
}

fn turned_off(file: &File, code: &[u8], found: &mut Vec<Finding>) {
    for (attribute, instead) in TURNED {
        for at in rust_text::find_all(code, attribute.as_bytes()) {
            let line = rust_text::line_of(code, at);
            let what = format!("`{attribute}…`: {instead}");
            found.push(Finding::breach(Rule::Turned, &file.path, line, what));
        }
    }
}

fn machine_paths(file: &File, found: &mut Vec<Finding>) {
    let text = file.text.as_bytes();
    for folder in MACHINE_FOLDERS {
        for at in rust_text::find_all(text, folder.as_bytes()) {
            if !starts_a_path(text, at) {
                continue;
            }
            let what = format!("a path under `{folder}` stands on one machine only");
            let line = rust_text::line_of(text, at);
            found.push(Finding::breach(Rule::MachinePath, &file.path, line, what));
        }
    }
}

/// Whether nothing before the slash makes it a later part of a path or of an address.
fn starts_a_path(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|n| {
        !matches!(text[n], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'.' | b'-' | b'_' | b'}' | b')' | b'>' | b'~' | b'*')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<Rule> {
        let mut found = Vec::new();
        check(&File { path: path.to_owned(), text: text.to_owned() }, &mut found);
        found.into_iter().map(|it| it.rule).collect()
    }

    #[test]
    fn a_file_says_what_it_holds() {
        assert_eq!(rules("a.rs", "//! A.\n"), []);
        assert_eq!(rules("a.rs", "// A.\n"), [Rule::Opening]);
        assert_eq!(rules("a.md", "A.\n"), []);
        assert_eq!(rules("b/common/a.rs", "//! A.\n"), [Rule::FileName]);
        assert_eq!(rules("util.rs", "//! A.\n"), [Rule::FileName]);
    }

    #[test]
    fn a_name_says_the_thing() {
        assert_eq!(
            rules("a.rs", "//! A.\nstruct LengthWindow;\nfn gets() {}\nfn get_mut() {}\n"),
            []
        );
        assert_eq!(rules("a.rs", "//! A.\nstruct WindowProcessor;\n"), [Rule::Name]);
        assert_eq!(rules("a.rs", "//! A.\nfn get_rows() {}\n"), [Rule::Name]);
    }

    #[test]
    fn a_line_is_counted_in_characters() {
        assert_eq!(rules("a.rs", &format!("//! {}\n", "é".repeat(96))), []);
        assert_eq!(rules("a.rs", &format!("//! {}\n", "é".repeat(97))), [Rule::Columns]);
    }

    #[test]
    fn a_note_needs_an_issue_and_a_string_is_no_note() {
        let note = NOTES[0];
        assert_eq!(rules("a.rs", &format!("//! A.\n// {note}: later\n")), [Rule::StrayNote]);
        assert_eq!(rules("a.rs", &format!("//! A.\n// {note}(#7): later\n")), []);
        assert_eq!(rules("a.rs", &format!("//! A.\nconst A: &str = \"{note}\";\n")), []);
        assert_eq!(rules("a.rs", &format!("//! A.\n// A{note}.\n")), []);
    }

    #[test]
    fn rules_are_not_turned_off_in_silence() {
        assert_eq!(rules("a.rs", "//! A.\n#[allow(dead_code)]\n"), [Rule::Turned]);
        assert_eq!(rules("a.rs", "//! A.\n#[test]\n#[ignore]\n"), [Rule::Turned]);
        assert_eq!(rules("a.rs", "//! A.\n#[expect(dead_code, reason = \"b\")]\n"), []);
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        let folder = MACHINE_FOLDERS[0];
        assert_eq!(rules("a.md", &format!("see {folder}me/a\n")), [Rule::MachinePath]);
        assert_eq!(rules("a.md", &format!("see example.org{folder}me/a\n")), []);
    }
}
