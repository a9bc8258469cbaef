//! The log of a node alone, kept in a database: what the loss of its disk does not lose.

mod tables;

pub use tables::{KeptHead, KeptLog};
