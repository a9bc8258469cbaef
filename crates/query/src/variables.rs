//! `${NAME}` in a text, replaced before it is read.

use crate::problem::Problem;
use crate::span::Span;

/// Replaces each `${NAME}` by what `lookup` says; names are of letters, digits and `_`.
///
/// It works on the raw text, in strings and comments too, and does not look into what it has put
/// in. A name that `lookup` does not know stays as it is and is a problem, placed in `text`.
pub fn substitute_variables(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> (String, Vec<Problem>) {
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let end = after.bytes().position(|it| !it.is_ascii_alphanumeric() && it != b'_');
        let named = end.filter(|&end| end > 0 && after.as_bytes()[end] == b'}');
        let Some((name, behind)) = named.and_then(|end| after.split_at_checked(end)) else {
            out.push_str("${");
            rest = after;
            continue;
        };
        rest = behind.strip_prefix('}').unwrap_or(behind);
        if let Some(value) = lookup(name) {
            out.push_str(&value);
            continue;
        }
        let start = (text.len() - after.len() - 2) as u32;
        let span = Span::new(start, (text.len() - rest.len()) as u32);
        out.push_str(span.of(text));
        let message = format!("the variable `{name}` has no value");
        let hint = format!("set `{name}` in the environment");
        problems.push(Problem::new("unknown-variable", span, message).with_hint(hint));
    }
    out.push_str(rest);
    (out, problems)
}
