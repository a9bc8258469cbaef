//! On-demand queries.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{OnDemandAction, OnDemandInput, OnDemandQuery, Selection};

impl Parser<'_> {
    /// The whole text as an on-demand query.
    pub(crate) fn on_demand(&mut self) -> Option<OnDemandQuery> {
        let query = self.on_demand_query()?;
        self.eat(T::Semicolon);
        if !self.at(T::Eof) {
            self.unexpected("the end of the query");
        }
        Some(query)
    }

    fn on_demand_query(&mut self) -> Option<OnDemandQuery> {
        let start = self.start();
        self.mark(Mark::Statement);
        if self.at_word(K::From) {
            let input = Some(self.on_demand_input()?);
            let selection = self.selection()?;
            let span = self.span_from(start);
            return Some(OnDemandQuery { input, selection, action: OnDemandAction::Find, span });
        }
        let selected = self.at_word(K::Select);
        let selection = self.selection()?;
        let action = self.on_demand_action(selected, &selection)?;
        Some(OnDemandQuery { input: None, selection, action, span: self.span_from(start) })
    }

    fn on_demand_input(&mut self) -> Option<OnDemandInput> {
        self.mark(Mark::Line);
        self.eat_word(K::From);
        let start = self.start();
        let store = self.table_target("a table, window or aggregation")?;
        let mut alias = None;
        if self.eat_word(K::As) {
            alias = Some(self.name("a name after `as`")?.0);
        }
        let on = self.opt_on()?;
        let (within, per) = self.opt_within_per()?.unzip();
        Some(OnDemandInput { store, alias, on, within, per, span: self.span_from(start) })
    }

    fn on_demand_action(
        &mut self,
        selected: bool,
        selection: &Selection,
    ) -> Option<OnDemandAction> {
        self.mark(Mark::Line);
        match self.peek() {
            T::Word(K::Insert) => {
                self.need_selection(selected, selection.span)?;
                self.eat_word(K::Insert);
                self.expect_word(K::Into, "`into`")?;
                let target = self.table_target("the table to insert into")?;
                Some(OnDemandAction::Insert { target })
            }
            T::Word(K::Delete) => {
                self.eat_word(K::Delete);
                let target = self.table_target("the table to delete from")?;
                Some(OnDemandAction::Delete { target, on: self.opt_on()? })
            }
            T::Word(K::Update) => {
                let insert = self.update_or_insert()?;
                if insert {
                    self.need_selection(selected, selection.span)?;
                }
                let target = self.table_target("the table to update")?;
                let set = self.opt_set()?;
                let on = self.on()?;
                Some(if insert {
                    OnDemandAction::UpdateOrInsert { target, set, on }
                } else {
                    OnDemandAction::Update { target, set, on }
                })
            }
            _ if selected => {
                self.unexpected("`insert into`, `update`, `update or insert into` or `delete`");
                None
            }
            _ => {
                self.unexpected("`from`, `select`, `update` or `delete`");
                None
            }
        }
    }

    fn need_selection(&mut self, selected: bool, span: Span) -> Option<()> {
        if selected {
            return Some(());
        }
        let message = "what to insert is missing";
        let hint = "write `select value as name, …` before it";
        self.report(Problem::new("nothing-selected", span, message).with_hint(hint));
        None
    }
}
