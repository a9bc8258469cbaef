//! The doors of the layout.

use super::layout::lay_out;
use crate::parse::Parser;
use crate::problem::Problem;

/// Lays out an app: the same tokens in the same order, keywords in lower case, with all comments,
/// a line for each clause and an empty line around what takes several.
///
/// # Errors
///
/// The problems of a text that is no app; nothing is laid out then.
pub fn format_source(text: &str) -> Result<String, Vec<Problem>> {
    laid_out(text, |parser| {
        parser.app();
    })
}

/// Lays out an app that the printer made, if it is one.
pub(crate) fn lay_out_app(text: &str) -> Option<String> {
    format_source(text).ok()
}

/// Lays out a query that the printer made, if it is one.
pub(crate) fn lay_out_query(text: &str) -> Option<String> {
    let laid_out = laid_out(text, |parser| {
        parser.only_query();
    });
    laid_out.ok().map(|it| it.trim_end().to_owned())
}

/// Lays out an on-demand query that the printer made, if it is one.
pub(crate) fn lay_out_on_demand(text: &str) -> Option<String> {
    let laid_out = laid_out(text, |parser| {
        parser.on_demand();
    });
    laid_out.ok().map(|it| it.trim_end().to_owned())
}

fn laid_out(text: &str, read: impl FnOnce(&mut Parser<'_>)) -> Result<String, Vec<Problem>> {
    let (mut parser, comments) = Parser::marking(text);
    read(&mut parser);
    let marked = parser.marked(comments);
    if marked.problems.is_empty() { Ok(lay_out(text, &marked)) } else { Err(marked.problems) }
}
