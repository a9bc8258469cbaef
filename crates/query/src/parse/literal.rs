//! Strings, numbers and lengths of time.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T, Token};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{Constant, Literal, Time};

/// The sign before a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

/// The units of time, in the order in which they must be written, with their milliseconds.
const UNITS: [(K, i64); 8] = [
    (K::Year, 365 * 86_400_000),
    (K::Month, 30 * 86_400_000),
    (K::Week, 7 * 86_400_000),
    (K::Day, 86_400_000),
    (K::Hour, 3_600_000),
    (K::Minute, 60_000),
    (K::Second, 1_000),
    (K::Millisecond, 1),
];

fn unit(kind: T) -> Option<(usize, i64)> {
    UNITS.iter().enumerate().find(|(_, it)| kind == T::Word(it.0)).map(|(at, it)| (at, it.1))
}

impl Parser<'_> {
    /// Whether a number, a string, a bool or a time stands here.
    pub(super) fn at_literal(&self) -> bool {
        match self.peek() {
            T::Int | T::Long | T::Float | T::Double | T::Str | T::LongStr => true,
            T::Plus | T::Minus => {
                matches!(self.nth(1), T::Int | T::Long | T::Float | T::Double)
            }
            T::Word(K::True | K::False) => {
                !matches!(self.nth(1), T::Dot | T::LeftBracket | T::Hash | T::LeftParen | T::Colon)
            }
            _ => false,
        }
    }

    /// A constant; the caller knows by `at_literal` that one stands here, or wants it reported.
    pub(super) fn constant(&mut self, what: &str) -> Option<Constant> {
        if !self.at_literal() {
            self.unexpected(what);
            return None;
        }
        let start = self.start();
        let value = self.literal()?;
        Some(Constant { value, span: self.span_from(start) })
    }

    fn literal(&mut self) -> Option<Literal> {
        if self.at(T::Int) && unit(self.nth(1)).is_some() {
            return self.time("a time").map(|time| Literal::TimeMs(time.ms));
        }
        if self.eat_word(K::True) {
            return Some(Literal::Bool(true));
        }
        if self.eat_word(K::False) {
            return Some(Literal::Bool(false));
        }
        let sign = match self.peek() {
            T::Minus => Sign::Minus,
            _ => Sign::Plus,
        };
        let start = self.start();
        if matches!(self.peek(), T::Plus | T::Minus) {
            self.bump();
            self.glue();
        }
        let token = self.bump();
        if matches!(token.kind, T::Str | T::LongStr) {
            return Some(Literal::Str(self.string_of(token).to_owned()));
        }
        let value = self.number_of(token, sign);
        if value.is_none() {
            let span = Span::new(start, token.end);
            let (kind, range, hint) = if token.kind == T::Int {
                ("an int", "-2147483648 to 2147483647", Some("a long ends in `L`"))
            } else {
                ("a long", "-9223372036854775808 to 9223372036854775807", None)
            };
            let message = format!("the number does not fit {kind}, which is {range}");
            let problem = Problem::new("number-range", span, message);
            self.report(match hint {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            });
        }
        value
    }

    fn number_of(&self, token: Token, sign: Sign) -> Option<Literal> {
        let text = self.text_of(token);
        let negative = sign == Sign::Minus;
        if matches!(token.kind, T::Int | T::Long) {
            let digits = text.trim_end_matches(['l', 'L']);
            let value = digits.parse::<i128>().ok().map(|it| if negative { -it } else { it })?;
            return if token.kind == T::Int {
                i32::try_from(value).ok().map(Literal::Int)
            } else {
                i64::try_from(value).ok().map(Literal::Long)
            };
        }
        let digits = text.trim_end_matches(['f', 'F', 'd', 'D']);
        if token.kind == T::Float {
            let value = digits.parse::<f32>().ok()?;
            return Some(Literal::Float(if negative { -value } else { value }));
        }
        let value = digits.parse::<f64>().ok()?;
        Some(Literal::Double(if negative { -value } else { value }))
    }

    fn string_of(&self, token: Token) -> &str {
        let text = self.text_of(token);
        let quotes = if token.kind == T::LongStr { 3 } else { 1 };
        text.get(quotes..text.len() - quotes).unwrap_or_default()
    }

    /// A string, without its quotes.
    pub(super) fn string(&mut self, what: &str) -> Option<String> {
        if matches!(self.peek(), T::Str | T::LongStr) {
            let token = self.bump();
            return Some(self.string_of(token).to_owned());
        }
        self.unexpected(what);
        None
    }

    /// A whole number without a sign that fits an int.
    pub(super) fn int(&mut self, what: &str) -> Option<i32> {
        let token = self.expect(T::Int, what)?;
        let value = self.text_of(token).parse::<i32>().ok();
        if value.is_none() {
            let message = "the number does not fit an int, which is at most 2147483647";
            self.report(Problem::new("number-range", token.span(), message));
        }
        value
    }

    /// `1 hour 30 min`.
    pub(super) fn time(&mut self, what: &str) -> Option<Time> {
        let start = self.start();
        if !self.at(T::Int) {
            self.unexpected(what);
            return None;
        }
        let mut total = Some(0_i64);
        let mut after = None;
        while self.at(T::Int) {
            let Some((order, unit_ms)) = unit(self.nth(1)) else {
                let digits = self.text_of(self.token());
                self.bump();
                let problem = self.unexpected_problem("a unit of time");
                self.report(problem.with_hint(format!("write `{digits} sec`, `{digits} min`, …")));
                return None;
            };
            if after.is_some_and(|before| order <= before) {
                let span = self.token().span();
                let message = "units of time stand from the longest to the shortest, each once";
                let hint = "the order is year, month, week, day, hour, min, sec, millisec";
                self.report(Problem::new("time-order", span, message).with_hint(hint));
                return None;
            }
            after = Some(order);
            let token = self.bump();
            let part = self.text_of(token).parse::<i64>().ok();
            total = total
                .zip(part.and_then(|it| it.checked_mul(unit_ms)))
                .and_then(|(sum, part)| sum.checked_add(part));
            self.mark(Mark::Keyword);
            self.bump();
        }
        let span = self.span_from(start);
        if total.is_none() {
            let message = "the time is too long to count in milliseconds";
            self.report(Problem::new("number-range", span, message));
        }
        Some(Time { ms: total?, span })
    }
}
