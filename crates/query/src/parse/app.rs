//! The app as a whole: its statements, and how reading goes on behind a broken one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::tree::{Annotation, App, Definition, Execution};

/// A statement of an app.
enum Statement {
    Definition(Definition),
    Execution(Execution),
}

impl Parser<'_> {
    /// The whole text as an app.
    pub(crate) fn app(&mut self) -> App {
        let mut app = App::default();
        let mut statements = 0_u32;
        while self.at_app_annotation() {
            match self.app_annotation() {
                Some(annotation) => app.annotations.push(annotation),
                None => self.skip_statement(),
            }
        }
        while !self.at(T::Eof) {
            statements += 1;
            let statement = self.statement(&app);
            let whole = statement.is_some();
            match statement {
                Some(Statement::Definition(definition)) => app.definitions.push(definition),
                Some(Statement::Execution(execution)) => app.execution.push(execution),
                None => {}
            }
            self.separator(whole);
        }
        if self.is_clean() && app.definitions.is_empty() {
            self.no_definitions(statements);
        }
        app
    }

    fn no_definitions(&mut self, statements: u32) {
        let span = self.token().span();
        let message = match statements {
            0 => "the app defines nothing",
            _ => "the app has queries but no definition",
        };
        let problem = Problem::new("no-definition", span, message);
        self.report(problem.with_hint("start with `define stream Name (attribute type, …);`"));
    }

    /// Whether a statement can start here.
    pub(super) fn at_statement(&self) -> bool {
        match self.peek() {
            T::At => true,
            T::Word(word) => matches!(word, K::Define | K::From | K::Partition),
            _ => false,
        }
    }

    fn statement(&mut self, app: &App) -> Option<Statement> {
        let start = self.start();
        self.mark(Mark::Statement);
        if self.at(T::Semicolon) {
            let span = self.token().span();
            let message = "there is no statement before this `;`";
            self.report(Problem::new("empty-statement", span, message).with_hint("remove it"));
            return None;
        }
        if self.at_app_annotation() {
            let span = self.token().span();
            let message = "an `@app` annotation stands behind a statement";
            let hint = "move it to the top of the app, before all definitions";
            self.report(Problem::new("app-annotation-place", span, message).with_hint(hint));
            return None;
        }
        let annotations = self.annotations()?;
        let T::Word(word) = self.peek() else {
            return self.no_statement(&annotations);
        };
        match word {
            K::Define => {
                if let Some(first) = app.execution.first() {
                    self.late_definition(first);
                }
                self.definition(annotations, start).map(Statement::Definition)
            }
            K::From => {
                let query = self.query_body(annotations, start)?;
                Some(Statement::Execution(Execution::Query(Box::new(query))))
            }
            K::Partition => {
                let partition = self.partition(annotations, start)?;
                Some(Statement::Execution(Execution::Partition(Box::new(partition))))
            }
            _ => self.no_statement(&annotations),
        }
    }

    fn no_statement(&mut self, annotations: &[Annotation]) -> Option<Statement> {
        self.unexpected(if annotations.is_empty() {
            "`define`, `from`, `partition` or an annotation"
        } else {
            "`define`, `from` or `partition` after the annotations"
        });
        None
    }

    fn late_definition(&mut self, first: &Execution) {
        let first = match first {
            Execution::Query(query) => query.span,
            Execution::Partition(partition) => partition.span,
        };
        let span = self.token().span();
        let message = "a definition stands behind a query";
        let problem = Problem::new("late-definition", span, message);
        self.report(
            problem
                .with_label(first, "the first query")
                .with_hint("move the definition before all queries and partitions"),
        );
    }

    /// Moves behind the `;` of a statement. `whole` tells whether it was read to its end.
    fn separator(&mut self, whole: bool) {
        if whole {
            if self.eat(T::Semicolon) || self.at(T::Eof) {
                return;
            }
            self.unexpected("`;`");
            if self.at_statement() {
                return;
            }
        }
        self.skip_statement();
    }

    /// Moves behind the next `;`.
    pub(super) fn skip_statement(&mut self) {
        while !self.at(T::Eof) {
            if self.bump().kind == T::Semicolon {
                return;
            }
        }
    }
}
