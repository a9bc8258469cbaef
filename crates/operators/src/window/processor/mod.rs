//! What takes the place of a stream for a while: like windows these hold events and let them go
//! later, but what they let go is the stream.

mod akslack;
mod coverage;
mod deduplicate;
mod kslack;
mod late;
mod list;

pub use list::{build_processor, processor_names};
