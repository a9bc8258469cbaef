//! Cuts frames out of a stream of bytes that arrives in pieces.

use bytes::BytesMut;

use super::envelope::{Frame, HANDSHAKE_BYTES_MAX, HEADER_BYTES, Header};
use crate::wire::DecodeError;

/// Frames out of bytes as they arrive.
///
/// Holds at most one frame that is not whole, beside what was pushed and not yet taken. After
/// an error there is no way to find the next frame: it is answered from then on, and the
/// connection has to go.
#[derive(Debug)]
pub struct FrameStream {
    held: BytesMut,
    payload_bytes_max: usize,
    failed: Option<DecodeError>,
}

impl Default for FrameStream {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameStream {
    /// A stream that takes frames of up to [`HANDSHAKE_BYTES_MAX`] until told otherwise.
    #[must_use]
    pub fn new() -> Self {
        let held = BytesMut::new();
        Self { held, payload_bytes_max: HANDSHAKE_BYTES_MAX, failed: None }
    }

    /// Takes frames of up to `payload_bytes_max` from here on.
    pub fn set_limit(&mut self, payload_bytes_max: usize) {
        self.payload_bytes_max = payload_bytes_max;
    }

    /// Takes in bytes as they arrived; then call [`Self::next_frame`] until it has no more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Whether a frame has begun that is not whole: a stream that ends here was cut.
    #[must_use]
    pub fn is_inside_frame(&self) -> bool {
        !self.held.is_empty()
    }

    /// The next whole frame; `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// When the bytes are no frame, a damaged one, one of a newer build, or one above the
    /// limit; the same again on every later call.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DecodeError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let found = self.cut();
        if let Err(failed) = &found {
            self.failed = Some(failed.clone());
            self.held = BytesMut::new();
        }
        found
    }

    fn cut(&mut self) -> Result<Option<Frame>, DecodeError> {
        let Some(header) = Header::opt_read(&self.held, self.payload_bytes_max)? else {
            return Ok(None);
        };
        let whole = HEADER_BYTES + header.len;
        if self.held.len() < whole {
            self.held.reserve(whole - self.held.len());
            return Ok(None);
        }
        header.take(&mut self.held).map(Some)
    }
}
