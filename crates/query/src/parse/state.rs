//! Patterns and sequences.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{Logical, SingleInput, StateElement, StateKind};

/// What stands between the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `->`, of a pattern.
    Arrow,
    /// `,`, of a sequence.
    Comma,
}

impl Separator {
    pub(super) fn of(kind: T) -> Option<Self> {
        match kind {
            T::Arrow => Some(Self::Arrow),
            T::Comma => Some(Self::Comma),
            _ => None,
        }
    }

    fn token(self) -> T {
        match self {
            Self::Arrow => T::Arrow,
            Self::Comma => T::Comma,
        }
    }
}

/// What was met in a chain that not every kind of chain may have.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// `*`, `+` or `?` behind an element.
    suffix: Option<Span>,
    /// `every` before a group of several, or before any element but the first.
    every_inside: Option<Span>,
    /// A group that the chain starts with.
    group_first: Option<Span>,
    /// Separators inside groups, to hold against the one outside.
    arrow: Option<Span>,
    comma: Option<Span>,
    /// Whether an element has been read.
    begun: bool,
}

impl Parser<'_> {
    /// The rest of a chain whose first element has been read.
    pub(super) fn state_chain(
        &mut self,
        first: StateElement,
        chain: &mut Chain,
    ) -> Option<StateElement> {
        let Some(separator) = Separator::of(self.peek()) else {
            return Some(first);
        };
        let start = first.span;
        let mut elements = vec![first];
        while self.at(separator.token()) {
            let place = match separator {
                Separator::Arrow => &mut chain.arrow,
                Separator::Comma => &mut chain.comma,
            };
            place.get_or_insert(self.token().span());
            if separator == Separator::Arrow {
                self.mark(Mark::Soft);
            }
            self.bump();
            elements.push(self.state_unit(chain)?);
        }
        if Separator::of(self.peek()).is_some() {
            self.mixed(self.token().span());
            return None;
        }
        let span = self.span_from(start.start);
        Some(StateElement { kind: StateKind::Next(elements), span })
    }

    fn mixed(&mut self, span: Span) {
        let message = "a pattern (`->`) and a sequence (`,`) are mixed";
        let hint = "use one of them throughout, or two queries";
        self.report(Problem::new("mixed-chain", span, message).with_hint(hint));
    }

    /// `every`, a group, or an element.
    pub(super) fn state_unit(&mut self, chain: &mut Chain) -> Option<StateElement> {
        self.nested(|p| {
            let start = p.start();
            let first = !std::mem::replace(&mut chain.begun, true);
            if p.at_every() {
                return p.every(chain, first, start);
            }
            if p.at(T::LeftParen) {
                let paren = p.token().span();
                let group = p.group(chain)?;
                if first && !may_start_sequence(&group) {
                    chain.group_first = Some(paren);
                }
                return Some(group);
            }
            p.logical_or_counted(chain)
        })
    }

    /// `every` and an element or a group. In a sequence only `and` and `or` make a group here.
    fn every(&mut self, chain: &mut Chain, first: bool, start: u32) -> Option<StateElement> {
        let every = self.token().span();
        self.eat_word(K::Every);
        let grouped = self.at(T::LeftParen);
        let inner = if grouped { self.group(chain)? } else { self.logical_or_counted(chain)? };
        if !first || grouped && !may_start_sequence(&inner) {
            chain.every_inside.get_or_insert(every);
        }
        if grouped {
            self.check_every(&inner, every)?;
        }
        let span = self.span_from(start);
        Some(StateElement { kind: StateKind::Every(Box::new(inner)), span })
    }

    /// Whether `every` stands here as the keyword and not as the name of a stream.
    fn at_every(&self) -> bool {
        self.at_word(K::Every) && self.starts_element(1)
    }

    /// Whether an element starts at the token `ahead`, which follows `every` or `not`.
    fn starts_element(&self, ahead: usize) -> bool {
        match self.nth(ahead) {
            T::Id | T::QuotedId | T::LeftParen | T::Bang => true,
            // A handler of a stream called `every`, or an inner stream.
            T::Hash => {
                self.nth_is_name(ahead + 1)
                    && !matches!(self.nth(ahead + 2), T::LeftParen | T::Colon | T::Dot)
            }
            T::Word(
                K::Select
                | K::Insert
                | K::Output
                | K::Delete
                | K::Update
                | K::Return
                | K::Join
                | K::Inner
                | K::Left
                | K::Right
                | K::Full
                | K::Outer
                | K::Unidirectional
                | K::As
                | K::On
                | K::Within
                | K::And
                | K::Or
                | K::For,
            ) => matches!(
                self.nth(ahead + 1),
                T::Assign
                    | T::Arrow
                    | T::Comma
                    | T::LeftBracket
                    | T::Hash
                    | T::Less
                    | T::Word(K::For)
            ),
            T::Word(_) => true,
            _ => false,
        }
    }

    fn group(&mut self, chain: &mut Chain) -> Option<StateElement> {
        self.expect(T::LeftParen, "`(`")?;
        let first = self.state_unit(chain)?;
        let element = self.state_chain(first, chain)?;
        self.expect(T::RightParen, "`)`, `->` or `,`")?;
        Some(element)
    }

    /// `every` cannot hold another `every`, except beside an absent stream.
    fn check_every(&mut self, group: &StateElement, every: Span) -> Option<()> {
        if holds_absent(group) {
            return Some(());
        }
        let Some(inner) = inner_every(group) else {
            return Some(());
        };
        let message = "`every` stands inside another `every`";
        let problem = Problem::new("nested-every", inner.span, message);
        self.report(problem.with_label(every, "the outer `every`"));
        None
    }

    fn logical_or_counted(&mut self, chain: &mut Chain) -> Option<StateElement> {
        let start = self.start();
        let left = self.state_operand()?;
        let op = match self.peek() {
            T::Word(K::And) => Logical::And,
            T::Word(K::Or) => Logical::Or,
            _ => return self.opt_count(left, chain),
        };
        self.mark(Mark::Keyword);
        self.mark(Mark::Soft);
        let word = self.bump().span();
        let right = self.state_operand()?;
        if let T::Word(K::And | K::Or) = self.peek() {
            let span = self.token().span();
            let message = "`and` and `or` in a pattern join exactly two elements";
            self.report(Problem::new("logical-operands", span, message));
            return None;
        }
        self.check_logical(op, &left, &right, word)?;
        let span = self.span_from(start);
        let (left, right) = (Box::new(left), Box::new(right));
        Some(StateElement { kind: StateKind::Logical { op, left, right }, span })
    }

    /// An absent stream without a time stands only beside `and` and a stream that is awaited.
    fn check_logical(
        &mut self,
        op: Logical,
        left: &StateElement,
        right: &StateElement,
        word: Span,
    ) -> Option<()> {
        let timeless = [left, right].into_iter().find(|it| is_timeless(it));
        let both_absent = is_absent(left) && is_absent(right);
        let Some(absent) = timeless.filter(|_| op == Logical::Or || both_absent) else {
            return Some(());
        };
        let message = "an absent stream needs a time here";
        let problem = Problem::new("absent-without-time", absent.span, message);
        self.report(
            problem.with_label(word, "because of this").with_hint("write `not S for 5 sec`"),
        );
        None
    }

    /// `name=Stream[filter]` or `not Stream[filter] for 5 sec`.
    fn state_operand(&mut self) -> Option<StateElement> {
        let start = self.start();
        if self.at_word(K::Not) && self.starts_element(1) {
            self.eat_word(K::Not);
            if self.nth_is_name(0) && self.nth(1) == T::Assign {
                let span = self.token().span();
                let message = "an absent stream cannot have a name";
                let hint = "write `not S`: nothing arrives that a name could stand for";
                self.report(Problem::new("absent-with-name", span, message).with_hint(hint));
                return None;
            }
            let stream = self.stream_input()?;
            let mut waiting = None;
            if self.eat_word(K::For) {
                waiting = Some(self.time("a time, such as `5 sec`")?);
            }
            let span = self.span_from(start);
            return Some(StateElement { kind: StateKind::Absent { stream, waiting }, span });
        }
        let mut alias = None;
        if self.at_name() && self.nth(1) == T::Assign {
            alias = Some(self.name("a name")?.0);
            self.glue();
            self.bump();
            self.glue();
        }
        let mut stream = self.stream_input()?;
        stream.alias = alias;
        stream.span = self.span_from(start);
        let span = stream.span;
        Some(StateElement { kind: StateKind::Stream(stream), span })
    }

    /// `<2:5>`, `*`, `+` or `?` behind a stream.
    fn opt_count(&mut self, of: StateElement, chain: &mut Chain) -> Option<StateElement> {
        let sign = self.token().span();
        let (min, max) = match self.peek() {
            T::Star => (0, None),
            T::Plus => (1, None),
            T::Question => (0, Some(1)),
            T::Less => {
                let range = self.count_range()?;
                return self.counted(of, range, sign);
            }
            _ => return Some(of),
        };
        chain.suffix.get_or_insert(sign);
        self.glue();
        self.bump();
        self.counted(of, (min, max), sign)
    }

    fn counted(
        &mut self,
        of: StateElement,
        (min, max): (i32, Option<i32>),
        sign: Span,
    ) -> Option<StateElement> {
        let StateKind::Stream(stream) = of.kind else {
            let message = "only a stream can be counted";
            self.report(Problem::new("count-place", sign, message));
            return None;
        };
        let span = self.span_from(of.span.start);
        Some(StateElement { kind: StateKind::Count { stream, min, max }, span })
    }

    /// `<2:5>`, `<2:>`, `<:5>` or `<2>`.
    fn count_range(&mut self) -> Option<(i32, Option<i32>)> {
        self.glue();
        self.bump();
        let mut min = None;
        self.glue();
        if self.at(T::Int) {
            min = Some(self.int("a whole number")?);
            self.glue();
        }
        let mut max = min;
        if self.eat(T::Colon) {
            max = None;
            self.glue();
            if self.at(T::Int) || min.is_none() {
                max = Some(self.int("a whole number")?);
                self.glue();
            }
        } else if min.is_none() {
            self.unexpected("a count, such as `2`, `2:5`, `2:` or `:5`");
            return None;
        }
        self.expect(T::Greater, "`>` after the count")?;
        Some((min.unwrap_or(0), max))
    }

    /// What holds of a chain as a whole, now that its kind is known.
    pub(super) fn check_state(
        &mut self,
        element: &StateElement,
        chain: &Chain,
        separator: Separator,
    ) -> Option<()> {
        let inside = match separator {
            Separator::Arrow => chain.comma,
            Separator::Comma => chain.arrow,
        };
        if let Some(span) = inside {
            self.mixed(span);
            return None;
        }
        let wrong = match separator {
            Separator::Arrow => chain.suffix.map(|span| {
                let message = "`*`, `+` and `?` count in a sequence (`,`), not in a pattern (`->`)";
                let hint = "write `<0:>`, `<1:>` or `<0:1>`";
                Problem::new("count-place", span, message).with_hint(hint)
            }),
            Separator::Comma => chain
                .every_inside
                .map(|span| {
                    let message = "`every` in a sequence stands before its first element alone";
                    Problem::new("every-place", span, message)
                })
                .or_else(|| {
                    let message = "a sequence cannot start with a group";
                    chain.group_first.map(|span| Problem::new("group-place", span, message))
                }),
        };
        if let Some(problem) = wrong {
            self.report(problem);
            return None;
        }
        self.check_elements(element)
    }

    fn check_elements(&mut self, element: &StateElement) -> Option<()> {
        match &element.kind {
            StateKind::Stream(stream) | StateKind::Count { stream, .. } => {
                self.check_window(stream)
            }
            StateKind::Absent { stream, waiting } => {
                if waiting.is_none() {
                    let message = "an absent stream needs a time here";
                    let hint = "write `not S for 5 sec`, or `not S and e=T`";
                    let problem = Problem::new("absent-without-time", element.span, message);
                    self.report(problem.with_hint(hint));
                    return None;
                }
                self.check_window(stream)
            }
            StateKind::Every(inner) => self.check_elements(inner),
            StateKind::Logical { left, right, .. } => {
                for operand in [left, right] {
                    if let StateKind::Stream(stream) | StateKind::Absent { stream, .. } =
                        &operand.kind
                    {
                        self.check_window(stream)?;
                    }
                }
                Some(())
            }
            StateKind::Next(elements) => {
                self.check_neighbours(elements)?;
                elements.iter().try_for_each(|it| self.check_elements(it))
            }
        }
    }

    fn check_neighbours(&mut self, elements: &[StateElement]) -> Option<()> {
        let both = |pair: &&[StateElement]| pair.iter().all(is_absent);
        let Some(pair) = elements.windows(2).find(both) else {
            return Some(());
        };
        let span = pair[1].span;
        let message = "two absent streams follow each other";
        let hint = "join them by `and`, or put an element between them";
        self.report(Problem::new("absent-after-absent", span, message).with_hint(hint));
        None
    }

    fn check_window(&mut self, stream: &SingleInput) -> Option<()> {
        let Some(window) = stream.window() else {
            return Some(());
        };
        let message = "a stream of a pattern or sequence has no window";
        let hint = "use `within`, or put the window into a query of its own";
        self.report(Problem::new("window-place", window.span, message).with_hint(hint));
        None
    }
}

/// An absent stream, alone or under `every`.
fn is_absent(element: &StateElement) -> bool {
    match &element.kind {
        StateKind::Absent { .. } => true,
        StateKind::Every(inner) => is_absent(inner),
        StateKind::Stream(_)
        | StateKind::Next(_)
        | StateKind::Count { .. }
        | StateKind::Logical { .. } => false,
    }
}

/// Whether a group may stand at the start of a sequence, and there under `every`.
fn may_start_sequence(group: &StateElement) -> bool {
    matches!(group.kind, StateKind::Logical { .. }) || holds_absent(group)
}

/// Whether an element is, or is a group of which one is, an absent stream.
fn holds_absent(element: &StateElement) -> bool {
    match &element.kind {
        StateKind::Next(members) => members.iter().any(holds_absent),
        StateKind::Absent { .. }
        | StateKind::Every(_)
        | StateKind::Stream(_)
        | StateKind::Count { .. }
        | StateKind::Logical { .. } => is_absent(element),
    }
}

/// The first `every` in a group, groups inside it included.
fn inner_every(group: &StateElement) -> Option<&StateElement> {
    match &group.kind {
        StateKind::Every(_) => Some(group),
        StateKind::Next(members) => members.iter().find_map(inner_every),
        StateKind::Absent { .. }
        | StateKind::Stream(_)
        | StateKind::Count { .. }
        | StateKind::Logical { .. } => None,
    }
}

fn is_timeless(element: &StateElement) -> bool {
    matches!(element.kind, StateKind::Absent { waiting: None, .. })
}
