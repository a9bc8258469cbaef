//! `select … group by … having … order by … limit … offset …`.

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::tree::{
    AttributeRef, Constant, Expr, ExprKind, Literal, OrderBy, OutputAttribute, SelectItems,
    Selection,
};

impl Parser<'_> {
    /// The selection, or `*` where no `select` stands here.
    pub(super) fn selection(&mut self) -> Option<Selection> {
        let start = self.start();
        if !self.at_word(K::Select) {
            self.check_clause_without_select()?;
            return Some(Selection::everything(crate::span::Span::new(start, start)));
        }
        self.mark(Mark::Line);
        self.eat_word(K::Select);
        let items = self.select_items()?;
        let group_by = self.opt_group_by()?;
        let mut having = None;
        if self.clause(K::Having) {
            having = Some(self.expr()?);
        }
        let order_by = self.opt_order_by()?;
        let limit = self.opt_bound(K::Limit, "`limit`")?;
        let offset = self.opt_bound(K::Offset, "`offset`")?;
        let span = self.span_from(start);
        Some(Selection { items, group_by, having, order_by, limit, offset, span })
    }

    fn check_clause_without_select(&mut self) -> Option<()> {
        let clauses = [K::Group, K::Having, K::Order, K::Limit, K::Offset];
        if !clauses.iter().any(|&word| self.at_word(word)) {
            return Some(());
        }
        let problem = self.unexpected_problem("`select`");
        self.report(problem.with_hint("write `select *` before it"));
        None
    }

    /// Takes the word that starts a clause, on a line of its own.
    pub(super) fn clause(&mut self, word: K) -> bool {
        let found = self.at_word(word);
        if found {
            self.mark(Mark::Line);
            self.eat_word(word);
        }
        found
    }

    pub(super) fn select_items(&mut self) -> Option<SelectItems> {
        if self.eat(T::Star) {
            return Some(SelectItems::All);
        }
        self.list(Self::output_attribute).map(SelectItems::List)
    }

    fn output_attribute(&mut self) -> Option<OutputAttribute> {
        let start = self.start();
        if self.at(T::Star) {
            let problem = self.unexpected_problem("an attribute");
            self.report(problem.with_hint("`*` stands alone: all attributes, and nothing else"));
            return None;
        }
        let bare_bool = matches!(self.peek(), T::Word(K::True | K::False))
            && matches!(self.nth(1), T::Comma | T::Word(_))
            && self.nth(1) != T::Word(K::As)
            && !self.nth_is_operator(1);
        if bare_bool {
            return self.bare_attribute();
        }
        let expr = self.expr()?;
        let mut alias = None;
        if self.eat_word(K::As) {
            alias = Some(self.name("a name after `as`")?.0);
        } else {
            self.check_named(&expr, start)?;
        }
        Some(OutputAttribute { expr, alias, span: self.span_from(start) })
    }

    /// `true` alone in a list, which can only be the name of an attribute.
    fn bare_attribute(&mut self) -> Option<OutputAttribute> {
        let (name, span) = self.name("an attribute")?;
        let attribute = AttributeRef { source: None, index: None, handler: None, name, span };
        let expr = Expr { kind: ExprKind::Attribute(Box::new(attribute)), span };
        Some(OutputAttribute { expr, alias: None, span })
    }

    /// Only an attribute, without parentheses, names itself.
    fn check_named(&mut self, expr: &Expr, start: u32) -> Option<()> {
        if matches!(expr.kind, ExprKind::Attribute(_)) && expr.span.start == start {
            return Some(());
        }
        // What follows may be what is wrong: `select a b`.
        let problem = if matches!(self.peek(), T::Flaw(_)) {
            self.unexpected_problem("`as` and a name")
        } else {
            let span = self.span_from(start);
            Problem::new("unnamed-expression", span, "an expression in `select` has no name")
                .with_hint("write `… as name`")
        };
        self.report(problem);
        None
    }

    pub(super) fn opt_group_by(&mut self) -> Option<Vec<AttributeRef>> {
        if !self.clause(K::Group) {
            return Some(Vec::new());
        }
        self.expect_word(K::By, "`by` after `group`")?;
        self.list(|p| p.attribute_ref("an attribute to group by"))
    }

    fn opt_order_by(&mut self) -> Option<Vec<OrderBy>> {
        if !self.clause(K::Order) {
            return Some(Vec::new());
        }
        self.expect_word(K::By, "`by` after `order`")?;
        self.list(|p| {
            let attribute = p.attribute_ref("an attribute to order by")?;
            let descending = p.eat_word(K::Desc);
            if !descending {
                p.eat_word(K::Asc);
            }
            Some(OrderBy { attribute, descending })
        })
    }

    fn opt_bound(&mut self, word: K, what: &str) -> Option<Option<Constant>> {
        if !self.clause(word) {
            return Some(None);
        }
        let bound = self.constant(&format!("a whole number after {what}"))?;
        if !matches!(bound.value, Literal::Int(_) | Literal::Long(_) | Literal::TimeMs(_)) {
            let message = format!("{what} takes a whole number");
            self.report(Problem::new("bound-type", bound.span, message));
        }
        Some(Some(bound))
    }
}
