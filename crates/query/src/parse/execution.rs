//! Queries and partitions.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::tree::{Annotation, Partition, PartitionBy, PartitionKey, PartitionRange, Query};

impl Parser<'_> {
    /// A query whose annotations have been read; `start` is where they began.
    pub(super) fn query_body(&mut self, annotations: Vec<Annotation>, start: u32) -> Option<Query> {
        self.mark(Mark::Line);
        self.expect_word(K::From, "`from`")?;
        let input = self.input()?;
        let selection = self.selection()?;
        let rate = self.opt_rate()?;
        let output = self.output()?;
        let span = self.span_from(start);
        Some(Query { annotations, input, selection, rate, output, span })
    }

    /// The whole text as one query, with its annotations.
    pub(crate) fn only_query(&mut self) -> Option<Query> {
        let start = self.start();
        self.mark(Mark::Statement);
        let annotations = self.annotations()?;
        let query = self.query_body(annotations, start)?;
        if !self.at(T::Eof) {
            self.unexpected("the end of the query");
        }
        Some(query)
    }

    /// A partition whose annotations have been read; `start` is where they began.
    pub(super) fn partition(
        &mut self,
        annotations: Vec<Annotation>,
        start: u32,
    ) -> Option<Partition> {
        self.mark(Mark::Line);
        self.expect_word(K::Partition, "`partition`")?;
        self.expect_word(K::With, "`with`")?;
        self.expect(T::LeftParen, "`(` and what to divide by")?;
        let keys = self.list(Self::partition_key)?;
        self.expect(T::RightParen, "`,` or `)`")?;
        self.mark(Mark::Line);
        self.expect_word(K::Begin, "`begin`")?;
        self.mark(Mark::Indent);
        let queries = self.partition_queries()?;
        self.mark(Mark::Dedent);
        self.mark(Mark::Line);
        self.eat_word(K::End);
        let span = self.span_from(start);
        Some(Partition { annotations, keys, queries, span })
    }

    /// The queries up to `end`. One that cannot be read is reported and left out.
    fn partition_queries(&mut self) -> Option<Vec<Query>> {
        let mut queries = Vec::new();
        let mut read = 0;
        loop {
            if self.at_word(K::End) && self.ends_partition() {
                if read == 0 {
                    self.unexpected("a query");
                    return None;
                }
                return Some(queries);
            }
            if self.at(T::Eof) {
                self.unexpected("`end` of the partition");
                return None;
            }
            read += 1;
            let query = self.partition_query();
            let whole = query.is_some();
            queries.extend(query);
            self.partition_separator(whole);
        }
    }

    /// Whether `end`, which stands here, closes the partition.
    fn ends_partition(&self) -> bool {
        matches!(self.nth(1), T::Semicolon | T::Eof | T::At | T::Word(K::From | K::Partition))
            || !self.nth_is_name(1)
    }

    fn partition_query(&mut self) -> Option<Query> {
        let start = self.start();
        self.mark(Mark::Statement);
        let annotations = self.annotations()?;
        if let T::Word(K::Define | K::Partition) = self.peek() {
            let problem = self.unexpected_problem("a query");
            self.report(problem.with_hint("a partition holds queries only"));
            return None;
        }
        self.query_body(annotations, start)
    }

    /// Moves behind the `;` of a query in a partition, or up to `end`.
    fn partition_separator(&mut self, whole: bool) {
        if whole {
            if self.eat(T::Semicolon) || self.at_word(K::End) || self.at(T::Eof) {
                return;
            }
            self.unexpected("`;` or `end`");
            if self.at_statement() {
                return;
            }
        }
        loop {
            match self.peek() {
                T::Semicolon => {
                    self.bump();
                    return;
                }
                T::Word(K::End) if self.ends_partition() => return,
                T::Eof => return,
                _ => self.bump(),
            };
        }
    }

    fn partition_key(&mut self) -> Option<PartitionKey> {
        let start = self.start();
        let first = self.expr()?;
        let by = if self.at_word(K::As) {
            let mut ranges = vec![self.range_name(first)?];
            while self.eat_word(K::Or) {
                let condition = self.expr()?;
                ranges.push(self.range_name(condition)?);
            }
            PartitionBy::Ranges(ranges)
        } else {
            PartitionBy::Value(first)
        };
        self.expect_word(K::Of, "`of` and a stream, or `as` and the name of a range")?;
        if matches!(self.peek(), T::Hash | T::Bang) {
            let span = self.token().span();
            let message = "an inner or fault stream cannot be divided";
            self.report(Problem::new("partition-stream", span, message));
            return None;
        }
        let (stream, _) = self.name("a stream after `of`")?;
        Some(PartitionKey { stream, by, span: self.span_from(start) })
    }

    fn range_name(&mut self, condition: crate::tree::Expr) -> Option<PartitionRange> {
        self.expect_word(K::As, "`as` and the name of the range")?;
        let name = self.string("the name of the range in quotes")?;
        Some(PartitionRange { condition, name })
    }
}
