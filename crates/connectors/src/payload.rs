//! What travels between transports and mappers.

use bytes::Bytes;
use weir_event::{Text, Value};

/// One message of a transport, in the shape that the mapper takes or makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// Text.
    Text(Text),
    /// Raw bytes.
    Bytes(Bytes),
    /// Named values, in order.
    Map(Vec<(Text, Value)>),
    /// One event, unmapped.
    Event(Event),
    /// The events of one chunk, unmapped.
    Events(Vec<Event>),
    /// Any other single value.
    Value(Value),
}

/// One event as it stands: its time and its values in the order of the stream's attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it happened, or [`ENTRY_TIME`].
    pub timestamp: i64,
    /// Its values.
    pub data: Vec<Value>,
}

/// The timestamp of an event that takes the time of the log entry it arrives in.
pub const ENTRY_TIME: i64 = -1;

impl Payload {
    /// What kind of message this is, for messages to people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Map(_) => "a map",
            Self::Event(_) => "an event",
            Self::Events(_) => "events",
            Self::Value(_) => "a value",
        }
    }
}

/// A payload with what its transport said beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The content.
    pub payload: Payload,
    /// The transport properties that the mapping asked for (`trp:`), in the order it asked.
    pub properties: Vec<Option<Value>>,
}

impl Message {
    /// A message without transport properties.
    #[must_use]
    pub fn new(payload: Payload) -> Self {
        Self { payload, properties: Vec::new() }
    }
}
