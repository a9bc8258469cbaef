//! `json:`, values within JSON, which is text or an object.

mod change;
mod read;
mod text;
mod tokenize;
pub(super) mod words;

pub(super) use read::FUNCTIONS;
pub(crate) use text::{json_of, json_text};
pub(super) use tokenize::{tokenize, tokenize_as_object};
