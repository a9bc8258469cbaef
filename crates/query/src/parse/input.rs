//! What follows `from`: a stream, a join, a pattern, a sequence or a query in parentheses.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use super::state::{Chain, Separator};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{
    Handler, Input, Join, JoinKind, Query, Side, SingleInput, StateElement, StateInput, StateKind,
    Within,
};

impl Parser<'_> {
    /// What a query reads; `from` has been taken.
    pub(super) fn input(&mut self) -> Option<Input> {
        if self.at_anonymous() {
            return self.anonymous().map(|query| Input::Anonymous(Box::new(query)));
        }
        let start = self.start();
        let grouped = self.at(T::LeftParen);
        let mut chain = Chain::default();
        let first = self.state_unit(&mut chain)?;
        match self.peek() {
            T::Arrow | T::Comma => self.state_input(first, chain, start),
            T::Word(K::Within) => self.state_input(first, chain, start),
            T::Word(
                K::Join
                | K::Inner
                | K::Left
                | K::Right
                | K::Full
                | K::Outer
                | K::As
                | K::Unidirectional,
            ) if !grouped => {
                let left = self.plain_input(first)?;
                self.join(left, start).map(|join| Input::Join(Box::new(join)))
            }
            _ => match first.kind {
                StateKind::Stream(input) if input.alias.is_none() && !grouped => {
                    Some(Input::Single(input))
                }
                kind => {
                    let element = StateElement { kind, span: first.span };
                    self.state_input(element, chain, start)
                }
            },
        }
    }

    /// The stream that an element is, if it is nothing more.
    fn plain_input(&mut self, element: StateElement) -> Option<SingleInput> {
        if let StateKind::Stream(input) = element.kind
            && input.alias.is_none()
        {
            return Some(input);
        }
        self.unexpected("`->`, `,` or the rest of the query after a pattern");
        None
    }

    fn state_input(&mut self, first: StateElement, mut chain: Chain, start: u32) -> Option<Input> {
        let separator = Separator::of(self.peek()).unwrap_or(Separator::Arrow);
        let element = self.state_chain(first, &mut chain)?;
        let mut within = None;
        if self.at_word(K::Within) {
            self.mark(Mark::Line);
            self.eat_word(K::Within);
            within = Some(self.time("a time, such as `5 sec`")?);
        }
        self.check_state(&element, &chain, separator)?;
        let input = Box::new(StateInput { element, within, span: self.span_from(start) });
        Some(match separator {
            Separator::Arrow => Input::Pattern(input),
            Separator::Comma => Input::Sequence(input),
        })
    }

    /// `(from`, behind any number of parentheses, where `from` is not a stream.
    fn at_anonymous(&self) -> bool {
        let mut ahead = 0;
        while self.nth(ahead) == T::LeftParen {
            ahead += 1;
        }
        ahead > 0
            && self.nth(ahead) == T::Word(K::From)
            && (self.nth_is_name(ahead + 1)
                || matches!(self.nth(ahead + 1), T::LeftParen | T::Hash | T::Bang))
    }

    /// `(from … return)`.
    fn anonymous(&mut self) -> Option<Query> {
        self.nested(|p| {
            p.expect(T::LeftParen, "`(`")?;
            let query = if p.at(T::LeftParen) {
                p.anonymous()?
            } else {
                p.query_body(Vec::new(), p.start())?
            };
            p.expect(T::RightParen, "`)`")?;
            let returns = matches!(query.output.action, crate::tree::OutputAction::Return);
            if !returns {
                let message = "a query in parentheses ends in `return`";
                p.report(Problem::new("anonymous-output", query.output.span, message));
                return None;
            }
            Some(query)
        })
    }

    /// A stream with its handlers.
    pub(super) fn stream_input(&mut self) -> Option<SingleInput> {
        let start = self.start();
        let stream = self.stream_ref("the name of a stream")?;
        let handlers = self.handlers()?;
        Some(SingleInput { stream, handlers, alias: None, span: self.span_from(start) })
    }

    pub(super) fn handlers(&mut self) -> Option<Vec<Handler>> {
        let mut handlers = Vec::new();
        let mut window: Option<Span> = None;
        loop {
            match self.peek() {
                T::LeftBracket => handlers.push(self.filter()?),
                T::Hash if self.nth(1) == T::LeftBracket => {
                    self.glue();
                    self.bump();
                    handlers.push(self.filter()?);
                }
                T::Hash if self.nth(1) == T::Word(K::Window) && self.nth(2) == T::Dot => {
                    let start = self.token().span();
                    self.window_sign();
                    let call = self.call("the kind of the window, such as `length(5)`")?;
                    let place = start.to(call.span);
                    if let Some(first) = window {
                        let message = "a stream has at most one window";
                        let problem = Problem::new("second-window", place, message);
                        self.report(problem.with_label(first, "the first window"));
                        return None;
                    }
                    window = Some(place);
                    handlers.push(Handler::Window(call));
                }
                T::Hash => {
                    self.glue();
                    self.bump();
                    let call = self.call("a function, a window or a filter after `#`")?;
                    handlers.push(Handler::Function(call));
                }
                _ => return Some(handlers),
            }
        }
    }

    /// `#window.`, which the caller has seen.
    fn window_sign(&mut self) {
        self.glue();
        self.bump();
        self.eat_word(K::Window);
        self.bump();
    }

    fn filter(&mut self) -> Option<Handler> {
        self.glue();
        self.expect(T::LeftBracket, "`[`")?;
        let condition = self.expr()?;
        self.expect(T::RightBracket, "`]` or an operator")?;
        Some(Handler::Filter(condition))
    }

    fn opt_alias(&mut self, input: &mut SingleInput) -> Option<()> {
        if self.eat_word(K::As) {
            input.alias = Some(self.name("a name after `as`")?.0);
            input.span = self.span_from(input.span.start);
        }
        Some(())
    }

    /// A side of a join: its window stands last.
    fn check_side(&mut self, side: &SingleInput) -> Option<()> {
        let window = side.handlers.iter().position(|it| matches!(it, Handler::Window(_)));
        let behind = window.and_then(|at| side.handlers.get(at + 1));
        let span = match behind {
            None => return Some(()),
            Some(Handler::Filter(condition)) => condition.span,
            Some(Handler::Function(call) | Handler::Window(call)) => call.span,
        };
        let message = "in a join nothing stands behind the window of a stream";
        let hint = "put it before the window, or into the condition";
        self.report(Problem::new("behind-window", span, message).with_hint(hint));
        None
    }

    fn join(&mut self, mut left: SingleInput, start: u32) -> Option<Join> {
        self.opt_alias(&mut left)?;
        let mut unidirectional = None;
        if self.eat_word(K::Unidirectional) {
            unidirectional = Some(Side::Left);
        }
        let kind = self.join_kind(&left)?;
        let mut right = self.stream_input()?;
        self.opt_alias(&mut right)?;
        if self.at_word(K::Unidirectional) {
            if unidirectional.is_some() {
                let span = self.token().span();
                let message = "only one side of a join can be unidirectional";
                self.report(Problem::new("unidirectional-twice", span, message));
                return None;
            }
            self.eat_word(K::Unidirectional);
            unidirectional = Some(Side::Right);
        }
        let mut on = None;
        if self.at_word(K::On) {
            self.mark(Mark::Line);
            self.eat_word(K::On);
            on = Some(self.expr()?);
        }
        let (within, per) = self.opt_within_per()?.unzip();
        self.check_side(&left)?;
        self.check_side(&right)?;
        let span = self.span_from(start);
        Some(Join { left, right, kind, unidirectional, on, within, per, span })
    }

    fn join_kind(&mut self, left: &SingleInput) -> Option<JoinKind> {
        self.mark(Mark::Line);
        let outer = match self.peek() {
            T::Word(K::Left) => JoinKind::LeftOuter,
            T::Word(K::Right) => JoinKind::RightOuter,
            T::Word(K::Full) => JoinKind::FullOuter,
            T::Word(K::Outer) => {
                let problem = self.unexpected_problem("the kind of join");
                let hint = "write `left outer join`, `right outer join` or `full outer join`";
                self.report(problem.with_hint(hint));
                return None;
            }
            _ => {
                self.eat_word(K::Inner);
                if left.alias.is_some() && !self.at_word(K::Join) {
                    let problem = self.unexpected_problem("`join`");
                    self.report(problem.with_hint("only the sides of a join take `as`"));
                    return None;
                }
                self.expect_word(K::Join, "`join`")?;
                return Some(JoinKind::Inner);
            }
        };
        self.mark(Mark::Keyword);
        self.bump();
        self.expect_word(K::Outer, "`outer join`")?;
        self.expect_word(K::Join, "`join`")?;
        Some(outer)
    }

    /// `within … per …`, both or neither.
    pub(super) fn opt_within_per(&mut self) -> Option<Option<(Within, crate::tree::Expr)>> {
        if !self.at_word(K::Within) {
            return Some(None);
        }
        self.mark(Mark::Line);
        self.eat_word(K::Within);
        let start = self.expr()?;
        let mut end = None;
        if self.eat(T::Comma) {
            end = Some(self.expr()?);
        }
        self.mark(Mark::Line);
        if !self.at_word(K::Per) {
            let problem = self.unexpected_problem("`per` after `within`");
            self.report(problem.with_hint("a join takes `within` only with `per`"));
            return None;
        }
        self.eat_word(K::Per);
        let per = self.expr()?;
        Some(Some((Within { start, end }, per)))
    }
}
