//! Sources, sinks and mappers, each behind a feature.
//!
//! A host makes one [`Site`], reads each `@source` into an [`Inlet`] and each `@sink` into an
//! [`Outlet`], runs the inlets' sources with a [`Feed`] of its own, and delivers what the
//! outlets' encoders make. Nothing here knows the engine.

mod annotation;
mod broker;
mod builtin;
mod courier;
mod extension;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "in-memory")]
mod in_memory;
mod inlet;
mod mapper;
mod mappers;
mod options;
mod outlet;
mod payload;
mod problem;
mod retry;
mod sink;
#[cfg(feature = "log")]
mod sinks;
mod site;
mod source;
mod template;
#[cfg(test)]
mod testing;
mod text_value;

pub use annotation::{Annotation, Element, StreamInfo};
pub use broker::{Broker, Delivery, Published};
pub use builtin::{BUILTIN, find};
pub use courier::{Carried, Courier, Failed};
pub use extension::{
    Build, BuildSink, BuildSinkMapper, BuildSource, BuildSourceMapper, Extension, Need, Param,
};
#[cfg(feature = "http")]
pub use http::Listeners;
pub use inlet::{Decoder, Inlet};
pub use mapper::{
    AttributeMapping, Decoded, Encoded, MapError, Rows, SinkMapper, SinkMapperSpec, SourceMapper,
    SourceMapperSpec,
};
pub use options::{CheckedOptions, Options};
pub use outlet::{Encoder, Numbered, Outlet};
pub use payload::{ENTRY_TIME, Event, Message, Payload};
pub use problem::Problem;
pub use retry::Backoff;
pub use sink::{DeliverError, OnError, Outgoing, Setting, Sink, SinkSpec, Undelivered, output_id};
pub use site::{Doorkeeper, Site};
pub use source::{
    Ack, Feed, Intake, Later, Position, Receipt, Received, Refused, Source, SourceError,
    SourceSpec, SourceState, Stop, Stopper, stopper,
};
pub use template::Template;
pub use text_value::{NotOfType, text_value};
