//! The scanner.

use super::{Flaw, K, T, Token};
use crate::span::Span;

/// A text as tokens, the last of which is `Eof`.
pub(crate) struct Scanned {
    pub(crate) tokens: Vec<Token>,
    /// `-- …` without its line break, and `/* … */`.
    pub(crate) comments: Vec<Span>,
}

/// Cuts a text into tokens. The text is at most `u32::MAX` bytes long.
pub(crate) fn scan(text: &str) -> Scanned {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        no_triple_after: usize::MAX,
        out: Scanned { tokens: Vec::with_capacity(text.len() / 5 + 1), comments: Vec::new() },
    };
    while scanner.at < scanner.bytes.len() {
        scanner.next();
    }
    scanner.push(T::Eof, scanner.at);
    scanner.out
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// From here on the text has no `"""`: keeps the search for it linear.
    no_triple_after: usize,
    out: Scanned,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: T, start: usize) {
        self.out.tokens.push(Token { kind, start: start as u32, end: self.at as u32 });
    }

    fn next(&mut self) {
        let byte = self.peek(0);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b => self.at += 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'\'' | b'"' => self.string(byte),
            b'`' => self.quoted_name(),
            b'{' => self.script(),
            b'-' if self.peek(1) == b'-' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            _ => self.sign(byte),
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = &self.bytes[start..];
        let length = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            .unwrap_or(rest.len());
        self.at += length;
        let word = self.text.get(start..self.at).unwrap_or_default();
        self.push(K::of(word).map_or(T::Id, T::Word), start);
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    /// An integer, or the longest floating point number that stands here.
    fn number(&mut self) {
        let start = self.at;
        self.digits();
        let integer_end = self.at;
        let mut point = false;
        if self.peek(0) == b'.' {
            point = true;
            self.at += 1;
            self.digits();
        }
        let fraction = self.at > integer_end + 1;
        let mut exponent = false;
        if matches!(self.peek(0), b'e' | b'E') {
            let signed = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + signed).is_ascii_digit() {
                exponent = true;
                self.at += 1 + signed;
                self.digits();
            }
        }
        match self.peek(0) {
            b'f' | b'F' => {
                self.at += 1;
                self.push(T::Float, start);
            }
            b'd' | b'D' => {
                self.at += 1;
                self.push(T::Double, start);
            }
            b'l' | b'L' if !point && !exponent => {
                self.at += 1;
                self.push(T::Long, start);
            }
            _ if fraction || exponent => self.push(T::Double, start),
            // `1.` is an integer and a dot.
            _ => {
                self.at = integer_end;
                self.push(T::Int, start);
            }
        }
    }

    fn string(&mut self, quote: u8) {
        let start = self.at;
        if quote == b'"' && self.peek(1) == b'"' && self.peek(2) == b'"' && self.triple() {
            return self.push(T::LongStr, start);
        }
        let mut flaw = None;
        let mut at = start + 1;
        while let Some(&byte) = self.bytes.get(at) {
            if byte == quote {
                self.at = at + 1;
                return self.push(flaw.map_or(T::Str, T::Flaw), start);
            }
            match byte {
                b'\n' | b'\r' => break,
                b'"' => flaw = flaw.or(Some(Flaw::QuoteInString)),
                0..0x20 => flaw = flaw.or(Some(Flaw::ControlInString)),
                _ => {}
            }
            at += 1;
        }
        self.at = at;
        self.push(T::Flaw(Flaw::UnclosedString), start);
    }

    /// Moves behind the `"""` that closes the one here, if one does.
    fn triple(&mut self) -> bool {
        let from = self.at + 3;
        if from >= self.no_triple_after {
            return false;
        }
        match self.text.get(from..).and_then(|rest| rest.find("\"\"\"")) {
            Some(found) => {
                self.at = from + found + 3;
                true
            }
            None => {
                self.no_triple_after = from;
                false
            }
        }
    }

    fn quoted_name(&mut self) {
        let start = self.at;
        match self.bytes[start + 1..].iter().position(|&byte| byte == b'`') {
            Some(length) => {
                self.at = start + length + 2;
                self.push(T::QuotedId, start);
            }
            None => {
                self.at = self.end_of_line();
                self.push(T::Flaw(Flaw::UnclosedName), start);
            }
        }
    }

    fn end_of_line(&self) -> usize {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        self.at + length.unwrap_or(rest.len())
    }

    /// `{ … }`: double-quoted strings and `//` comments inside do not count; where that way finds
    /// no end, they do. Without any end all the rest is one flaw, so that this stays linear.
    fn script(&mut self) {
        let start = self.at;
        let end = self.script_end(Quotes::Skipped).or_else(|| self.script_end(Quotes::Read));
        self.at = end.unwrap_or(self.bytes.len());
        self.push(end.map_or(T::Flaw(Flaw::UnclosedScript), |_| T::Script), start);
    }

    fn script_end(&self, quotes: Quotes) -> Option<usize> {
        let skip = quotes == Quotes::Skipped;
        let mut depth = 0usize;
        let mut at = self.at;
        while let Some(&byte) = self.bytes.get(at) {
            at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some(at),
                b'}' => depth -= 1,
                b'"' if skip => at += self.bytes[at..].iter().position(|&it| it == b'"')? + 1,
                b'/' if skip && self.bytes.get(at) == Some(&b'/') => {
                    at += self.bytes[at..].iter().position(|&it| it == b'\n')?;
                }
                _ => {}
            }
        }
        None
    }

    fn line_comment(&mut self) {
        let start = self.at;
        self.at = self.end_of_line();
        self.out.comments.push(Span::new(start as u32, self.at as u32));
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let rest = self.text.get(start + 2..).unwrap_or_default();
        self.at = rest.find("*/").map_or(self.bytes.len(), |found| start + found + 4);
        self.out.comments.push(Span::new(start as u32, self.at as u32));
    }

    fn sign(&mut self, byte: u8) {
        let start = self.at;
        let (kind, length) = match (byte, self.peek(1)) {
            (b'.', b'.') if self.peek(2) == b'.' => (T::Ellipsis, 3),
            (b'-', b'>') => (T::Arrow, 2),
            (b'=', b'=') => (T::Equal, 2),
            (b'!', b'=') => (T::NotEqual, 2),
            (b'<', b'=') => (T::LessOrEqual, 2),
            (b'>', b'=') => (T::GreaterOrEqual, 2),
            (b'(', _) => (T::LeftParen, 1),
            (b')', _) => (T::RightParen, 1),
            (b'[', _) => (T::LeftBracket, 1),
            (b']', _) => (T::RightBracket, 1),
            (b';', _) => (T::Semicolon, 1),
            (b',', _) => (T::Comma, 1),
            (b'.', _) => (T::Dot, 1),
            (b':', _) => (T::Colon, 1),
            (b'=', _) => (T::Assign, 1),
            (b'<', _) => (T::Less, 1),
            (b'>', _) => (T::Greater, 1),
            (b'+', _) => (T::Plus, 1),
            (b'-', _) => (T::Minus, 1),
            (b'*', _) => (T::Star, 1),
            (b'/', _) => (T::Slash, 1),
            (b'%', _) => (T::Percent, 1),
            (b'@', _) => (T::At, 1),
            (b'#', _) => (T::Hash, 1),
            (b'!', _) => (T::Bang, 1),
            (b'?', _) => (T::Question, 1),
            _ => return self.unknown(),
        };
        self.at += length;
        self.push(kind, start);
    }

    /// A whole character, however many bytes it has.
    fn unknown(&mut self) {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        self.at += rest.chars().next().map_or(1, char::len_utf8);
        self.push(T::Flaw(Flaw::Character), start);
    }
}

/// Whether quotes and comments hide the braces inside them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Skipped,
    Read,
}
