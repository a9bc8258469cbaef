//! `define …`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{
    AggregationDefinition, AggregationPeriods, Annotation, AttributeDefinition, Definition,
    FunctionDefinition, Period, StreamDefinition, StreamKind, TableDefinition, TriggerAt,
    TriggerDefinition, Type, WindowDefinition,
};

impl Parser<'_> {
    /// A definition whose annotations have been read; `start` is where they began.
    pub(super) fn definition(
        &mut self,
        annotations: Vec<Annotation>,
        start: u32,
    ) -> Option<Definition> {
        self.mark(Mark::Line);
        self.expect_word(K::Define, "`define`")?;
        let T::Word(word) = self.peek() else {
            return self.no_definition();
        };
        match word {
            K::Stream => self.stream(annotations, start).map(Definition::Stream),
            K::Table => self.table(annotations, start).map(Definition::Table),
            K::Window => self.window(annotations, start).map(|it| Definition::Window(Box::new(it))),
            K::Aggregation => {
                let definition = self.aggregation(annotations, start)?;
                Some(Definition::Aggregation(Box::new(definition)))
            }
            K::Trigger => {
                self.no_annotations(&annotations, "trigger")?;
                self.trigger(start).map(Definition::Trigger)
            }
            K::Function => {
                self.no_annotations(&annotations, "function")?;
                self.function(start).map(Definition::Function)
            }
            _ => self.no_definition(),
        }
    }

    fn no_definition(&mut self) -> Option<Definition> {
        self.unexpected("`stream`, `table`, `window`, `trigger`, `function` or `aggregation`");
        None
    }

    fn no_annotations(&mut self, annotations: &[Annotation], what: &str) -> Option<()> {
        let Some(first) = annotations.first() else {
            return Some(());
        };
        let message = format!("a {what} definition takes no annotations");
        self.report(Problem::new("annotation-place", first.span, message));
        None
    }

    fn stream(&mut self, annotations: Vec<Annotation>, start: u32) -> Option<StreamDefinition> {
        self.eat_word(K::Stream);
        let (name, name_span) = self.defined("a stream")?;
        let attributes = self.attributes()?;
        let span = self.span_from(start);
        Some(StreamDefinition { annotations, name, attributes, name_span, span })
    }

    fn table(&mut self, annotations: Vec<Annotation>, start: u32) -> Option<TableDefinition> {
        self.eat_word(K::Table);
        let (name, name_span) = self.defined("a table")?;
        let attributes = self.attributes()?;
        let span = self.span_from(start);
        Some(TableDefinition { annotations, name, attributes, name_span, span })
    }

    fn window(&mut self, annotations: Vec<Annotation>, start: u32) -> Option<WindowDefinition> {
        self.eat_word(K::Window);
        let (name, name_span) = self.defined("a window")?;
        let attributes = self.attributes()?;
        let window = self.call("the kind of the window, such as `length(5)`")?;
        let mut output = None;
        if self.eat_word(K::Output) {
            output = Some(self.event_type("`all events`, `expired events` or `current events`")?);
        }
        let span = self.span_from(start);
        Some(WindowDefinition { annotations, name, attributes, window, output, name_span, span })
    }

    /// The name of a stream, table or window to define: `#` and `!` cannot stand before it.
    fn defined(&mut self, what: &str) -> Option<(String, Span)> {
        let stream = self.stream_ref(&format!("the name of {what}"))?;
        if stream.kind != StreamKind::Plain {
            let sign = stream.kind.sign();
            let message = format!("{what} cannot be defined as `{sign}{}`", stream.name);
            let hint = match stream.kind {
                StreamKind::Inner => "an inner stream needs no definition; insert into it",
                StreamKind::Fault | StreamKind::Plain => {
                    "a fault stream comes with `@OnError(action='stream')` on its stream"
                }
            };
            self.report(Problem::new("sign-in-definition", stream.span, message).with_hint(hint));
        }
        Some((stream.name, stream.span))
    }

    fn attributes(&mut self) -> Option<Vec<AttributeDefinition>> {
        self.expect(T::LeftParen, "`(` and the attributes")?;
        let attributes = self.list(|p| {
            let start = p.start();
            let (name, _) = p.name("the name of an attribute")?;
            let ty = p.ty()?;
            Some(AttributeDefinition { name, ty, span: p.span_from(start) })
        })?;
        self.expect(T::RightParen, "`,` or `)`")?;
        self.check_twice(&attributes);
        Some(attributes)
    }

    fn check_twice(&mut self, attributes: &[AttributeDefinition]) {
        let mut first_by_name = BTreeMap::new();
        for attribute in attributes {
            match first_by_name.entry(attribute.name.as_str()) {
                Entry::Vacant(place) => {
                    place.insert(attribute.span);
                }
                Entry::Occupied(first) => {
                    let message = format!("the attribute `{}` is defined twice", attribute.name);
                    let problem = Problem::new("duplicate-attribute", attribute.span, message);
                    self.report(problem.with_label(*first.get(), "first here"));
                }
            }
        }
    }

    fn ty(&mut self) -> Option<Type> {
        let ty = match self.peek() {
            T::Word(K::String) => Type::String,
            T::Word(K::Int) => Type::Int,
            T::Word(K::Long) => Type::Long,
            T::Word(K::Float) => Type::Float,
            T::Word(K::Double) => Type::Double,
            T::Word(K::Bool) => Type::Bool,
            T::Word(K::Object) => Type::Object,
            _ => {
                let problem = self.unexpected_problem("a type");
                let hint = "the types are string, int, long, float, double, bool and object";
                self.report(problem.with_hint(hint));
                return None;
            }
        };
        self.mark(Mark::Keyword);
        self.bump();
        Some(ty)
    }

    fn trigger(&mut self, start: u32) -> Option<TriggerDefinition> {
        self.eat_word(K::Trigger);
        let (name, name_span) = self.plain_name("the name of a trigger")?;
        self.expect_word(K::At, "`at`")?;
        let at = if self.eat_word(K::Every) {
            TriggerAt::Every(self.time("a time, such as `5 sec`")?)
        } else {
            let what = "`every` and a time, `'start'` or a cron expression in quotes";
            TriggerAt::Text(self.string(what)?)
        };
        Some(TriggerDefinition { name, at, name_span, span: self.span_from(start) })
    }

    fn function(&mut self, start: u32) -> Option<FunctionDefinition> {
        self.eat_word(K::Function);
        let (name, name_span) = self.plain_name("the name of a function")?;
        self.glue();
        self.expect(T::LeftBracket, "`[` and the language of the function")?;
        let (language, _) = self.plain_name("the language of the function")?;
        self.expect(T::RightBracket, "`]`")?;
        self.expect_word(K::Return, "`return` and a type")?;
        let returns = self.ty()?;
        let token = self.expect(T::Script, "`{` and the body of the function")?;
        let text = self.text_of(token);
        let body = text.get(1..text.len() - 1).unwrap_or_default().to_owned();
        if body.is_empty() {
            let message = "the function has an empty body";
            self.report(Problem::new("empty-function", token.span(), message));
        }
        let span = self.span_from(start);
        Some(FunctionDefinition { name, language, returns, body, name_span, span })
    }

    fn aggregation(
        &mut self,
        annotations: Vec<Annotation>,
        start: u32,
    ) -> Option<AggregationDefinition> {
        self.eat_word(K::Aggregation);
        let (name, name_span) = self.plain_name("the name of an aggregation")?;
        self.mark(Mark::Line);
        self.expect_word(K::From, "`from` and a stream")?;
        let input = self.stream_input()?;
        if let Some(window) = input.window() {
            let message = "an aggregation reads its stream without a window";
            self.report(Problem::new("window-place", window.span, message));
        }
        self.mark(Mark::Line);
        self.expect_word(K::Select, "`select`")?;
        let items = self.select_items()?;
        let group_by = self.opt_group_by()?;
        self.mark(Mark::Line);
        self.expect_word(K::Aggregate, "`aggregate`")?;
        let mut aggregate_by = None;
        if self.eat_word(K::By) {
            aggregate_by = Some(self.attribute_ref("the attribute that says the time")?);
        }
        self.expect_word(K::Every, "`every` and the periods")?;
        let every = self.periods()?;
        let span = self.span_from(start);
        Some(AggregationDefinition {
            annotations,
            name,
            input,
            items,
            group_by,
            aggregate_by,
            every,
            name_span,
            span,
        })
    }

    fn periods(&mut self) -> Option<AggregationPeriods> {
        let first = self.period()?;
        if self.eat(T::Ellipsis) {
            return Some(AggregationPeriods::Range(first, self.period()?));
        }
        let mut periods = vec![first];
        while self.eat(T::Comma) {
            periods.push(self.period()?);
        }
        Some(AggregationPeriods::List(periods))
    }

    fn period(&mut self) -> Option<Period> {
        let period = match self.peek() {
            T::Word(K::Second) => Period::Second,
            T::Word(K::Minute) => Period::Minute,
            T::Word(K::Hour) => Period::Hour,
            T::Word(K::Day) => Period::Day,
            T::Word(K::Month) => Period::Month,
            T::Word(K::Year) => Period::Year,
            _ => {
                let problem = self.unexpected_problem("a period");
                self.report(
                    problem.with_hint("the periods are sec, min, hour, day, month and year"),
                );
                return None;
            }
        };
        self.mark(Mark::Keyword);
        self.bump();
        Some(period)
    }
}
