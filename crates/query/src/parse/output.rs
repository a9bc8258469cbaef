//! How often a query puts out, and where to.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::tree::{
    EventType, Expr, Output, OutputAction, Rate, RateKind, RateWhich, SetClause, StreamKind,
    StreamRef,
};

impl Parser<'_> {
    /// `output … every …`, if it stands here.
    pub(super) fn opt_rate(&mut self) -> Option<Option<Rate>> {
        let start = self.start();
        if !self.clause(K::Output) {
            return Some(None);
        }
        let kind = if self.eat_word(K::Snapshot) {
            self.expect_word(K::Every, "`every` and a time")?;
            let every = self.time("a time, such as `5 sec`")?;
            if self.at_word(K::Events) {
                self.unexpected("a time");
                return None;
            }
            RateKind::Snapshot { every }
        } else {
            let which = self.rate_which();
            self.expect_word(K::Every, "`every`, `all`, `first`, `last` or `snapshot`")?;
            if self.nth(1) == T::Word(K::Events) {
                let count = self.int("a number of events")?;
                self.eat_word(K::Events);
                RateKind::Events { which, count }
            } else {
                RateKind::Time { which, every: self.time("a time or a number of events")? }
            }
        };
        Some(Some(Rate { kind, span: self.span_from(start) }))
    }

    fn rate_which(&mut self) -> RateWhich {
        if self.eat_word(K::First) {
            RateWhich::First
        } else if self.eat_word(K::Last) {
            RateWhich::Last
        } else {
            self.eat_word(K::All);
            RateWhich::All
        }
    }

    /// `all events`, `expired events`, `current events` or `events`.
    pub(super) fn event_type(&mut self, what: &str) -> Option<EventType> {
        let event_type = if self.eat_word(K::All) {
            EventType::All
        } else if self.eat_word(K::Expired) {
            EventType::Expired
        } else {
            self.eat_word(K::Current);
            EventType::Current
        };
        self.expect_word(K::Events, what)?;
        Some(event_type)
    }

    /// Whether an event type starts here.
    fn at_event_type(&self) -> bool {
        let T::Word(word) = self.peek() else {
            return false;
        };
        matches!(word, K::All | K::Expired | K::Current | K::Events)
    }

    /// Where a query puts out.
    pub(super) fn output(&mut self) -> Option<Output> {
        let start = self.start();
        self.mark(Mark::Line);
        let T::Word(word) = self.peek() else {
            return self.no_output();
        };
        let (action, events) = match word {
            K::Insert => self.insert()?,
            K::Delete => self.delete()?,
            K::Update => self.update()?,
            K::Return => {
                self.eat_word(K::Return);
                (OutputAction::Return, self.opt_event_type()?)
            }
            _ => return self.no_output(),
        };
        Some(Output { action, events, span: self.span_from(start) })
    }

    fn no_output(&mut self) -> Option<Output> {
        self.unexpected("`insert into`, `update`, `delete` or `return`");
        None
    }

    fn opt_event_type(&mut self) -> Option<Option<EventType>> {
        if !self.at_event_type() {
            return Some(None);
        }
        self.event_type("`events`").map(Some)
    }

    fn insert(&mut self) -> Option<(OutputAction, Option<EventType>)> {
        self.eat_word(K::Insert);
        let events = self.opt_event_type()?;
        self.expect_word(K::Into, "`into`")?;
        let target = self.stream_ref("the stream, table or window to insert into")?;
        Some((OutputAction::Insert { target }, events))
    }

    fn delete(&mut self) -> Option<(OutputAction, Option<EventType>)> {
        self.eat_word(K::Delete);
        let target = self.table_target("the table to delete from")?;
        let events = self.opt_for()?;
        let on = self.opt_on()?;
        Some((OutputAction::Delete { target, on }, events))
    }

    fn update(&mut self) -> Option<(OutputAction, Option<EventType>)> {
        let insert = self.update_or_insert()?;
        let target = self.table_target("the table to update")?;
        let events = self.opt_for()?;
        let set = self.opt_set()?;
        let on = self.on()?;
        let action = if insert {
            OutputAction::UpdateOrInsert { target, set, on }
        } else {
            OutputAction::Update { target, set, on }
        };
        Some((action, events))
    }

    /// `update`, or `update or insert into` (then true); `update` has been seen.
    pub(super) fn update_or_insert(&mut self) -> Option<bool> {
        self.eat_word(K::Update);
        if !(self.at_word(K::Or) && self.nth(1) == T::Word(K::Insert)) {
            return Some(false);
        }
        self.eat_word(K::Or);
        self.eat_word(K::Insert);
        self.expect_word(K::Into, "`into`")?;
        Some(true)
    }

    /// The name of a table, before which no sign can stand.
    pub(super) fn table_target(&mut self, what: &str) -> Option<StreamRef> {
        let target = self.stream_ref(what)?;
        if target.kind != StreamKind::Plain {
            let sign = target.kind.sign();
            let message = format!("`{sign}` cannot stand before a table");
            self.report(Problem::new("sign-before-table", target.span, message));
            return None;
        }
        Some(target)
    }

    /// `for all events`, if it stands here.
    fn opt_for(&mut self) -> Option<Option<EventType>> {
        if !self.eat_word(K::For) {
            return Some(None);
        }
        self.event_type("`events`, `all events`, `expired events` or `current events`").map(Some)
    }

    /// `set T.a = b, …`, or nothing.
    pub(super) fn opt_set(&mut self) -> Option<Vec<SetClause>> {
        if !self.clause(K::Set) {
            return Some(Vec::new());
        }
        self.list(|p| {
            let attribute = p.attribute_ref("an attribute of the table")?;
            p.expect(T::Assign, "`=` and the new value")?;
            Some(SetClause { attribute, value: p.expr()? })
        })
    }

    pub(super) fn opt_on(&mut self) -> Option<Option<Expr>> {
        if !self.clause(K::On) {
            return Some(None);
        }
        self.expr().map(Some)
    }

    pub(super) fn on(&mut self) -> Option<Expr> {
        self.mark(Mark::Line);
        self.expect_word(K::On, "`on` and the condition")?;
        self.expr()
    }
}
