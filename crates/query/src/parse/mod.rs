//! Tokens to a tree: recursive descent, a file for each part of the language.

mod annotation;
mod app;
mod cursor;
mod definition;
mod entry;
mod execution;
mod expression;
mod input;
mod literal;
mod on_demand;
mod output;
mod selection;
mod state;

pub(crate) use cursor::{Mark, Marked, Parser};
pub use cursor::{NESTING_MAX, TEXT_BYTES_MAX};
pub use entry::{parse_app, parse_expression, parse_on_demand};
pub use expression::EXPRESSION_HEIGHT_MAX;
