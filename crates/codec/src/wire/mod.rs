//! The primitives every shape is made of: numbers, text, bytes, counts and options.

mod error;
mod reader;
mod writer;

pub use error::DecodeError;
pub use reader::{Reader, TEXT_BYTES_MAX};
pub use writer::Writer;

#[cfg(test)]
mod tests;
