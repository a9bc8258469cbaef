//! What turns messages into events and events into messages.

use std::ops::Range;

use weir_event::{Batch, BatchBuilder, Schema, Value};

use crate::annotation::{Element, StreamInfo};
use crate::options::Options;
use crate::payload::{Message, Payload};

/// Turns a message into events of one stream.
///
/// `decode` may be called from several threads at once.
pub trait SourceMapper: Send + Sync {
    /// Adds the message's events to `out`, and a failure for each event that could not be read;
    /// good events of a message stand even when others of it failed.
    fn decode(&self, message: &Message, out: &mut Decoded);

    /// Whether a transport property that is missing leaves a null rather than drop the event.
    fn allows_missing_properties(&self) -> bool {
        false
    }

    /// The next message is not the first of its source: it resumes after one that was read.
    fn resume(&self) {}

    /// Whether it takes binary payloads only.
    fn is_binary(&self) -> bool {
        false
    }
}

/// Turns the events of one chunk into messages.
pub trait SinkMapper: Send + Sync {
    /// Adds the messages for `rows` of `batch`, which belong to one chunk, to `out`.
    fn encode(&self, batch: &Batch, rows: Rows<'_>, out: &mut Encoded);

    /// The sink goes on behind messages that were sent before: a head of its own is out.
    fn resume(&self) {}
}

/// The rows of a batch that are mapped together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows<'a> {
    /// A chunk of one event: a message of its own.
    One(u32),
    /// Events of a larger chunk, even when only one of them is left: a list.
    Many(&'a [u32]),
}

impl Rows<'_> {
    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let (one, many) = match self {
            Self::One(row) => (Some(*row), [].as_slice()),
            Self::Many(rows) => (None, *rows),
        };
        one.into_iter().chain(many.iter().copied()).map(|row| row as usize)
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(rows) => rows.len(),
        }
    }
}

/// One event or message that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The message as a whole is not what the mapper reads.
    #[error("{reason}{}", place(*.at))]
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// Where: line and column, both from 1.
        at: Option<(usize, usize)>,
    },
    /// One event of the message does not fit the stream.
    #[error("{}{reason}", event_no(*.event))]
    Unfit {
        /// Which event of the message, from 0, where the message holds several.
        event: Option<usize>,
        /// What is wrong with it.
        reason: String,
    },
}

impl MapError {
    /// A message that the mapper cannot read, with no place to point at.
    #[must_use]
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into(), at: None }
    }

    /// The one event of a message does not fit.
    #[must_use]
    pub fn unfit(reason: impl Into<String>) -> Self {
        Self::Unfit { event: None, reason: reason.into() }
    }
}

fn place(at: Option<(usize, usize)>) -> String {
    at.map_or(String::new(), |(line, column)| format!(" at line {line}, column {column}"))
}

fn event_no(event: Option<usize>) -> String {
    event.map_or(String::new(), |event| format!("event {event} of the message: "))
}

/// The events of one message, and what could not be read of it.
#[derive(Debug)]
pub struct Decoded {
    batch: BatchBuilder,
    chunk_ends: Vec<u32>,
    failures: Vec<MapError>,
    /// Values from transport properties by place of their attribute; `None` drops the event.
    properties: Vec<(usize, Option<Value>)>,
}

impl Decoded {
    /// Room for events of these attributes.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self {
            batch: BatchBuilder::new(schema),
            chunk_ends: Vec::new(),
            failures: Vec::new(),
            properties: Vec::new(),
        }
    }

    /// What follows is of a message to whose every event its transport gives these values.
    pub(crate) fn start_message(&mut self, properties: Vec<(usize, Option<Value>)>) {
        self.properties = properties;
    }

    /// Whether something could not be read.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Adds one event to the open chunk; `row` is left empty.
    pub fn push(&mut self, timestamp: i64, row: &mut Vec<Value>) {
        for (place, value) in &self.properties {
            let Some(value) = value else {
                self.failures.push(MapError::unfit("a transport property is missing"));
                row.clear();
                return;
            };
            row[*place] = value.clone();
        }
        self.batch.push_row(timestamp, row.drain(..));
    }

    /// Ends the chunk; one without events is none.
    pub fn end_chunk(&mut self) {
        let end = u32::try_from(self.batch.len()).unwrap_or(u32::MAX);
        if self.chunk_ends.last().copied().unwrap_or(0) < end {
            self.chunk_ends.push(end);
        }
    }

    /// Notes what could not be read.
    pub fn fail(&mut self, failure: MapError) {
        self.failures.push(failure);
    }

    /// The number of events so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether there are no events so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The events, the row after each chunk's last, and what could not be read.
    #[must_use]
    pub fn finish(mut self) -> (Batch, Vec<u32>, Vec<MapError>) {
        self.end_chunk();
        (self.batch.finish(), self.chunk_ends, self.failures)
    }
}

/// The messages made of one chunk's events.
#[derive(Debug, Default)]
pub struct Encoded {
    /// Each message with the rows it was made of, in order.
    pub messages: Vec<(Payload, Range<usize>)>,
    /// Messages that failed their own check and are not sent.
    pub failures: Vec<MapError>,
}

impl Encoded {
    /// Adds a message made of `rows`, places in the list of rows given to the mapper.
    pub fn push(&mut self, payload: Payload, rows: Range<usize>) {
        self.messages.push((payload, rows));
    }
}

/// Which place in the message fills an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeMapping {
    /// The attribute's place in the stream.
    pub attribute: usize,
    /// Where to look, in the mapper's own words.
    pub path: String,
}

/// What a source mapper is made from.
#[derive(Debug)]
pub struct SourceMapperSpec<'a> {
    /// Its options.
    pub options: &'a Options,
    /// The stream it fills.
    pub stream: &'a StreamInfo,
    /// `@attributes`, without those that come from the transport; `None` is default mapping.
    pub attributes: Option<&'a [AttributeMapping]>,
    /// The type of the source it serves.
    pub source: &'a str,
}

/// What a sink mapper is made from.
#[derive(Debug)]
pub struct SinkMapperSpec<'a> {
    /// Its options.
    pub options: &'a Options,
    /// The stream it reads.
    pub stream: &'a StreamInfo,
    /// The elements of `@payload`; `None` is default mapping.
    pub payload: Option<&'a [Element]>,
    /// The type of the sink it serves.
    pub sink: &'a str,
}
