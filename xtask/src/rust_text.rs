//! Rust text with its comments and literals blanked out, so that plain search finds only code.

/// The text in two views, each as long as the original and with the same line breaks.
#[derive(Debug)]
pub(crate) struct Views {
    /// Code alone: comments, strings and characters are spaces.
    pub(crate) code: Vec<u8>,
    /// Comments alone: all else is spaces.
    pub(crate) comments: Vec<u8>,
}

/// A function with a body: its name and the lines it takes, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
}

impl Function {
    pub(crate) fn lines(&self) -> usize {
        self.last_line - self.first_line + 1
    }
}

/// `mod name;` in a file, inside the inline modules named by `within`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ModLine {
    pub(crate) within: Vec<String>,
    pub(crate) name: String,
    pub(crate) offset: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// Separates code from comments and literals.
pub(crate) fn views(text: &str) -> Views {
    let bytes = text.as_bytes();
    let mut views = Views { code: blank(bytes), comments: blank(bytes) };
    let mut at = 0;
    while at < bytes.len() {
        let (part, end) = next_part(bytes, at);
        let view = match part {
            Part::Code => Some(&mut views.code),
            Part::Comment => Some(&mut views.comments),
            Part::Literal => None,
        };
        if let Some(view) = view {
            view[at..end].copy_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    views
}

fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&b| if b == b'\n' { b'\n' } else { b' ' }).collect()
}

/// The part that starts at `at`, and where it ends (always after `at`).
fn next_part(bytes: &[u8], at: usize) -> (Part, usize) {
    let rest = &bytes[at..];
    let inside_word = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => (Part::Comment, at + find(rest, b"\n").unwrap_or(rest.len())),
        [b'/', b'*', ..] => (Part::Comment, at + block_comment(rest)),
        [b'"', ..] => (Part::Literal, at + 1 + string_tail(&rest[1..])),
        [b'b' | b'c', b'"', ..] if !inside_word => {
            (Part::Literal, at + 2 + string_tail(&rest[2..]))
        }
        [b'r', ..] if !inside_word => raw_string(rest, 1, at),
        [b'b' | b'c', b'r', ..] if !inside_word => raw_string(rest, 2, at),
        [b'\'', ..] => char_or_lifetime(rest, at),
        _ => (Part::Code, at + 1),
    }
}

/// The length of a block comment, with those inside it.
fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of what follows an opening quote, with the closing one.
fn string_tail(rest: &[u8]) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`; `prefix` is the length of `r` or `br`. A raw name (`r#type`) is code.
fn raw_string(rest: &[u8], prefix: usize, at: usize) -> (Part, usize) {
    let hashes = rest[prefix..].iter().take_while(|&&b| b == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return (Part::Code, at + 1);
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = &rest[open + 1..];
    let length = find(body, &close).map_or(body.len(), |end| end + close.len());
    (Part::Literal, at + open + 1 + length)
}

/// `'x'` and `'\n'` are literals, `'static` is code.
fn char_or_lifetime(rest: &[u8], at: usize) -> (Part, usize) {
    if rest.get(1) == Some(&b'\\') {
        let close = find(&rest[3.min(rest.len())..], b"'").map_or(rest.len(), |end| end + 4);
        return (Part::Literal, at + close.min(rest.len()));
    }
    // A character takes at most four bytes.
    let close = rest.iter().skip(2).take(4).position(|&b| b == b'\'');
    let is_char = close.is_some_and(|n| n == 0 || !rest[1].is_ascii());
    match close {
        Some(n) if is_char => (Part::Literal, at + n + 3),
        _ => (Part::Code, at + 1),
    }
}

/// Every function with a body, in order of its first line.
pub(crate) fn functions(code: &[u8]) -> Vec<Function> {
    let mut found = Vec::new();
    for start in words(code, b"fn") {
        let Some((name, after)) = name_at(code, start + 2) else { continue };
        let Some(open) = body_open(code, after) else { continue };
        let close = matching_brace(code, open);
        found.push(Function {
            name,
            first_line: line_of(code, start),
            last_line: line_of(code, close),
        });
    }
    found
}

/// Every name that follows `keyword`, and where the keyword stands.
pub(crate) fn named(code: &[u8], keyword: &str) -> Vec<(String, usize)> {
    let name = |at| name_at(code, at + keyword.len()).map(|(name, _)| (name, at));
    words(code, keyword.as_bytes()).into_iter().filter_map(name).collect()
}

/// Every `mod name;`, with the inline modules around it.
pub(crate) fn mod_lines(code: &[u8]) -> Vec<ModLine> {
    let mut inline: Vec<(String, usize, usize)> = Vec::new();
    let mut lines = Vec::new();
    for start in words(code, b"mod") {
        let Some((name, after)) = name_at(code, start + 3) else { continue };
        let after = skip_space(code, after);
        match code.get(after) {
            Some(b'{') => inline.push((name, after, matching_brace(code, after))),
            Some(b';') => lines.push((name, start)),
            _ => {}
        }
    }
    let within = |offset: usize| {
        let around = inline.iter().filter(|(_, open, close)| (*open..*close).contains(&offset));
        around.map(|(name, ..)| name.clone()).collect()
    };
    lines
        .into_iter()
        .map(|(name, offset)| ModLine { within: within(offset), name, offset })
        .collect()
}

/// Where the trailing `#[cfg(test)] mod … { … }` blocks begin, or the end of the text.
pub(crate) fn tests_start(code: &[u8]) -> usize {
    let mut start = code.len();
    let marks = find_all(code, b"#[cfg(test)]");
    for &mark in marks.iter().rev() {
        let mod_at = skip_space(code, skip_attributes(code, mark));
        let after_mod = skip_visibility(code, mod_at);
        if !code[after_mod..].starts_with(b"mod ") {
            break;
        }
        let Some(open) = find(&code[after_mod..start], b"{").map(|n| n + after_mod) else { break };
        let close = matching_brace(code, open);
        if skip_space(code, (close + 1).min(code.len())) < start {
            break;
        }
        start = mark;
    }
    start
}

/// The line of an offset, counted from 1.
pub(crate) fn line_of(text: &[u8], offset: usize) -> usize {
    text[..offset.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

/// Every place where `needle` stands.
pub(crate) fn find_all(text: &[u8], needle: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(n) = find(&text[at..], needle) {
        found.push(at + n);
        at += n + needle.len();
    }
    found
}

/// Every place where `word` stands as a word of its own.
pub(crate) fn words(text: &[u8], word: &[u8]) -> Vec<usize> {
    let alone = |&at: &usize| {
        let before = at.checked_sub(1).is_none_or(|n| !is_word(text[n]) && text[n] != b'#');
        let after = text.get(at + word.len()).is_none_or(|&b| !is_word(b));
        before && after
    };
    find_all(text, word).into_iter().filter(alone).collect()
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || !b.is_ascii()
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|it| it == needle)
}

fn skip_space(code: &[u8], at: usize) -> usize {
    code[at..].iter().position(|b| !b.is_ascii_whitespace()).map_or(code.len(), |n| at + n)
}

/// The name that follows, and where it ends. `None` where something else stands there.
fn name_at(code: &[u8], at: usize) -> Option<(String, usize)> {
    let mut start = skip_space(code, at);
    if code[start..].starts_with(b"r#") {
        start += 2;
    }
    let length = code[start..].iter().take_while(|&&b| is_word(b)).count();
    let name = String::from_utf8_lossy(&code[start..start + length]).into_owned();
    (length > 0).then_some((name, start + length))
}

/// The `{` of the body of the function whose name ends at `at`, if it has a body.
fn body_open(code: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (n, &b) in code.iter().enumerate().skip(at) {
        match b {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(n),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The `}` that closes the `{` at `open`, or the last byte where none does.
fn matching_brace(code: &[u8], open: usize) -> usize {
    let mut depth = 0_i32;
    for (n, &b) in code.iter().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return n;
        }
    }
    code.len().saturating_sub(1)
}

fn skip_attributes(code: &[u8], mut at: usize) -> usize {
    while code[skip_space(code, at)..].starts_with(b"#[") {
        at = skip_space(code, at);
        let Some(close) = find(&code[at..], b"]\n") else { return at };
        at += close + 1;
    }
    at
}

fn skip_visibility(code: &[u8], at: usize) -> usize {
    if !code[at..].starts_with(b"pub") {
        return at;
    }
    let past = if code[at..].starts_with(b"pub(") {
        find(&code[at..], b")").map_or(at, |n| at + n + 1)
    } else {
        at + 3
    };
    skip_space(code, past)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> String {
        String::from_utf8(views(text).code).unwrap()
    }

    #[test]
    fn comments_and_literals_are_blanked() {
        let shown =
            code_of("let a = \"fn {\"; // fn {\nlet b = '{'; /* { /* } */ */ let c: &'a T;");
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>(),
            ["let", "a", "=", ";", "let", "b", "=", ";", "let", "c:", "&'a", "T;"]
        );
    }

    #[test]
    fn raw_and_escaped_literals_end_where_they_end() {
        assert_eq!(code_of("r#\"a\"{\"#;x").trim(), ";x");
        assert_eq!(code_of("\"a\\\"{\";x").trim(), ";x");
        assert_eq!(code_of("'\\'';x").trim(), ";x");
        assert_eq!(code_of("'\\\\';x").trim(), ";x");
        assert_eq!(code_of("'\\u{7b}';x").trim(), ";x");
        assert_eq!(code_of("'é';x").trim(), ";x");
        assert_eq!(code_of("br\"{\";b\"{\";b'{';x").replace(' ', ""), ";;b;x");
        assert_eq!(code_of("r#type;x"), "r#type;x");
    }

    #[test]
    fn a_function_runs_from_its_keyword_to_its_brace() {
        let code =
            views("impl A {\n  fn a(f: fn(u8) -> u8) -> [u8; 2] {\n  }\n  fn b();\n}\n").code;
        let found = functions(&code);
        assert_eq!(found, [Function { name: "a".to_owned(), first_line: 2, last_line: 3 }]);
        assert_eq!(found[0].lines(), 2);
    }

    #[test]
    fn a_mod_line_knows_the_inline_modules_around_it() {
        let code = views("mod a;\n#[cfg(x)]\nmod b {\n  pub(crate) mod c;\n}\n// mod d;\n").code;
        let found: Vec<_> = mod_lines(&code).into_iter().map(|it| (it.within, it.name)).collect();
        let expected = [(vec![], "a".to_owned()), (vec!["b".to_owned()], "c".to_owned())];
        assert_eq!(found, expected);
    }

    #[test]
    fn only_tests_at_the_end_are_left_out() {
        let before = "fn a() {}\n#[cfg(test)]\nfn b() {}\n";
        let tests = "#[cfg(test)]\n#[expect(x, reason = \"y\")]\nmod tests {\n  fn c() {}\n}\n";
        let both = format!("{before}{tests}");
        assert_eq!(tests_start(&views(&both).code), before.len());
        let turned = format!("{tests}{before}");
        assert_eq!(tests_start(&views(&turned).code), turned.len());
        assert_eq!(tests_start(&views(before).code), before.len());
    }
}
