//! What sends messages out, and what it says when it cannot.

use std::time::Duration;

use weir_event::{Epoch, OutputNo, Text};

use crate::annotation::StreamInfo;
use crate::options::Options;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::site::Site;
use crate::source::Later;

/// Sends messages of one sink out.
pub trait Sink: Send {
    /// Sends messages in order, each once, and returns when all have arrived as far as the
    /// protocol can say.
    ///
    /// A call after a failure connects again where that is needed.
    ///
    /// # Errors
    ///
    /// The first message that could not be delivered, and how many before it were.
    fn deliver<'a>(&'a mut self, messages: &'a [Outgoing]) -> Later<'a, Result<(), Undelivered>>;
}

/// One message on its way out, with the number that makes it known on a second try.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The content.
    pub payload: Payload,
    /// The values of the options that change from event to event, in the encoder's order.
    pub options: Vec<Text>,
    /// The epoch of the log entry it comes from.
    pub epoch: Epoch,
    /// The number of its first row: with epoch, app and sink, its public id.
    pub no: OutputNo,
    /// The number of its last row.
    pub last: OutputNo,
    /// Which destination of a distributed sink takes it; 0 where there is one.
    pub destination: usize,
}

/// How far a delivery came.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Undelivered {
    /// The number of messages, from the first, that were delivered.
    pub delivered: usize,
    /// Why the next was not.
    #[source]
    pub error: DeliverError,
}

/// Why a sink could not deliver a message.
///
/// The variant tells the runtime what to do next; the message tells the person who runs the
/// server.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The far side is away; the message is whole and may be sent again.
    #[error("could not reach `{endpoint}`: {reason}")]
    Unreachable {
        /// The far side.
        endpoint: String,
        /// What happened.
        reason: String,
        /// How long the far side asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The far side read the message and refused it; sending it again cannot help.
    #[error("`{endpoint}` refused the message: {reason}")]
    Refused {
        /// The far side.
        endpoint: String,
        /// What it said.
        reason: String,
    },
}

/// What becomes of an event that a sink could not deliver or a source could not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Log it and go on.
    #[default]
    Log,
    /// Wait, try again, and hold everything behind it.
    Wait,
    /// Hand it to the stream's fault handling.
    Stream,
    /// Keep it in the error store.
    Store,
}

impl OnError {
    /// Reads the value of `on.error`, in any case.
    ///
    /// # Errors
    ///
    /// It is none of the four.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text.trim().to_ascii_uppercase().as_str() {
            "LOG" => Ok(Self::Log),
            "WAIT" => Ok(Self::Wait),
            "STREAM" => Ok(Self::Stream),
            "STORE" => Ok(Self::Store),
            _ => Err(Problem::new(format!("`on.error` cannot be `{text}`"))
                .hint("write LOG, WAIT, STREAM or STORE")),
        }
    }
}

/// What a sink is made from.
#[derive(Debug)]
pub struct SinkSpec<'a> {
    /// Its options that hold for every event.
    pub options: &'a Options,
    /// The names of its options that change from event to event, in the order of
    /// [`Outgoing::options`].
    pub per_event: &'a [String],
    /// The stream it reads.
    pub stream: &'a StreamInfo,
    /// The type of its mapper.
    pub mapper: &'a str,
    /// What it shares with others of its process.
    pub site: &'a Site,
}

impl SinkSpec<'_> {
    /// An option that may be fixed or made from each event.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Setting> {
        if let Some(place) = self.per_event.iter().position(|it| it == name) {
            return Some(Setting::PerEvent(place));
        }
        self.options.get(name).map(|value| Setting::Fixed(Text::from(value)))
    }
}

/// An option of a sink: one value for all events, or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// The same for all.
    Fixed(Text),
    /// At this place of [`Outgoing::options`].
    PerEvent(usize),
}

impl Setting {
    /// The value for a message.
    #[must_use]
    pub fn value<'a>(&'a self, message: &'a Outgoing) -> &'a str {
        match self {
            Self::Fixed(value) => value,
            Self::PerEvent(place) => message.options.get(*place).map_or("", Text::as_str),
        }
    }
}

/// The public id of an output: the same on every node and every replay.
#[must_use]
pub fn output_id(stream: &StreamInfo, message: &Outgoing) -> String {
    format!("{}-{}-{}-{}", message.epoch.0, stream.app, stream.element, message.no.0)
}
