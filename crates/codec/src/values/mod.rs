//! Values, columns and batches as bytes.

mod column;
mod value;

pub use value::VALUE_DEPTH_MAX;

#[cfg(test)]
mod tests;
