//! The parser's place in the tokens, and what every rule needs: look, take, expect, complain.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use crate::lexer::{Flaw, K, Scanned, T, Token, scan};
use crate::problem::{PROBLEMS_MAX, Problem};
use crate::span::Span;

/// How deep expressions, groups, annotations and anonymous streams may be nested.
pub const NESTING_MAX: u32 = 200;

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// What the layout wants to know about a token, beyond its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is a keyword here, not a name.
    Keyword,
    /// No space before it.
    Glue,
    /// It starts a statement.
    Statement,
    /// It starts a line of its statement.
    Line,
    /// Where a line is too long, it may be broken before it.
    Soft,
    /// What follows stands further in.
    Indent,
    /// What follows, with this token, no longer does.
    Dedent,
}

/// The state of a parse.
///
/// A rule that returns `None` has reported why; its caller gives up too, up to the statement,
/// where reading goes on behind the next `;`.
pub(crate) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    problems: Vec<Problem>,
    /// Recorded for the layout only.
    marks: Option<Vec<(u32, Mark)>>,
}

/// What a parse leaves for the layout.
pub(crate) struct Marked {
    pub(crate) scanned: Scanned,
    pub(crate) marks: Vec<(u32, Mark)>,
    pub(crate) problems: Vec<Problem>,
}

impl<'t> Parser<'t> {
    /// At the first token of the text.
    pub(crate) fn new(text: &'t str) -> Self {
        let mut problems = Vec::new();
        let mut readable = text;
        if text.len() > TEXT_BYTES_MAX {
            readable = "";
            let message = format!("the text is longer than {TEXT_BYTES_MAX} bytes");
            problems.push(Problem::new("too-long", Span::default(), message));
        }
        let tokens = scan(readable).tokens;
        Self { text: readable, tokens, at: 0, depth: 0, problems, marks: None }
    }

    /// The same, taking notes for the layout.
    pub(crate) fn marking(text: &'t str) -> (Self, Vec<Span>) {
        let mut parser = Self::new(text);
        parser.marks = Some(Vec::new());
        let comments = scan(parser.text).comments;
        (parser, comments)
    }

    /// What was wrong.
    pub(crate) fn problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Everything the layout needs.
    pub(crate) fn marked(self, comments: Vec<Span>) -> Marked {
        let scanned = Scanned { tokens: self.tokens, comments };
        let mut marks = self.marks.unwrap_or_default();
        marks.sort_by_key(|&(token, _)| token);
        Marked { scanned, marks, problems: self.problems }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn token(&self) -> Token {
        self.tokens[self.at]
    }

    pub(crate) fn peek(&self) -> T {
        self.tokens[self.at].kind
    }

    /// The kind of the token `ahead` of the current one; `Eof` behind the end.
    pub(crate) fn nth(&self, ahead: usize) -> T {
        self.tokens.get(self.at + ahead).map_or(T::Eof, |token| token.kind)
    }

    pub(crate) fn at(&self, kind: T) -> bool {
        self.peek() == kind
    }

    pub(crate) fn at_word(&self, word: K) -> bool {
        self.peek() == T::Word(word)
    }

    pub(crate) fn nth_is_name(&self, ahead: usize) -> bool {
        matches!(self.nth(ahead), T::Id | T::QuotedId | T::Word(_))
    }

    /// Whether a keyword that goes on with an expression stands there.
    pub(crate) fn nth_is_operator(&self, ahead: usize) -> bool {
        matches!(self.nth(ahead), T::Word(K::And | K::Or | K::In | K::Is))
    }

    pub(crate) fn at_name(&self) -> bool {
        self.nth_is_name(0)
    }

    /// Where the current token starts.
    pub(crate) fn start(&self) -> u32 {
        self.token().start
    }

    /// From `start` to the end of the token before the current one.
    pub(crate) fn span_from(&self, start: u32) -> Span {
        let end = self.at.checked_sub(1).map_or(start, |before| self.tokens[before].end);
        Span::new(start, end.max(start))
    }

    pub(crate) fn text_of(&self, token: Token) -> &'t str {
        token.span().of(self.text)
    }

    /// Takes the current token; the end of the text stays.
    pub(crate) fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != T::Eof {
            self.at += 1;
        }
        token
    }

    pub(crate) fn eat(&mut self, kind: T) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    pub(crate) fn eat_word(&mut self, word: K) -> bool {
        let found = self.at_word(word);
        if found {
            self.mark(Mark::Keyword);
            self.bump();
        }
        found
    }

    pub(crate) fn expect(&mut self, kind: T, what: &str) -> Option<Token> {
        if self.at(kind) {
            return Some(self.bump());
        }
        self.unexpected(what);
        None
    }

    pub(crate) fn expect_word(&mut self, word: K, what: &str) -> Option<Token> {
        if self.at_word(word) {
            self.mark(Mark::Keyword);
            return Some(self.bump());
        }
        self.unexpected(what);
        None
    }

    /// Any name; keywords are names too.
    pub(crate) fn name(&mut self, what: &str) -> Option<(String, Span)> {
        if !self.at_name() {
            self.unexpected(what);
            return None;
        }
        let token = self.bump();
        Some((self.name_of(token).to_owned(), token.span()))
    }

    /// A name where the grammar takes no keyword.
    pub(crate) fn plain_name(&mut self, what: &str) -> Option<(String, Span)> {
        if matches!(self.peek(), T::Word(_)) {
            let token = self.token();
            let word = self.text_of(token);
            let problem = Problem::new(
                "keyword-as-name",
                token.span(),
                format!("expected {what}, found the keyword `{word}`"),
            );
            self.report(problem.with_hint(format!("to use it as a name, write `` `{word}` ``")));
            return None;
        }
        self.name(what)
    }

    fn name_of(&self, token: Token) -> &'t str {
        let text = self.text_of(token);
        if token.kind != T::QuotedId {
            return text;
        }
        text.strip_prefix('`').and_then(|it| it.strip_suffix('`')).unwrap_or(text)
    }

    /// Runs a rule one level deeper, if there is one.
    pub(crate) fn nested<R>(&mut self, rule: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        if self.depth >= NESTING_MAX {
            let span = self.token().span();
            let message = format!("nested more than {NESTING_MAX} levels deep");
            self.report(Problem::new("too-deep", span, message));
            return None;
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    pub(crate) fn report(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    /// Reports that the current token is not `what`.
    pub(crate) fn unexpected(&mut self, what: &str) {
        let problem = self.unexpected_problem(what);
        self.report(problem);
    }

    /// The problem that the current token is not `what`, to add a hint to.
    pub(crate) fn unexpected_problem(&self, what: &str) -> Problem {
        let token = self.token();
        let (kind, span) = (token.kind, token.span());
        if let T::Flaw(flaw) = kind {
            return self.flawed(flaw, span);
        }
        let found = match kind {
            T::Eof => "the end of the text".to_owned(),
            T::Script => "a `{ … }` block".to_owned(),
            T::Str | T::LongStr => "a string".to_owned(),
            _ => format!("`{}`", self.text_of(token)),
        };
        Problem::new("unexpected", span, format!("expected {what}, found {found}"))
    }

    fn flawed(&self, flaw: Flaw, span: Span) -> Problem {
        match flaw {
            Flaw::Character => {
                let character = span.of(self.text);
                let shown = match character.chars().next() {
                    Some(it) if it.is_control() => format!("U+{:04X}", u32::from(it)),
                    _ => character.to_owned(),
                };
                let message = format!("the character `{shown}` has no meaning here");
                Problem::new("unknown-character", span, message)
                    .with_hint("in a name it needs back quotes, in a text quotes")
            }
            Flaw::UnclosedString => {
                Problem::new("unclosed-string", span, "the string has no end on its line")
                    .with_hint("close it, or write `\"\"\"…\"\"\"` for one of several lines")
            }
            Flaw::QuoteInString => {
                Problem::new("quote-in-string", span, "a single-quoted string holds a double quote")
                    .with_hint("write `\"\"\"…\"\"\"`; there are no escapes")
            }
            Flaw::ControlInString => {
                Problem::new("control-in-string", span, "a string holds a control character")
                    .with_hint("write `\"\"\"…\"\"\"`; there are no escapes")
            }
            Flaw::UnclosedName => {
                Problem::new("unclosed-name", span, "a back-quoted name has no end")
                    .with_hint("close it with a back quote")
            }
            Flaw::UnclosedScript => {
                Problem::new("unclosed-script", span, "`{` has no matching `}`")
                    .with_hint("braces inside a script must balance, or stand in double quotes")
            }
        }
    }

    /// Notes something about the current token.
    pub(crate) fn mark(&mut self, mark: Mark) {
        let at = self.at as u32;
        if let Some(marks) = &mut self.marks {
            marks.push((at, mark));
        }
    }

    /// Notes that no space stands before the current token.
    pub(crate) fn glue(&mut self) {
        self.mark(Mark::Glue);
    }

    /// A list with commas; at least one.
    pub(crate) fn list<R>(
        &mut self,
        mut rule: impl FnMut(&mut Self) -> Option<R>,
    ) -> Option<Vec<R>> {
        let mut items = vec![rule(self)?];
        while self.eat(T::Comma) {
            items.push(rule(self)?);
        }
        Some(items)
    }
}
