//! From the lease to open ports, in the order that operators know.

mod machine;
#[cfg(test)]
mod tests;
mod words;

pub use machine::Takeover;
pub use words::{RestoredApp, TakeoverAction, TakeoverInput};
