//! Expressions, by precedence climbing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::span::Span;
use crate::tree::{
    Args, ArithmeticOp, AttributeRef, CompareOp, Expr, ExprKind, FunctionCall, HandlerRef, Index,
    NullTest, StreamKind, StreamRef,
};

/// The highest tree that an expression may be: as many operators may follow each other.
pub const EXPRESSION_HEIGHT_MAX: u32 = 1_000;

/// A binary operator.
#[derive(Clone, Copy)]
enum Operator {
    Or,
    And,
    In,
    Compare(CompareOp),
    Arithmetic(ArithmeticOp),
}

/// An expression and the height of its tree.
struct Grown {
    expr: Expr,
    height: u32,
}

impl Grown {
    fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { expr: Expr { kind, span }, height: 1 }
    }
}

impl Parser<'_> {
    /// An expression.
    pub(super) fn expr(&mut self) -> Option<Expr> {
        self.climb(0).map(|grown| grown.expr)
    }

    /// The binary operator here and its precedence, from 0 (`or`) up.
    fn operator(&self) -> Option<(Operator, u8)> {
        Some(match self.peek() {
            T::Word(K::Or) => (Operator::Or, 0),
            T::Word(K::And) => (Operator::And, 1),
            T::Word(K::In) => (Operator::In, 2),
            T::Equal => (Operator::Compare(CompareOp::Equal), 3),
            T::NotEqual => (Operator::Compare(CompareOp::NotEqual), 3),
            T::Less => (Operator::Compare(CompareOp::Less), 4),
            T::LessOrEqual => (Operator::Compare(CompareOp::LessOrEqual), 4),
            T::Greater => (Operator::Compare(CompareOp::Greater), 4),
            T::GreaterOrEqual => (Operator::Compare(CompareOp::GreaterOrEqual), 4),
            T::Plus => (Operator::Arithmetic(ArithmeticOp::Add), 5),
            T::Minus => (Operator::Arithmetic(ArithmeticOp::Subtract), 5),
            T::Star => (Operator::Arithmetic(ArithmeticOp::Multiply), 6),
            T::Slash => (Operator::Arithmetic(ArithmeticOp::Divide), 6),
            T::Percent => (Operator::Arithmetic(ArithmeticOp::Remainder), 6),
            _ => return None,
        })
    }

    /// Operands and the operators between them that bind at least as tight as `lowest`.
    fn climb(&mut self, lowest: u8) -> Option<Grown> {
        self.nested(|p| {
            let mut left = p.operand()?;
            while let Some((operator, precedence)) = p.operator() {
                if precedence < lowest {
                    break;
                }
                left = p.binary(left, operator, precedence)?;
            }
            Some(left)
        })
    }

    fn binary(&mut self, left: Grown, operator: Operator, precedence: u8) -> Option<Grown> {
        let sign = self.token().span();
        if matches!(self.peek(), T::Word(_)) {
            self.mark(Mark::Keyword);
            self.mark(Mark::Soft);
        }
        self.bump();
        if let Operator::In = operator {
            let (table, table_span) = self.name("the name of a table after `in`")?;
            let span = left.expr.span.to(table_span);
            let condition = Box::new(left.expr);
            let kind = ExprKind::In { condition, table, table_span };
            return self.grown(kind, span, left.height, sign);
        }
        let right = self.climb(precedence + 1)?;
        let span = left.expr.span.to(right.expr.span);
        let height = left.height.max(right.height);
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        let kind = match operator {
            Operator::Or => ExprKind::Or(left, right),
            Operator::And | Operator::In => ExprKind::And(left, right),
            Operator::Compare(op) => ExprKind::Compare { op, left, right },
            Operator::Arithmetic(op) => ExprKind::Arithmetic { op, left, right },
        };
        self.grown(kind, span, height, sign)
    }

    /// One level more, if the tree may grow.
    fn grown(&mut self, kind: ExprKind, span: Span, below: u32, sign: Span) -> Option<Grown> {
        if below >= EXPRESSION_HEIGHT_MAX {
            let message = format!("more than {EXPRESSION_HEIGHT_MAX} operators follow each other");
            let hint = "split the expression with parentheses";
            self.report(Problem::new("expression-too-long", sign, message).with_hint(hint));
            return None;
        }
        Some(Grown { expr: Expr { kind, span }, height: below + 1 })
    }

    fn operand(&mut self) -> Option<Grown> {
        if self.at_not() {
            let start = self.token().span();
            self.mark(Mark::Keyword);
            self.bump();
            let inner = self.nested(Self::operand)?;
            let span = start.to(inner.expr.span);
            return self.grown(ExprKind::Not(Box::new(inner.expr)), span, inner.height, start);
        }
        if self.eat(T::LeftParen) {
            let inner = self.climb(0)?;
            self.expect(T::RightParen, "`)` or an operator")?;
            return Some(inner);
        }
        if self.at_literal() {
            let constant = self.constant("a constant")?;
            return Some(Grown::leaf(ExprKind::Literal(constant.value), constant.span));
        }
        match self.peek() {
            T::Id | T::QuotedId | T::Word(_) | T::Hash | T::Bang => self.named(),
            T::Minus | T::Plus => {
                let problem = self.unexpected_problem("an expression");
                self.report(problem.with_hint(
                    "a sign belongs to a number alone; write `0 - x` for the negative of `x`",
                ));
                None
            }
            _ => {
                self.unexpected("an expression");
                None
            }
        }
    }

    /// Whether `not` stands here as the operator, and not as a name.
    fn at_not(&self) -> bool {
        self.at_word(K::Not)
            && match self.nth(1) {
                T::LeftParen if self.nth(2) == T::RightParen => false,
                T::Id | T::QuotedId | T::LeftParen | T::Hash | T::Bang => true,
                T::Int | T::Long | T::Float | T::Double | T::Str | T::LongStr => true,
                T::Minus | T::Plus => {
                    matches!(self.nth(2), T::Int | T::Long | T::Float | T::Double)
                }
                T::Word(
                    K::And
                    | K::Or
                    | K::In
                    | K::Is
                    | K::As
                    | K::Of
                    | K::Into
                    | K::Insert
                    | K::Asc
                    | K::Desc,
                ) => false,
                T::Word(_) => true,
                _ => false,
            }
    }

    /// A call or a reference, and perhaps `is null` behind it.
    fn named(&mut self) -> Option<Grown> {
        let call = self.at_name()
            && (self.nth(1) == T::LeftParen
                || self.nth(1) == T::Colon && self.nth_is_name(2) && self.nth(3) == T::LeftParen);
        if call {
            let (call, height) = self.call_grown()?;
            let span = call.span;
            let expr = Expr { kind: ExprKind::Call(Box::new(call)), span };
            let test = self.is_null()?;
            return self.tested(Grown { expr, height }, test);
        }
        self.reference()
    }

    /// `is null`, if it stands here.
    fn is_null(&mut self) -> Option<bool> {
        if !self.eat_word(K::Is) {
            return Some(false);
        }
        if self.at_word(K::Not) {
            let problem = self.unexpected_problem("`null` after `is`");
            self.report(problem.with_hint("write `not (x is null)`"));
            return None;
        }
        self.expect_word(K::Null, "`null` after `is`")?;
        Some(true)
    }

    fn tested(&mut self, of: Grown, test: bool) -> Option<Grown> {
        if !test {
            return Some(of);
        }
        let span = self.span_from(of.expr.span.start);
        let kind = ExprKind::IsNull(NullTest::Value(Box::new(of.expr)));
        self.grown(kind, span, of.height, span)
    }

    /// `name`, `Source[index]#handler[index].name`, and what `is null` may ask about.
    fn reference(&mut self) -> Option<Grown> {
        let start = self.start();
        let stream = self.stream_ref("a name")?;
        let index = self.opt_index()?;
        let mut handler = None;
        if self.at(T::Hash) {
            self.glue();
            self.bump();
            let (name, _) = self.name("the name of a handler after `#`")?;
            let index = self.opt_index()?;
            handler = Some(Box::new(HandlerRef { name, index }));
        }
        if self.at(T::Dot) {
            self.bump();
            let (name, _) = self.name("an attribute after `.`")?;
            let span = self.span_from(start);
            let attribute = AttributeRef { source: Some(stream), index, handler, name, span };
            let of = Grown::leaf(ExprKind::Attribute(Box::new(attribute)), span);
            let test = self.is_null()?;
            return self.tested(of, test);
        }
        let bare = stream.kind == StreamKind::Plain && index.is_none() && handler.is_none();
        if handler.is_none() && self.is_null()? {
            let kind = ExprKind::IsNull(NullTest::Stream { stream, index });
            return Some(Grown::leaf(kind, self.span_from(start)));
        }
        if !bare {
            self.unexpected("`.` and an attribute");
            return None;
        }
        let span = stream.span;
        let attribute =
            AttributeRef { source: None, index: None, handler: None, name: stream.name, span };
        Some(Grown::leaf(ExprKind::Attribute(Box::new(attribute)), span))
    }

    /// A reference to an attribute, where the grammar takes no other expression.
    pub(super) fn attribute_ref(&mut self, what: &str) -> Option<AttributeRef> {
        if !self.at_name() && !matches!(self.peek(), T::Hash | T::Bang) {
            self.unexpected(what);
            return None;
        }
        let span = self.token().span();
        let grown = self.named()?;
        let found = grown.expr.span;
        if let ExprKind::Attribute(attribute) = grown.expr.kind {
            return Some(*attribute);
        }
        let message = format!("expected {what}, found an expression");
        let hint = "compute it in an earlier query and refer to it by name";
        self.report(Problem::new("not-an-attribute", span.to(found), message).with_hint(hint));
        None
    }

    /// `[2]`, `[last]` or `[last - 1]`, if a bracket stands here.
    fn opt_index(&mut self) -> Option<Option<Index>> {
        if !self.at(T::LeftBracket) {
            return Some(None);
        }
        self.glue();
        self.bump();
        let index = if self.eat_word(K::Last) {
            let back = if self.eat(T::Minus) { self.int("a whole number")? } else { 0 };
            Index::Last(back)
        } else {
            Index::At(self.int("the number of an event, or `last`")?)
        };
        self.expect(T::RightBracket, "`]`")?;
        Some(Some(index))
    }

    /// `name`, `#name` or `!name`.
    pub(super) fn stream_ref(&mut self, what: &str) -> Option<StreamRef> {
        let start = self.start();
        let kind = match self.peek() {
            T::Hash => StreamKind::Inner,
            T::Bang => StreamKind::Fault,
            _ => StreamKind::Plain,
        };
        if kind != StreamKind::Plain {
            self.bump();
        }
        let (name, _) = self.name(what)?;
        Some(StreamRef { name, kind, span: self.span_from(start) })
    }

    /// `namespace:name(arguments)`.
    pub(super) fn call(&mut self, what: &str) -> Option<FunctionCall> {
        if !self.at_name() {
            self.unexpected(what);
            return None;
        }
        self.call_grown().map(|(call, _)| call)
    }

    fn call_grown(&mut self) -> Option<(FunctionCall, u32)> {
        let start = self.start();
        let (mut name, _) = self.name("a name")?;
        let mut namespace = None;
        if self.eat(T::Colon) {
            namespace = Some(name);
            name = self.name("a name after `:`")?.0;
        }
        self.glue();
        self.expect(T::LeftParen, "`(`")?;
        let mut height = 0;
        let args = if self.eat(T::Star) {
            Args::All
        } else if self.at(T::RightParen) {
            Args::List(Vec::new())
        } else {
            Args::List(self.list(|p| {
                let grown = p.climb(0)?;
                height = height.max(grown.height);
                Some(grown.expr)
            })?)
        };
        self.expect(T::RightParen, "`,` or `)`")?;
        let span = self.span_from(start);
        if height >= EXPRESSION_HEIGHT_MAX {
            self.report(Problem::new("expression-too-long", span, "the expression is too long"));
            return None;
        }
        Some((FunctionCall { namespace, name, args, span }, height + 1))
    }
}
