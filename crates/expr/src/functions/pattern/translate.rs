//! Translates patterns of `java.util.regex` into the dialect of the regex engine.
//!
//! Flags are resolved here, so that what comes out is free of them but for `(?i:…)`.

use super::class::{self, escape};

/// Groups within groups that a pattern may have.
const DEPTH_MAX: usize = 100;
/// Units a pattern may have when its bounded repetitions are written out.
const UNITS_MAX: usize = 200_000;

/// A pattern in the engine's dialect.
pub(super) struct Translated {
    /// The pattern.
    pub(super) text: String,
    /// The names of groups with their numbers.
    pub(super) names: Vec<(String, usize)>,
}

/// The switches of `(?idmsuxU)`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub(super) any_case: bool,
    pub(super) any_unicode_case: bool,
    pub(super) unicode_classes: bool,
    unix_lines: bool,
    many_lines: bool,
    dot_takes_all: bool,
    comments: bool,
}

pub(super) struct Reader {
    chars: Vec<char>,
    pub(super) at: usize,
}

impl Reader {
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let len = text.chars().count();
        let found = self
            .chars
            .get(self.at..self.at + len)
            .is_some_and(|it| it.iter().copied().eq(text.chars()));
        if found {
            self.at += len;
        }
        found
    }

    pub(super) fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("the pattern is wrong at its character {}: {what}", self.at + 1))
    }

    /// Everything up to `end`, which is taken too.
    pub(super) fn up_to(&mut self, end: char) -> Result<String, String> {
        let start = self.at;
        while let Some(c) = self.next() {
            if c == end {
                return Ok(self.chars[start..self.at - 1].iter().collect());
            }
        }
        self.wrong(&format!("`{end}` is missing"))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect::<String>().parse().ok()
    }

    /// White space and comments, where the flags say that they mean nothing.
    pub(super) fn skip_comments(&mut self, flags: Flags) {
        if !flags.comments {
            return;
        }
        while let Some(c) = self.peek() {
            if c == '#' {
                while self.next().is_some_and(|c| c != '\n') {}
            } else if c.is_ascii_whitespace() || c == '\u{b}' {
                self.at += 1;
            } else {
                return;
            }
        }
    }
}

/// Translates a pattern.
pub(super) fn translate(text: &str) -> Result<Translated, String> {
    let mut this = Translator {
        from: Reader { chars: text.chars().collect(), at: 0 },
        out: String::new(),
        flags: Flags::default(),
        groups: 0,
        names: Vec::new(),
        depth: 0,
        units: 0,
    };
    this.alternatives()?;
    if this.from.peek().is_some() {
        return this.from.wrong("`)` closes nothing");
    }
    Ok(Translated { text: this.out, names: this.names })
}

struct Translator {
    from: Reader,
    out: String,
    flags: Flags,
    groups: usize,
    names: Vec<(String, usize)>,
    depth: usize,
    units: usize,
}

impl Translator {
    /// Up to the end or the `)` that closes; flags set inside hold until there.
    fn alternatives(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.from.wrong("groups are nested too deeply");
        }
        let flags = self.flags;
        while let Some(c) = self.from.peek() {
            match c {
                ')' => break,
                '|' => {
                    self.from.at += 1;
                    self.out.push('|');
                }
                _ => self.repeated()?,
            }
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(())
    }

    fn repeated(&mut self) -> Result<(), String> {
        let start = self.out.len();
        let units = self.units;
        self.units += 1;
        if !self.atom()? {
            return Ok(());
        }
        self.from.skip_comments(self.flags);
        let Some(c) = self.from.peek() else { return Ok(()) };
        let quantifier = match c {
            '*' | '+' | '?' => {
                self.from.at += 1;
                c.to_string()
            }
            '{' => {
                let (text, times) = self.bounds()?;
                self.units = (self.units - units).saturating_mul(times).saturating_add(units);
                text
            }
            _ => return Ok(()),
        };
        if self.units > UNITS_MAX {
            return self.from.wrong("its repetitions are too long");
        }
        let atom = self.out.split_off(start);
        self.out.push_str(&format!("(?:{atom}){quantifier}"));
        if let Some(kind @ ('?' | '+')) = self.from.peek() {
            self.from.at += 1;
            self.out.push(kind);
            if kind == '+' {
                let repeated = self.out.split_off(start);
                let greedy = repeated.strip_suffix('+').unwrap_or(&repeated);
                self.out.push_str(&format!("(?>{greedy})"));
            }
        }
        Ok(())
    }

    /// The bounds as written, and how often the unit before has to be written out for them.
    fn bounds(&mut self) -> Result<(String, usize), String> {
        self.from.at += 1;
        let Some(low) = self.from.number() else {
            return self.from.wrong("`{` is not followed by a number");
        };
        let mut times = low;
        let mut text = format!("{{{low}");
        if self.from.take(",") {
            text.push(',');
            if self.from.peek().is_some_and(|c| c.is_ascii_digit()) {
                match self.from.number() {
                    Some(high) if high >= low => {
                        text.push_str(&high.to_string());
                        times = high;
                    }
                    _ => return self.from.wrong("the upper bound is below the lower one"),
                }
            }
        }
        if !self.from.take("}") {
            return self.from.wrong("`}` is missing");
        }
        text.push('}');
        Ok((text, times as usize))
    }

    /// One unit that a quantifier may follow; false when there was none, as in `(?i)`.
    fn atom(&mut self) -> Result<bool, String> {
        self.from.skip_comments(self.flags);
        let Some(c) = self.from.peek() else { return Ok(false) };
        if matches!(c, '|' | ')') {
            return Ok(false);
        }
        self.from.at += 1;
        match c {
            '(' => return self.group(),
            '[' => {
                let text = class::bracketed(&mut self.from, self.flags)?;
                self.unit(&text);
            }
            '\\' => self.escape()?,
            '.' => self.out.push_str(if self.flags.dot_takes_all {
                "(?s:.)"
            } else if self.flags.unix_lines {
                r"[^\n]"
            } else {
                r"[^\n\r\x{85}\x{2028}\x{2029}]"
            }),
            '^' => self.out.push_str(match (self.flags.many_lines, self.flags.unix_lines) {
                (false, _) => r"\A",
                (true, true) => r"(?:(?:\A|(?<=\n))(?!\z))",
                (true, false) => r"(?:(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n))(?!\z))",
            }),
            '$' if self.flags.many_lines => self.out.push_str(if self.flags.unix_lines {
                r"(?=\n|\z)"
            } else {
                r"(?:(?=[\r\x{85}\x{2028}\x{2029}]|\z)|(?<!\r)(?=\n))"
            }),
            '$' => self.end_of_text(),
            '*' | '+' | '?' | '{' => {
                return self.from.wrong(&format!("`{c}` has nothing to repeat"));
            }
            literal => self.literal(literal),
        }
        Ok(true)
    }

    /// The end, or the line break that is the last of the text.
    fn end_of_text(&mut self) {
        self.out.push_str(if self.flags.unix_lines {
            r"(?=\n?\z)"
        } else {
            r"(?:(?=(?:\r\n|[\r\x{85}\x{2028}\x{2029}])?\z)|(?<!\r)(?=\n\z))"
        });
    }

    fn literal(&mut self, c: char) {
        if self.flags.any_case && !self.flags.any_unicode_case && c.is_ascii_alphabetic() {
            let (lower, upper) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
            self.out.push_str(&format!("[{lower}{upper}]"));
        } else {
            self.unit(&escape(c));
        }
    }

    /// One unit that matches in any case where the flags say so.
    fn unit(&mut self, text: &str) {
        if self.flags.any_case && self.flags.any_unicode_case {
            self.out.push_str(&format!("(?i:{text})"));
        } else {
            self.out.push_str(text);
        }
    }

    fn group(&mut self) -> Result<bool, String> {
        let flags = self.flags;
        if !self.from.take("?") {
            self.groups += 1;
            self.out.push('(');
        } else if let Some(kind) =
            ["<=", "<!", ":", "=", "!", ">"].into_iter().find(|kind| self.from.take(kind))
        {
            self.out.push_str(&format!("(?{kind}"));
        } else if self.from.take("<") {
            let name = self.from.up_to('>')?;
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
            if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
                return self.from.wrong("a group's name has letters and digits, a letter first");
            }
            if self.names.iter().any(|(known, _)| *known == name) {
                return self.from.wrong(&format!("there are two groups `{name}`"));
            }
            self.groups += 1;
            self.names.push((name, self.groups));
            self.out.push('(');
        } else {
            if self.switches()? {
                return Ok(false);
            }
            self.out.push_str("(?:");
        }
        self.alternatives()?;
        self.flags = flags;
        if !self.from.take(")") {
            return self.from.wrong("`)` is missing");
        }
        self.out.push(')');
        Ok(true)
    }

    /// Reads `idmsuxU-…`; true when `)` ends it, false when `:` begins a group.
    fn switches(&mut self) -> Result<bool, String> {
        let mut on = true;
        loop {
            let flags = &mut self.flags;
            match self.from.next() {
                Some('-') => on = false,
                Some(')') => return Ok(true),
                Some(':') => return Ok(false),
                Some('i') => flags.any_case = on,
                Some('u') => flags.any_unicode_case = on,
                Some('d') => flags.unix_lines = on,
                Some('m') => flags.many_lines = on,
                Some('s') => flags.dot_takes_all = on,
                Some('x') => flags.comments = on,
                Some('U') => {
                    flags.unicode_classes = on;
                    flags.any_unicode_case = on;
                }
                _ => return self.from.wrong("`(?` is not followed by a known flag"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.from.peek() else {
            return self.from.wrong("nothing follows `\\`");
        };
        match c {
            'A' => self.assertion(r"\A"),
            'z' => self.assertion(r"\z"),
            'G' => self.assertion(r"\G"),
            'B' => self.assertion(r"\B"),
            'b' => {
                self.assertion(r"\b");
                if self.from.peek() == Some('{') {
                    return self.from.wrong("boundaries of this kind are not known");
                }
            }
            'Z' => {
                self.from.at += 1;
                self.end_of_text();
            }
            'R' => self.assertion(r"(?>\r\n|[\n\x0b\x0c\r\x{85}\x{2028}\x{2029}])"),
            'X' => self.assertion(r"(?>\r\n|\P{M}\p{M}*|\p{M}+)"),
            'Q' => {
                self.from.at += 1;
                while self.from.peek().is_some() && !self.from.take("\\E") {
                    if let Some(c) = self.from.next() {
                        self.literal(c);
                    }
                }
            }
            'k' => self.named_reference()?,
            '1'..='9' => self.reference(),
            _ => match class::escaped(&mut self.from, self.flags)? {
                class::Escaped::Char(c) => self.literal(c),
                class::Escaped::Class(text) => self.unit(&format!("[{text}]")),
            },
        }
        Ok(())
    }

    fn assertion(&mut self, text: &str) {
        self.from.at += 1;
        self.out.push_str(text);
    }

    fn named_reference(&mut self) -> Result<(), String> {
        self.from.at += 1;
        if !self.from.take("<") {
            return self.from.wrong("`\\k` is not followed by `<`");
        }
        let name = self.from.up_to('>')?;
        match self.names.iter().find(|(known, _)| *known == name) {
            Some((_, number)) => self.out.push_str(&format!(r"(?:\{number})")),
            None => return self.from.wrong(&format!("there is no group `{name}`")),
        }
        Ok(())
    }

    /// As many digits as name a group that has begun; the first digit always counts.
    fn reference(&mut self) {
        let mut number = 0;
        while let Some(digit) = self.from.peek().and_then(|c| c.to_digit(10)) {
            let next = number * 10 + digit as usize;
            if number > 0 && next > self.groups {
                break;
            }
            number = next;
            self.from.at += 1;
        }
        if number <= self.groups {
            self.out.push_str(&format!(r"(?:\{number})"));
        } else {
            // A group that has not begun has not matched either.
            self.out.push_str("(?!)");
        }
    }
}
