//! `?` becomes `$1`, `$2`, …, as the server wants it.

/// The text with its `?` numbered, except those in quotes and comments. `??` is a `?` of the
/// database's own.
pub(super) fn numbered(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut count = 0;
    while let Some(first) = rest.chars().next() {
        let len = quoted(rest).unwrap_or(first.len_utf8());
        let (piece, after) = rest.split_at(len);
        rest = after;
        if piece != "?" {
            out.push_str(piece);
        } else if let Some(after) = rest.strip_prefix('?') {
            out.push('?');
            rest = after;
        } else {
            count += 1;
            out.push('$');
            out.push_str(&count.to_string());
        }
    }
    out
}

/// How long the quoted text or comment is that the text starts with.
fn quoted(text: &str) -> Option<usize> {
    let through = |end: &str, from: usize| {
        let rest = text.get(from..)?;
        Some(rest.find(end).map_or(text.len(), |at| from + at + end.len()))
    };
    if text.starts_with("--") {
        return through("\n", 2);
    }
    if text.starts_with("/*") {
        return through("*/", 2);
    }
    match text.chars().next()? {
        // A doubled quote ends one text and begins the next.
        '\'' => through("'", 1),
        '"' => through("\"", 1),
        '$' => {
            let tag_end = text.get(1..)?.find('$')? + 2;
            let tag = text.get(..tag_end)?;
            let inner = tag.trim_matches('$');
            let is_tag = inner.chars().all(|it| it.is_alphanumeric() || it == '_')
                && !inner.starts_with(|it: char| it.is_ascii_digit());
            if is_tag { through(tag, tag_end) } else { None }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn marks_are_numbered_outside_quotes_and_comments() {
        for (text, expected) in [
            ("a = ? AND b = ?", "a = $1 AND b = $2"),
            ("'?' || ? || 'it''s ?'", "'?' || $1 || 'it''s ?'"),
            ("\"a?\" = ? -- why?\n AND ?", "\"a?\" = $1 -- why?\n AND $2"),
            ("/* ? */ ?", "/* ? */ $1"),
            ("$$ ? $$ ? $f$ ? $f$", "$$ ? $$ $1 $f$ ? $f$"),
            ("data ?? ?", "data ? $1"),
            ("'unclosed ?", "'unclosed ?"),
            ("\u{fc}?", "\u{fc}$1"),
            ("$1 + $2", "$1 + $2"),
        ] {
            assert_eq!(numbered(text), expected);
        }
    }
}
