//! Annotations: of the app, and of everything else.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a token that no arm names is none that the rule takes"
)]

use super::cursor::{Mark, Parser};
use crate::lexer::{K, T};
use crate::problem::Problem;
use crate::tree::{Annotation, AnnotationElement};

impl Parser<'_> {
    /// Whether `@app:` stands here.
    pub(super) fn at_app_annotation(&self) -> bool {
        self.at(T::At) && self.nth(1) == T::Word(K::App) && self.nth(2) == T::Colon
    }

    /// `@app:name('…')`.
    pub(super) fn app_annotation(&mut self) -> Option<Annotation> {
        let start = self.start();
        self.mark(Mark::Statement);
        self.bump();
        self.glue();
        self.mark(Mark::Keyword);
        self.bump();
        self.bump();
        let (name, _) = self.name("the name of an annotation after `@app:`")?;
        let mut elements = Vec::new();
        self.glue_paren();
        if self.eat(T::LeftParen) {
            elements = self.list(|p| {
                if p.at(T::At) {
                    let problem = p.unexpected_problem("a key or a string");
                    p.report(problem.with_hint("an `@app` annotation holds no other annotation"));
                    return None;
                }
                p.annotation_element()
            })?;
            self.expect(T::RightParen, "`,` or `)`")?;
        }
        let span = self.span_from(start);
        Some(Annotation { name, elements, annotations: Vec::new(), span })
    }

    /// All annotations that stand here, none of them `@app:`.
    pub(super) fn annotations(&mut self) -> Option<Vec<Annotation>> {
        let mut annotations = Vec::new();
        while self.at(T::At) {
            if self.at_app_annotation() {
                let span = self.token().span();
                let message = "an `@app` annotation stands behind other annotations";
                let hint = "move it to the top of the app, before all definitions";
                self.report(Problem::new("app-annotation-place", span, message).with_hint(hint));
                return None;
            }
            self.mark(Mark::Line);
            annotations.push(self.annotation()?);
        }
        Some(annotations)
    }

    fn annotation(&mut self) -> Option<Annotation> {
        let start = self.start();
        self.expect(T::At, "`@`")?;
        self.glue();
        let (name, _) = self.name("the name of an annotation after `@`")?;
        let (mut elements, mut annotations) = (Vec::new(), Vec::new());
        self.glue_paren();
        if self.eat(T::LeftParen) {
            self.list(|p| {
                if p.at(T::At) {
                    annotations.push(p.nested(Self::annotation)?);
                } else {
                    elements.push(p.annotation_element()?);
                }
                Some(())
            })?;
            self.expect(T::RightParen, "`,` or `)`")?;
        }
        Some(Annotation { name, elements, annotations, span: self.span_from(start) })
    }

    fn glue_paren(&mut self) {
        if self.at(T::LeftParen) {
            self.glue();
        }
    }

    fn annotation_element(&mut self) -> Option<AnnotationElement> {
        let start = self.start();
        let mut key = None;
        let string = matches!(self.peek(), T::Str | T::LongStr);
        if !string || self.nth(1) == T::Assign {
            key = Some(if string { self.string("a key")? } else { self.annotation_key()? });
            self.glue();
            self.expect(T::Assign, "`=` and a string")?;
            self.glue();
        }
        if !matches!(self.peek(), T::Str | T::LongStr) {
            let problem = self.unexpected_problem("a string");
            self.report(problem.with_hint("the values of annotations stand in quotes"));
            return None;
        }
        let value = self.string("a string")?;
        Some(AnnotationElement { key, value, span: self.span_from(start) })
    }

    /// `a.b-c:d`.
    fn annotation_key(&mut self) -> Option<String> {
        let (mut key, _) = self.name("a key, a string or an annotation")?;
        loop {
            let joint = match self.peek() {
                T::Dot => '.',
                T::Minus => '-',
                T::Colon => ':',
                _ => return Some(key),
            };
            self.glue();
            self.bump();
            self.glue();
            let (part, _) = self.name("the rest of a key")?;
            key.push(joint);
            key.push_str(&part);
        }
    }
}
