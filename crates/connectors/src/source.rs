//! What brings messages in, and how it hands them to its host.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use weir_event::{Batch, Text};

use crate::annotation::StreamInfo;
use crate::inlet::Decoder;
use crate::mapper::MapError;
use crate::options::Options;
use crate::payload::Message;
use crate::site::Site;

/// A boxed future, so that traits with async methods can be objects.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Brings messages of one transport in.
pub trait Source: Send + Sync {
    /// Takes messages until `stop`, and hands each to `intake`; starts after `from`.
    ///
    /// It may be run again after it returned, when the node becomes active again. What it can
    /// wait out (a port that is held, a file that is not there yet) it reports as
    /// [`SourceState::Retrying`] and waits out.
    fn run<'a>(
        &'a self,
        intake: Intake,
        from: Option<Position>,
        stop: Stop,
    ) -> Later<'a, Result<(), SourceError>>;
}

/// What a source is made from.
#[derive(Debug)]
pub struct SourceSpec<'a> {
    /// Its options.
    pub options: &'a Options,
    /// The stream it fills.
    pub stream: &'a StreamInfo,
    /// The transport properties that the mapping asks for, in order.
    pub properties: &'a [String],
    /// The type of its mapper.
    pub mapper: &'a str,
    /// What it shares with others of its process.
    pub site: &'a Site,
}

/// Where a source is in what it reads, in its own words; bytes that survive a takeover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(pub Bytes);

/// Events that arrived together.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The events; those stamped [`crate::ENTRY_TIME`] take the time of their entry.
    pub batch: Batch,
    /// The row after each chunk's last.
    pub chunk_ends: Vec<u32>,
    /// What could not be read of the message, for the source's `on.error`.
    pub failures: Vec<MapError>,
    /// The message itself, where some of it could not be read.
    pub raw: Option<Message>,
    /// Where the source stands once these are taken.
    pub position: Option<Position>,
    /// The name by which the sender will send the same events again if it hears no answer.
    pub idempotency_key: Option<Text>,
}

/// The host's side of a source.
///
/// One feed serves one source; calls may overlap, and are taken in the order they were made.
pub trait Feed: Send + Sync + 'static {
    /// Hands events over; the future resolves once they are acknowledged, which is when the
    /// source may tell its sender that they will not be lost.
    fn send(&self, received: Received) -> Later<'_, Result<Ack, Refused>>;

    /// Tells how the source is, for status and logs.
    fn state(&self, state: SourceState);
}

/// Events are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ack {
    /// They were taken now.
    Taken,
    /// Their idempotency key was seen before; they were taken then.
    TakenBefore,
}

/// Why the host did not take events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// This node may not take events now; another may, or this one later.
    #[error("this node is not active")]
    NotActive,
    /// Nothing can be acknowledged for now; sending again later may work.
    #[error("events cannot be acknowledged now: {reason}")]
    Busy {
        /// What is in the way.
        reason: String,
    },
    /// The app took these events and cannot process them; sending again cannot help.
    #[error("the app refused the events: {reason}")]
    Invalid {
        /// What is wrong with them.
        reason: String,
    },
}

/// How a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// It takes messages there.
    Open {
        /// The place: an address, a path, a topic.
        at: String,
    },
    /// It waits for something to come right.
    Retrying {
        /// What it could not do, and why.
        cause: String,
        /// How long it waits.
        after: Duration,
    },
    /// It ended as asked.
    Closed,
}

/// Why a source gave up; running it again as it is cannot help.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Another source of this process has the same place.
    #[error("another source already takes `{place}`")]
    Taken {
        /// The place.
        place: String,
    },
    /// What it reads is not what it was told to read.
    #[error("{reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
    },
}

/// A source's way in: decodes each message and hands its events to the host.
#[derive(Clone)]
pub struct Intake {
    decoder: Arc<Decoder>,
    feed: Arc<dyn Feed>,
}

/// What became of a message that the host took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it was taken now or before.
    pub ack: Ack,
    /// The number of events taken.
    pub events: usize,
    /// What could not be read of it.
    pub failures: Vec<MapError>,
}

impl Intake {
    /// Joins a decoder to its host.
    #[must_use]
    pub fn new(decoder: Arc<Decoder>, feed: Arc<dyn Feed>) -> Self {
        Self { decoder, feed }
    }

    /// Decodes a message and waits until its events are acknowledged.
    ///
    /// # Errors
    ///
    /// The host did not take them.
    pub async fn take(
        &self,
        message: Message,
        position: Option<Position>,
        idempotency_key: Option<Text>,
    ) -> Result<Receipt, Refused> {
        let (batch, chunk_ends, failures) = self.decoder.decode(&message);
        let events = batch.len();
        let raw = if failures.is_empty() { None } else { Some(message) };
        let received = Received {
            batch,
            chunk_ends,
            failures: failures.clone(),
            raw,
            position,
            idempotency_key,
        };
        let ack = self.feed.send(received).await?;
        Ok(Receipt { ack, events, failures })
    }

    /// The decoder, for a source that gathers several messages into one hand-over.
    #[must_use]
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Hands decoded events over and waits until they are acknowledged.
    ///
    /// # Errors
    ///
    /// The host did not take them.
    pub async fn send(&self, received: Received) -> Result<Ack, Refused> {
        self.feed.send(received).await
    }

    /// Tells the host how the source is.
    pub fn state(&self, state: SourceState) {
        self.feed.state(state);
    }
}

/// Asks sources to end.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Hears when a source shall end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A stopper and what hears it; a stopper that is dropped stops as well.
#[must_use]
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks everything that holds the matching [`Stop`] to end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Resolves once it is time to end.
    pub async fn wait(&mut self) {
        // An error means the stopper is gone: that is a stop too.
        drop(self.0.wait_for(|stopped| *stopped).await);
    }

    /// Whether it is time to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
