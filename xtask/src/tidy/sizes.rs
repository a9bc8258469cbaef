//! Caps: lines in a file, lines in a function.

use crate::rust_text;
use crate::tidy::report::{Finding, Rule};
use crate::tree::File;

/// Lines of a file, its trailing test modules apart.
const FILE_LINES_MAX: usize = 800;
const FILE_LINES_QUESTIONED: usize = 500;

/// Lines of a function, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;
const FUNCTION_LINES_QUESTIONED: usize = 40;

/// Lines of a `mod.rs`, which is a table of contents.
const INDEX_LINES_MAX: usize = 80;

pub(crate) fn check(file: &File, found: &mut Vec<Finding>) {
    let code = rust_text::views(&file.text).code;
    if !file.is_test() {
        file_size(file, &code, found);
    }
    for function in rust_text::functions(&code) {
        let (name, lines) = (&function.name, function.lines());
        let what = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
        if lines > FUNCTION_LINES_MAX {
            let line = function.first_line;
            found.push(Finding::breach(Rule::FunctionSize, &file.path, line, what));
        } else if lines > FUNCTION_LINES_QUESTIONED {
            let line = function.first_line;
            found.push(Finding::question(Rule::FunctionSize, &file.path, line, what));
        }
    }
}

fn file_size(file: &File, code: &[u8], found: &mut Vec<Finding>) {
    let lines = code[..rust_text::tests_start(code)].iter().filter(|&&b| b == b'\n').count();
    let cap = if file.path.ends_with("/mod.rs") { INDEX_LINES_MAX } else { FILE_LINES_MAX };
    let what = format!("the file has {lines} lines, tests apart, at most {cap}");
    if lines > cap {
        found.push(Finding::breach(Rule::FileSize, &file.path, lines, what));
    } else if lines > FILE_LINES_QUESTIONED {
        found.push(Finding::question(Rule::FileSize, &file.path, lines, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::report::Weight;

    fn checked(path: &str, text: String) -> Vec<(Rule, Weight)> {
        let mut found = Vec::new();
        check(&File { path: path.to_owned(), text }, &mut found);
        found.into_iter().map(|it| (it.rule, it.weight)).collect()
    }

    fn function(lines: usize) -> String {
        format!("fn a() {{\n{}}}\n", "\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_is_questioned_and_then_refused() {
        assert_eq!(checked("a.rs", function(40)), []);
        assert_eq!(checked("a.rs", function(41)), [(Rule::FunctionSize, Weight::Question)]);
        assert_eq!(checked("a.rs", function(71)), [(Rule::FunctionSize, Weight::Breach)]);
    }

    #[test]
    fn a_file_is_counted_without_its_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(900));
        assert_eq!(checked("a.rs", format!("{}{tests}", "\n".repeat(500))), []);
        assert_eq!(
            checked("a.rs", format!("{}{tests}", "\n".repeat(501))),
            [(Rule::FileSize, Weight::Question)]
        );
        assert_eq!(checked("a.rs", "\n".repeat(801)), [(Rule::FileSize, Weight::Breach)]);
        assert_eq!(checked("a/tests/b.rs", "\n".repeat(801)), []);
    }

    #[test]
    fn an_index_is_short() {
        assert_eq!(checked("a/mod.rs", "\n".repeat(81)), [(Rule::FileSize, Weight::Breach)]);
    }
}
