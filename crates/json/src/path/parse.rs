//! The text of a path into its steps.

use fancy_regex::Regex;
use weir_event::Text;

use super::filter::{Filter, Operand, Operator};
use super::steps::{Function, Path, Step};
use crate::reader::{Dialect, Reader};
use crate::tree::Json;

type Parsed<T> = Result<T, String>;

/// How deep filters may nest.
const DEPTH_MAX: u32 = 32;

pub(super) fn path(text: &str) -> Parsed<Path> {
    let text = text.trim();
    let rooted = text.starts_with(['$', '@']);
    let whole = if rooted { text.to_owned() } else { format!("$.{text}") };
    let mut parser = Parser { chars: whole.chars().collect(), at: 0, depth: 0 };
    parser.at = 1;
    let path = parser.steps(|_| false)?;
    if parser.at < parser.chars.len() {
        return parser.fail("the end of the path");
    }
    Ok(path)
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn fail<T>(&self, expected: &str) -> Parsed<T> {
        match self.peek() {
            Some(found) => Err(format!("expected {expected}, found `{found}` at {}", self.at + 1)),
            None => Err(format!("expected {expected}, and it ends")),
        }
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = word.chars().eq(self.chars[self.at..].iter().copied().take(word.len()));
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        self.skip_blanks();
        if self.takes(word) { Ok(()) } else { self.fail(&format!("`{word}`")) }
    }

    /// Steps up to a character at which `ends` holds or that starts none.
    fn steps(&mut self, ends: fn(char) -> bool) -> Parsed<Path> {
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    if self.takes(".") {
                        steps.push(Step::Deep);
                    }
                    if self.peek() != Some('[') || steps.last() != Some(&Step::Deep) {
                        steps.push(self.dotted(ends)?);
                    }
                }
                Some('[') => {
                    self.at += 1;
                    steps.push(self.bracketed()?);
                }
                _ => return Ok(Path { steps }),
            }
        }
    }

    fn dotted(&mut self, ends: fn(char) -> bool) -> Parsed<Step> {
        if self.takes("*") {
            return Ok(Step::Any);
        }
        let start = self.at;
        while self.peek().is_some_and(|c| !matches!(c, '.' | '[' | '(') && !ends(c)) {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        if name.trim().is_empty() {
            return self.fail("a name");
        }
        if self.takes("(") {
            self.expect(")")?;
            return match Function::of(&name) {
                Some(function) => Ok(Step::Function(function)),
                None => Err(format!("there is no function `{name}()`")),
            };
        }
        Ok(Step::Name(Text::from(name.trim_end())))
    }

    fn bracketed(&mut self) -> Parsed<Step> {
        self.skip_blanks();
        match self.peek() {
            Some('\'' | '"') => self.bracketed_names(),
            Some('*') => {
                self.at += 1;
                self.expect("]")?;
                Ok(Step::Any)
            }
            Some('?') => {
                self.at += 1;
                self.expect("(")?;
                let filter = self.any_of()?;
                self.expect(")")?;
                self.expect("]")?;
                Ok(Step::Filter(filter))
            }
            _ => self.bracketed_numbers(),
        }
    }

    fn bracketed_names(&mut self) -> Parsed<Step> {
        let mut names = vec![Text::from(self.quoted()?)];
        loop {
            self.skip_blanks();
            if self.takes("]") {
                break;
            }
            self.expect(",")?;
            self.skip_blanks();
            names.push(Text::from(self.quoted()?));
        }
        Ok(match <[Text; 1]>::try_from(names) {
            Ok([name]) => Step::Name(name),
            Err(names) => Step::Names(names),
        })
    }

    fn quoted(&mut self) -> Parsed<String> {
        let Some(quote @ ('\'' | '"')) = self.peek() else { return self.fail("a quoted name") };
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('\\') => {
                    self.at += 1;
                    text.extend(self.peek());
                }
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(c) => text.push(c),
                None => return self.fail("the closing quote"),
            }
            self.at += 1;
        }
    }

    fn bracketed_numbers(&mut self) -> Parsed<Step> {
        let from = self.whole_number()?;
        self.skip_blanks();
        if self.takes(":") {
            let to = self.whole_number()?;
            self.expect("]")?;
            return Ok(Step::Slice(from, to));
        }
        let Some(first) = from else { return self.fail("a number, a quoted name, `*` or `?`") };
        let mut indexes = vec![first];
        while self.takes(",") {
            match self.whole_number()? {
                Some(index) => indexes.push(index),
                None => return self.fail("a number"),
            }
            self.skip_blanks();
        }
        self.expect("]")?;
        Ok(if indexes.len() == 1 { Step::Index(first) } else { Step::Indexes(indexes) })
    }

    fn whole_number(&mut self) -> Parsed<Option<i64>> {
        self.skip_blanks();
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at {
            return Ok(None);
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        digits.parse().map(Some).map_err(|_| format!("`{digits}` is not a number"))
    }

    fn any_of(&mut self) -> Parsed<Filter> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("its filters nest too deep".to_owned());
        }
        let mut filters = vec![self.all_of()?];
        loop {
            self.skip_blanks();
            if !self.takes("||") {
                break;
            }
            filters.push(self.all_of()?);
        }
        self.depth -= 1;
        Ok(Filter::Any(filters))
    }

    fn all_of(&mut self) -> Parsed<Filter> {
        let mut filters = vec![self.condition()?];
        loop {
            self.skip_blanks();
            if !self.takes("&&") {
                return Ok(Filter::All(filters));
            }
            filters.push(self.condition()?);
        }
    }

    fn condition(&mut self) -> Parsed<Filter> {
        self.skip_blanks();
        if self.takes("!") {
            return Ok(Filter::Not(Box::new(self.condition()?)));
        }
        if self.takes("(") {
            let filter = self.any_of()?;
            self.expect(")")?;
            return Ok(filter);
        }
        let left = self.operand()?;
        self.skip_blanks();
        let Some(operator) = self.operator() else { return Ok(Filter::Exists(left)) };
        self.skip_blanks();
        if operator == Operator::Matches {
            return Ok(Filter::Matches(left, self.regex()?));
        }
        let right = self.operand()?;
        Ok(Filter::Compare(left, operator, right))
    }

    fn operator(&mut self) -> Option<Operator> {
        let known = [
            ("===", Operator::Equal),
            ("==", Operator::Equal),
            ("!==", Operator::Differs),
            ("!=", Operator::Differs),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("=~", Operator::Matches),
            ("in ", Operator::In),
            ("IN ", Operator::In),
            ("nin ", Operator::NotIn),
            ("contains ", Operator::Contains),
            ("size ", Operator::Size),
            ("empty ", Operator::Empty),
        ];
        known.into_iter().find(|(word, _)| self.takes(word)).map(|(_, operator)| operator)
    }

    fn regex(&mut self) -> Parsed<Regex> {
        self.expect("/")?;
        let mut pattern = String::new();
        loop {
            match self.peek() {
                Some('/') => break,
                Some('\\') if self.chars.get(self.at + 1) == Some(&'/') => self.at += 1,
                Some(_) => {}
                None => return self.fail("`/`"),
            }
            pattern.extend(self.peek());
            self.at += 1;
        }
        self.at += 1;
        let flags = if self.takes("i") { "(?i)" } else { "" };
        Regex::new(&format!("^{flags}(?:{pattern})$"))
            .map_err(|cause| format!("`{pattern}` is not a regular expression: {cause}"))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.skip_blanks();
        match self.peek() {
            Some(root @ ('$' | '@')) => {
                self.at += 1;
                let ends = |c: char| {
                    c.is_whitespace() || matches!(c, '=' | '!' | '<' | '>' | ')' | '&' | '|' | ',')
                };
                let path = self.steps(ends)?;
                Ok(if root == '$' { Operand::Root(path) } else { Operand::Here(path) })
            }
            Some(_) => self.literal(),
            None => self.fail("a path or a value"),
        }
    }

    fn literal(&mut self) -> Parsed<Operand> {
        let start = self.at;
        match self.peek() {
            Some('\'' | '"') => {
                return Ok(Operand::Literal(Json::Text(Text::from(self.quoted()?))));
            }
            Some('[') => {
                while self.peek().is_some_and(|c| c != ']') {
                    self.at += 1;
                }
                self.at = (self.at + 1).min(self.chars.len());
            }
            _ => {
                while self.peek().is_some_and(|c| c.is_alphanumeric() || "+-.".contains(c)) {
                    self.at += 1;
                }
            }
        }
        let text: String = self.chars[start..self.at].iter().collect();
        let mut reader = Reader::new(&text, Dialect::Lenient);
        match Json::read(&mut reader).and_then(|it| reader.finish().map(|()| it)) {
            Ok(value) => Ok(Operand::Literal(value)),
            Err(_) => {
                self.at = start;
                self.fail("a path or a value")
            }
        }
    }
}
