//! JSON text, read token by token without building anything.

use std::borrow::Cow;

/// How deep objects and lists may nest.
const DEPTH_MAX: u32 = 512;

/// Text that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte where it stops being JSON.
    pub at: usize,
    /// What should have been there.
    pub expected: &'static str,
}

type Read<T> = Result<T, SyntaxError>;

/// What the next value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Object,
    List,
    Text,
    Number,
    Bool,
    Null,
    /// A bare word; only where the reader is lenient.
    Word,
}

/// What the reader forgives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Nothing: JSON as its standard says.
    Strict,
    /// Single quotes, bare words, comments, `=` for `:`, `;` for `,`, and missing list elements.
    Lenient,
}

/// Reads JSON text from its start.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    dialect: Dialect,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, at: 0, depth: 0, dialect }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fail<T>(&self, expected: &'static str) -> Read<T> {
        Err(SyntaxError { at: self.at, expected })
    }

    fn lenient(&self) -> bool {
        self.dialect == Dialect::Lenient
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }

    fn skip_blanks(&mut self) -> Read<()> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(b'#') if self.lenient() => self.skip_line(),
                Some(b'/') if self.lenient() => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.byte().is_some_and(|b| b != b'\n' && b != b'\r') {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) -> Read<()> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'/') => self.skip_line(),
            Some(b'*') => match self.text.get(self.at + 2..).and_then(|it| it.find("*/")) {
                Some(length) => self.at += length + 4,
                None => return self.fail("the end of the comment, `*/`"),
            },
            _ => return self.fail("a value"),
        }
        Ok(())
    }

    /// What the next value is; the reader stands before it.
    pub fn peek(&mut self) -> Read<Next> {
        self.skip_blanks()?;
        match self.byte() {
            Some(b'{') => Ok(Next::Object),
            Some(b'[') => Ok(Next::List),
            Some(b'"') => Ok(Next::Text),
            Some(b'\'') if self.lenient() => Ok(Next::Text),
            Some(b'-' | b'0'..=b'9') if !self.lenient() => Ok(Next::Number),
            Some(_) => self.next_word(),
            None => self.fail("a value"),
        }
    }

    fn next_word(&self) -> Read<Next> {
        let word = self.peek_word();
        match word {
            "true" | "false" => Ok(Next::Bool),
            "null" => Ok(Next::Null),
            _ if !self.lenient() || word.is_empty() => self.fail("a value"),
            _ if is_number(word) => Ok(Next::Number),
            _ if word.eq_ignore_ascii_case("null") => Ok(Next::Null),
            _ if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                Ok(Next::Bool)
            }
            _ => Ok(Next::Word),
        }
    }

    /// The characters up to the next that has a meaning of its own.
    fn peek_word(&self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or("");
        let special = |c: char| {
            matches!(c, '/' | '\\' | ';' | '#' | '=' | '{' | '}' | '[' | ']' | ':' | ',')
                || c.is_ascii_whitespace()
        };
        rest.split(special).next().unwrap_or("")
    }

    fn enter(&mut self) -> Read<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.fail("fewer objects and lists within each other (at most 512)");
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// Goes into an object; read its names with [`Self::name`].
    pub fn open_object(&mut self) -> Read<()> {
        self.skip_blanks()?;
        if self.byte() != Some(b'{') {
            return self.fail("`{`");
        }
        self.enter()
    }

    /// The next name of the object, or `None` at its end; `first` starts as true.
    pub fn name(&mut self, first: &mut bool) -> Read<Option<Cow<'a, str>>> {
        self.skip_blanks()?;
        if self.byte() == Some(b'}') {
            self.leave();
            return Ok(None);
        }
        if *first {
            *first = false;
        } else {
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b';') if self.lenient() => self.at += 1,
                _ => return self.fail("`,` or `}`"),
            }
            self.skip_blanks()?;
        }
        let name = match self.byte() {
            Some(b'"') => self.quoted(b'"')?,
            Some(b'\'') if self.lenient() => self.quoted(b'\'')?,
            _ if self.lenient() && !self.peek_word().is_empty() => Cow::Borrowed(self.word()),
            _ => return self.fail("a name in double quotes"),
        };
        self.skip_blanks()?;
        match self.byte() {
            Some(b':') => self.at += 1,
            Some(b'=') if self.lenient() => {
                self.at += 1;
                if self.byte() == Some(b'>') {
                    self.at += 1;
                }
            }
            _ => return self.fail("`:`"),
        }
        Ok(Some(name))
    }

    /// Goes into a list; read its elements with [`Self::element`].
    pub fn open_list(&mut self) -> Read<()> {
        self.skip_blanks()?;
        if self.byte() != Some(b'[') {
            return self.fail("`[`");
        }
        self.enter()
    }

    /// Whether the list has another element; the reader then stands before it.
    pub fn element(&mut self, first: &mut bool) -> Read<bool> {
        self.skip_blanks()?;
        if self.byte() == Some(b']') {
            self.leave();
            return Ok(false);
        }
        if *first {
            *first = false;
            return Ok(true);
        }
        match self.byte() {
            Some(b',') => self.at += 1,
            Some(b';') if self.lenient() => self.at += 1,
            _ => return self.fail("`,` or `]`"),
        }
        self.skip_blanks()?;
        if self.byte() == Some(b']') {
            return self.fail("a value");
        }
        Ok(true)
    }

    fn word(&mut self) -> &'a str {
        let word = self.peek_word();
        self.at += word.len();
        word
    }

    /// The text of a string, or of a bare word.
    pub fn text(&mut self) -> Read<Cow<'a, str>> {
        match self.peek()? {
            Next::Text => {
                let quote = self.byte().unwrap_or(b'"');
                self.quoted(quote)
            }
            Next::Word => Ok(Cow::Borrowed(self.word())),
            Next::Object | Next::List | Next::Number | Next::Bool | Next::Null => {
                self.fail("text in double quotes")
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Read<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let end = self.plain_end(quote)?;
        self.at = end;
        if self.byte() == Some(quote) {
            self.at += 1;
            return Ok(Cow::Borrowed(self.slice(start, end)));
        }
        let mut out = String::with_capacity(end - start + 16);
        out.push_str(self.slice(start, end));
        loop {
            match self.byte() {
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                Some(b) if b == quote => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                _ => {
                    let end = self.plain_end(quote)?;
                    out.push_str(self.slice(self.at, end));
                    self.at = end;
                }
            }
        }
    }

    /// Where the run of characters that mean themselves ends.
    fn plain_end(&mut self, quote: u8) -> Read<usize> {
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        loop {
            match bytes.get(end) {
                Some(b) if *b == quote || *b == b'\\' => return Ok(end),
                Some(b) if *b < b' ' && !self.lenient() => {
                    self.at = end;
                    return self.fail("the end of the text, or a control character as `\\u00…`");
                }
                Some(_) => end += 1,
                None => {
                    self.at = end;
                    return self.fail("the end of the text, a quote");
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Read<()> {
        let Some(byte) = self.byte() else { return self.fail("the end of the text, a quote") };
        let plain = match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                out.push(self.unicode()?);
                return Ok(());
            }
            b'\'' | b'\n' if self.lenient() => char::from(byte),
            _ => return self.fail("one of `\"`, `\\`, `/`, b, f, n, r, t, u after `\\`"),
        };
        out.push(plain);
        self.at += 1;
        Ok(())
    }

    fn unicode(&mut self) -> Read<char> {
        let high = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.text.get(self.at..).is_some_and(|it| it.starts_with("\\u")) {
            self.at += 2;
            let low = self.four_digits()?;
            if (0xDC00..0xE000).contains(&low) {
                let joined = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Read<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else { return self.fail("four hexadecimal digits") };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// The digits of a number, as written.
    pub fn number(&mut self) -> Read<&'a str> {
        self.skip_blanks()?;
        let start = self.at;
        let end = number_end(self.text.as_bytes(), start);
        let Some(end) = end else { return self.fail("a number") };
        self.at = end;
        let ends_well = self.byte().is_none_or(|b| {
            b.is_ascii_whitespace() || matches!(b, b',' | b']' | b'}' | b';' | b'/' | b'#')
        });
        if !ends_well {
            return self.fail("the end of the number");
        }
        Ok(self.slice(start, end))
    }

    /// `true` or `false`.
    pub fn truth(&mut self) -> Read<bool> {
        self.skip_blanks()?;
        let word = self.peek_word();
        let truth = word.eq_ignore_ascii_case("true");
        if !truth && !word.eq_ignore_ascii_case("false") {
            return self.fail("`true` or `false`");
        }
        self.at += word.len();
        Ok(truth)
    }

    /// `null`.
    pub fn null(&mut self) -> Read<()> {
        self.skip_blanks()?;
        if !self.peek_word().eq_ignore_ascii_case("null") {
            return self.fail("`null`");
        }
        self.at += 4;
        Ok(())
    }

    /// Reads over the next value.
    pub fn skip(&mut self) -> Read<()> {
        let mut first = true;
        match self.peek()? {
            Next::Object => {
                self.open_object()?;
                while self.name(&mut first)?.is_some() {
                    self.skip()?;
                }
            }
            Next::List => {
                self.open_list()?;
                while self.element(&mut first)? {
                    self.skip()?;
                }
            }
            Next::Text | Next::Word => drop(self.text()?),
            Next::Number => {
                self.number()?;
            }
            Next::Bool => {
                self.truth()?;
            }
            Next::Null => self.null()?,
        }
        Ok(())
    }

    /// Makes sure that nothing but blanks is left.
    pub fn finish(&mut self) -> Read<()> {
        self.skip_blanks()?;
        if self.byte().is_some() { self.fail("the end of the message") } else { Ok(()) }
    }
}

fn is_number(word: &str) -> bool {
    number_end(word.as_bytes(), 0) == Some(word.len())
}

/// Where the number that starts at `start` ends; `None` if there is none.
fn number_end(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
    let whole = at;
    at = digits(at);
    if at == whole || (bytes.get(whole) == Some(&b'0') && at > whole + 1) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let fraction = at + 1;
        at = digits(fraction);
        if at == fraction {
            return None;
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let power = at + 1 + sign;
        at = digits(power);
        if at == power {
            return None;
        }
    }
    Some(at)
}

/// The line and column, from 1, of a byte of `text`.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |it| it.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, dialect: Dialect) -> bool {
        let mut reader = Reader::new(text, dialect);
        reader.skip().and_then(|()| reader.finish()).is_ok()
    }

    #[test]
    fn strict_json_is_what_the_standard_says() {
        for text in ["{}", " [1, -2.5e3, \"a\\u00e9\", true, null, {\"a\":[]}] ", "0", "\"\""] {
            assert!(reads(text, Dialect::Strict), "{text}");
        }
        let bad = [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "'a'",
            "01",
            "1.",
            "1e",
            "NaN",
            "tru",
            "nul",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "[1 2]",
            "1 2",
            "{\"a\":1,}",
            "-",
            "+1",
        ];
        for text in bad {
            assert!(!reads(text, Dialect::Strict), "{text}");
        }
    }

    #[test]
    fn lenient_json_forgives_what_people_write_by_hand() {
        for text in ["{a:1}", "{'a'='b';c=>d}", "# x\n[1, /* y */ two]", "NaN", "{\"a\":undefined}"]
        {
            assert!(reads(text, Dialect::Lenient), "{text}");
        }
        for text in ["", "{\"x\":\"q\"uo\"}", "{a:}", "{a 1}", "xA:", "[1"] {
            assert!(!reads(text, Dialect::Lenient), "{text}");
        }
    }

    #[test]
    fn escapes_and_surrogates_become_characters() {
        let mut reader = Reader::new(r#""a\ud83d\ude00\n\ud800b""#, Dialect::Strict);
        assert_eq!(reader.text().unwrap(), "a😀\n\u{FFFD}b");
    }

    #[test]
    fn deep_nesting_is_an_error_rather_than_a_crash() {
        let text = "[".repeat(100_000);
        assert!(!reads(&text, Dialect::Lenient));
    }

    #[test]
    fn a_place_is_told_by_line_and_column() {
        assert_eq!(line_and_column("ab\ncé!", 6), (2, 3));
    }
}
