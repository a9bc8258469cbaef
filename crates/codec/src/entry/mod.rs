//! Log entries: who they are (epoch, seq), when, and what they bring.

mod id;
mod raw;
mod what;

pub use id::{EntryId, LogId};
pub use raw::{ENTRY_BYTES_MAX, RawEntry};
pub use what::{Answer, Answered, Concerns, Events, Mark, What};

#[cfg(test)]
mod tests;
