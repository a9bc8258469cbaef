//! What a connector or mapper says about itself; checks, help and docs come out of it.

use crate::mapper::{SinkMapper, SinkMapperSpec, SourceMapper, SourceMapperSpec};
use crate::problem::Problem;
use crate::sink::{Sink, SinkSpec};
use crate::source::{Source, SourceSpec};

/// A source, sink or mapper that an app can name.
#[derive(Debug)]
pub struct Extension {
    /// The word the user writes as `type`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The options it knows, in order of name.
    pub params: &'static [Param],
    /// What it is, and how one is made.
    pub build: Build,
}

/// One option.
#[derive(Debug)]
pub struct Param {
    /// Its key.
    pub name: &'static str,
    /// The type of its value, as the user thinks of it.
    pub ty: &'static str,
    /// Whether it may be left out.
    pub need: Need,
    /// Whether its value may hold `{{attribute}}`, taken from each event.
    pub dynamic: bool,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// Whether an option may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be there.
    Mandatory,
    /// Without it nothing is set.
    Optional,
    /// Without it this value holds.
    Default(&'static str),
}

impl Param {
    /// An option that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, ty: &'static str, about: &'static str) -> Self {
        Self { name, ty, need: Need::Optional, dynamic: false, about }
    }

    /// Whether `key` is this option; a name that ends in `.*` stands for all that start so.
    #[must_use]
    pub fn names(&self, key: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => self.name == key,
        }
    }

    /// The same, with a default.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.need = Need::Default(default);
        self
    }

    /// The same, which must be there.
    #[must_use]
    pub const fn mandatory(mut self) -> Self {
        self.need = Need::Mandatory;
        self
    }

    /// The same, with `{{attribute}}` allowed in it.
    #[must_use]
    pub const fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }
}

/// Makes a source from its options; no socket or file is opened yet.
pub type BuildSource = fn(&SourceSpec<'_>) -> Result<Box<dyn Source>, Problem>;
/// Makes a sink from its options; no socket or file is opened yet.
pub type BuildSink = fn(&SinkSpec<'_>) -> Result<Box<dyn Sink>, Problem>;
/// Makes a source's mapper from its options and mapping.
pub type BuildSourceMapper = fn(&SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem>;
/// Makes a sink's mapper from its options and payload.
pub type BuildSinkMapper = fn(&SinkMapperSpec<'_>) -> Result<Box<dyn SinkMapper>, Problem>;

/// What an extension is, and how one is made.
#[derive(Debug, Clone, Copy)]
pub enum Build {
    /// Brings messages in.
    Source(BuildSource),
    /// Sends messages out.
    Sink(BuildSink),
    /// Turns messages into events.
    SourceMapper(BuildSourceMapper),
    /// Turns events into messages.
    SinkMapper(BuildSinkMapper),
}

impl Build {
    /// What it is, in a word or two.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Sink(_) => "sink",
            Self::SourceMapper(_) => "source mapper",
            Self::SinkMapper(_) => "sink mapper",
        }
    }
}
