//! JSONPath, in the dialect of the original: where in a message a value is.

mod filter;
mod parse;
mod steps;

pub(crate) use steps::Path;
