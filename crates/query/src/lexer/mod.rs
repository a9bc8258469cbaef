//! Text to tokens: total, one pass, no copies.

mod scan;
mod token;

pub(crate) use scan::{Scanned, scan};
pub(crate) use token::{Flaw, K, T, Token};
