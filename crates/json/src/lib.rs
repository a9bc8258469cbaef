//! JSON text, its tree, and paths into it: what mappers and functions share.

mod path;
mod reader;
mod tree;

pub use path::{Path, Place};
pub use reader::{Dialect, Next, Reader, SyntaxError, line_and_column};
pub use tree::{Json, is_decimal, quote, quote_for_html, whole_value};
