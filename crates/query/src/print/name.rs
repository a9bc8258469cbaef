//! Names and strings, quoted where they must be.

use crate::lexer::K;

/// Which names need back quotes beside those that are no plain names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Every keyword: where one could be taken for the grammar's own.
    Keywords,
    /// Only those that start an expression of their own.
    Operators,
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn name(out: &mut String, name: &str, quoting: Quoting) {
    let keyword = match quoting {
        Quoting::Keywords => K::of(name).is_some(),
        Quoting::Operators => matches!(K::of(name), Some(K::Not | K::True | K::False)),
    };
    if is_plain(name) && !keyword {
        out.push_str(name);
    } else {
        out.push('`');
        out.push_str(name);
        out.push('`');
    }
}

/// A string in the first of `'…'`, `"…"` and `"""…"""` that can hold it.
pub(super) fn string(out: &mut String, text: &str) {
    let double = text.contains('"') || text.bytes().any(|byte| byte < 0x20);
    let quotes = match (double, text.contains('\'')) {
        (true, _) => "\"\"\"",
        (false, true) => "\"",
        (false, false) => "'",
    };
    out.push_str(quotes);
    out.push_str(text);
    out.push_str(quotes);
}

/// The key of an annotation, in quotes if it is not made of plain names.
pub(super) fn key(out: &mut String, key: &str) {
    if key.split(['.', '-', ':']).all(is_plain) {
        out.push_str(key);
    } else {
        string(out, key);
    }
}

/// Writes all items with `, ` between them.
pub(super) fn list<T>(out: &mut String, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    for (at, it) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        item(out, it);
    }
}
