//! The doors of the parser.

use super::cursor::Parser;
use crate::lexer::T;
use crate::problem::Problem;
use crate::tree::{App, Expr, OnDemandQuery};

/// Reads an app.
///
/// There is always a tree: it holds every statement that could be read. Where the list of problems
/// is empty the reference's grammar takes the text too.
pub fn parse_app(text: &str) -> (App, Vec<Problem>) {
    let mut parser = Parser::new(text);
    let app = parser.app();
    (app, parser.problems())
}

/// Reads an on-demand query. Without problems there is a tree; it may end in `;`.
pub fn parse_on_demand(text: &str) -> (Option<OnDemandQuery>, Vec<Problem>) {
    let mut parser = Parser::new(text);
    let query = parser.on_demand();
    (query, parser.problems())
}

/// Reads an expression, such as the text of an expression window. Without problems there is a
/// tree. What follows the expression is a problem.
pub fn parse_expression(text: &str) -> (Option<Expr>, Vec<Problem>) {
    let mut parser = Parser::new(text);
    let expr = parser.expr();
    if expr.is_some() && !parser.at(T::Eof) {
        parser.unexpected("an operator or the end of the expression");
    }
    (expr, parser.problems())
}
