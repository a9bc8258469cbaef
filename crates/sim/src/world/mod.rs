//! The world that the pair lives in, and what happens there.

mod carry;
mod clockwork;
mod duties;
mod mishaps;
mod outcome;

pub use clockwork::run;
pub use outcome::{Mutant, Outcome, Setup, Stats, Weather};
