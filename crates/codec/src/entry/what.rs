//! What an entry brings, as bytes and back.

use weir_event::{Batch, OutputNo, Text};

use super::RawEntry;
use crate::wire::{DecodeError, Reader, Writer};

/// The newest shape of an entry's content.
const VERSION: u8 = 1;

const EVENTS: u8 = 1;
const TICK: u8 = 2;
const DEPLOY: u8 = 3;
const UNDEPLOY: u8 = 4;
const QUERY: u8 = 5;
const RESTORE: u8 = 6;
const ANSWER: u8 = 7;
const MARKS: u8 = 8;

/// What an entry brings to the apps.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Events of one receive.
    Events(Events),
    /// Time moves on; due timers fire.
    Tick,
    /// An app starts, or a new version of it.
    Deploy {
        /// The app's name.
        app: Text,
        /// Rises with each deployment of the app.
        version: u64,
        /// Its text.
        text: Text,
    },
    /// An app goes.
    Undeploy {
        /// The app's name.
        app: Text,
    },
    /// An operator changes state from outside by an on-demand query.
    Query {
        /// The app's name.
        app: Text,
        /// The query.
        text: Text,
    },
    /// An operator puts an app back to an earlier state.
    Restore {
        /// The app's name.
        app: Text,
        /// The revision to go back to.
        revision: Text,
    },
    /// An answer that cannot be asked for again, recorded when it arrived.
    Answer(Answer),
    /// How far sinks have confirmed; the apps do not see it.
    Marks(Vec<Mark>),
}

/// A delivered mark: all outputs of a sink up to a number are confirmed or given up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The app.
    pub app: Text,
    /// The sink, unique within the app.
    pub sink: Text,
    /// The highest output number below and at which nothing is open.
    pub through: OutputNo,
}

/// Events of one receive: one chunk for the streams that take it.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// The app they are for.
    pub app: Text,
    /// The source that received them, unique within the app.
    pub source: Text,
    /// The stream they go into.
    pub stream: Text,
    /// The events.
    pub batch: Batch,
    /// Where the source stands after them, in its own terms (an offset).
    pub position: Option<Vec<u8>>,
    /// What the sender named them by, so that sending again does nothing.
    pub idempotency_key: Option<Text>,
}

/// An answer of a database or an HTTP call inside a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The app that asked.
    pub app: Text,
    /// The number of the call within the app.
    pub call: u64,
    /// What came.
    pub answered: Answered,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// Rows, possibly none.
    Rows(Batch),
    /// It failed, with these words.
    Failed(Text),
}

/// Which apps an entry concerns: it may go once all of them have a snapshot after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerns {
    /// All of them.
    Every,
    /// This one.
    App(Text),
}

impl Concerns {
    /// Reads which apps the content of an entry concerns, and no more of it.
    ///
    /// # Errors
    ///
    /// When the content is not well formed so far, or was written by a newer build.
    pub fn of(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(payload);
        match kind(&mut r)? {
            TICK | DEPLOY | UNDEPLOY | MARKS => Ok(Self::Every),
            EVENTS | QUERY | RESTORE | ANSWER => r.text().map(Self::App),
            tag => Err(unknown(tag)),
        }
    }
}

fn kind(r: &mut Reader<'_>) -> Result<u8, DecodeError> {
    match r.u8()? {
        VERSION => r.u8(),
        version => Err(DecodeError::UnknownVersion {
            what: "entry",
            version: u64::from(version),
            newest: u64::from(VERSION),
        }),
    }
}

fn unknown(tag: u8) -> DecodeError {
    DecodeError::UnknownTag { what: "entry", tag: u64::from(tag) }
}

impl What {
    /// The content as bytes: version, kind, the app, then the rest.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u8(VERSION);
        match self {
            Self::Events(events) => {
                w.u8(EVENTS);
                events.encode(&mut w);
            }
            Self::Tick => w.u8(TICK),
            Self::Deploy { app, version, text } => {
                w.u8(DEPLOY);
                w.str(app);
                w.var_u64(*version);
                w.str(text);
            }
            Self::Undeploy { app } => {
                w.u8(UNDEPLOY);
                w.str(app);
            }
            Self::Query { app, text } => {
                w.u8(QUERY);
                w.str(app);
                w.str(text);
            }
            Self::Restore { app, revision } => {
                w.u8(RESTORE);
                w.str(app);
                w.str(revision);
            }
            Self::Answer(answer) => {
                w.u8(ANSWER);
                answer.encode(&mut w);
            }
            Self::Marks(marks) => {
                w.u8(MARKS);
                w.marks(marks);
            }
        }
        w.into_bytes()
    }

    /// The content that [`Self::encode`] wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are not well formed, or were written by a newer build.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(payload);
        let what = match kind(&mut r)? {
            EVENTS => Self::Events(Events::decode(&mut r)?),
            TICK => Self::Tick,
            DEPLOY => Self::Deploy { app: r.text()?, version: r.var_u64()?, text: r.text()? },
            UNDEPLOY => Self::Undeploy { app: r.text()? },
            QUERY => Self::Query { app: r.text()?, text: r.text()? },
            RESTORE => Self::Restore { app: r.text()?, revision: r.text()? },
            ANSWER => Self::Answer(Answer::decode(&mut r)?),
            MARKS => Self::Marks(r.marks()?),
            tag => return Err(unknown(tag)),
        };
        r.finish()?;
        Ok(what)
    }
}

impl RawEntry {
    /// Whether it begins or ends an app or gives it another text, without reading it.
    #[must_use]
    pub fn changes_apps(&self) -> bool {
        kind(&mut Reader::new(&self.payload)).is_ok_and(|it| it == DEPLOY || it == UNDEPLOY)
    }

    /// The delivered marks it brings, if it is of that kind.
    ///
    /// # Errors
    ///
    /// As [`What::decode`].
    pub fn marks(&self) -> Result<Option<Vec<Mark>>, DecodeError> {
        let mut r = Reader::new(&self.payload);
        if kind(&mut r)? != MARKS {
            return Ok(None);
        }
        let marks = r.marks()?;
        r.finish()?;
        Ok(Some(marks))
    }
}

impl Events {
    fn encode(&self, w: &mut Writer) {
        w.str(&self.app);
        w.str(&self.source);
        w.str(&self.stream);
        w.option(self.position.as_deref(), Writer::bytes);
        w.option(self.idempotency_key.as_deref(), Writer::str);
        w.batch(&self.batch);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            app: r.text()?,
            source: r.text()?,
            stream: r.text()?,
            position: r.option(|r| r.bytes().map(<[u8]>::to_vec))?,
            idempotency_key: r.option(Reader::text)?,
            batch: r.batch()?,
        })
    }
}

impl Answer {
    fn encode(&self, w: &mut Writer) {
        w.str(&self.app);
        w.var_u64(self.call);
        match &self.answered {
            Answered::Rows(rows) => {
                w.bool(true);
                w.batch(rows);
            }
            Answered::Failed(why) => {
                w.bool(false);
                w.str(why);
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (app, call) = (r.text()?, r.var_u64()?);
        let answered =
            if r.bool()? { Answered::Rows(r.batch()?) } else { Answered::Failed(r.text()?) };
        Ok(Self { app, call, answered })
    }
}

impl Writer {
    /// Delivered marks with their count.
    pub fn marks(&mut self, marks: &[Mark]) {
        self.len(marks.len());
        for mark in marks {
            self.str(&mark.app);
            self.str(&mark.sink);
            self.u64(mark.through.0);
        }
    }
}

impl Reader<'_> {
    /// Delivered marks with their count.
    ///
    /// # Errors
    ///
    /// As [`Reader::str`].
    pub fn marks(&mut self) -> Result<Vec<Mark>, DecodeError> {
        let count = self.len_of(10)?;
        let mark = |r: &mut Self| {
            Ok(Mark { app: r.text()?, sink: r.text()?, through: OutputNo(r.u64()?) })
        };
        (0..count).map(|_| mark(self)).collect()
    }
}
