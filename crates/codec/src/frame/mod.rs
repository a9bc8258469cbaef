//! Event sync on the wire: frames, the stream they are cut from, and the messages within.

mod build;
mod envelope;
mod message;
mod stream;

pub use build::{Build, Protocols};
pub use envelope::{FRAME_BYTES_MAX, Frame, HANDSHAKE_BYTES_MAX};
pub use message::{Message, PROOF_BYTES, Refusal};
pub use stream::FrameStream;

#[cfg(test)]
mod tests;
