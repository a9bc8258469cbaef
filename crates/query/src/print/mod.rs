//! A tree back to text that reads as the same tree.

mod definition;
mod expression;
mod input;
mod name;
mod query;

use crate::format::{lay_out_app, lay_out_on_demand, lay_out_query};
use crate::tree::{App, Expr, OnDemandQuery, Query};

/// The text of an app, a line for each clause.
pub fn print_app(app: &App) -> String {
    let mut text = String::new();
    definition::app(&mut text, app);
    lay_out_app(&text).unwrap_or(text)
}

/// The text of a query, a line for each clause, without `;`.
pub fn print_query(query: &Query) -> String {
    let mut text = String::new();
    query::query(&mut text, query);
    lay_out_query(&text).unwrap_or(text)
}

/// The text of an on-demand query, a line for each clause, without `;`.
pub fn print_on_demand(query: &OnDemandQuery) -> String {
    let mut text = String::new();
    query::on_demand(&mut text, query);
    lay_out_on_demand(&text).unwrap_or(text)
}

/// The text of an expression, on one line.
pub fn print_expr(expr: &Expr) -> String {
    let mut text = String::new();
    expression::expr(&mut text, expr);
    text
}
