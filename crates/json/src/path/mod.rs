//! JSONPath, in the dialect of the original: where in a message a value is.

mod filter;
mod parse;
mod place;
mod steps;

pub use place::Place;
pub use steps::Path;
