//! The state of an app as bytes, and back.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::OutputNo;

use crate::app::App;
use crate::errors::ErrorStore;
use crate::timer::Timers;

const VERSION: u8 = 1;

/// Why a state cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// It is the state of another text: the queries differ.
    OtherApp {
        /// What the state has at this place.
        saved: String,
        /// What the app has.
        has: String,
    },
    /// The bytes are damaged or of a build that cannot be read.
    Decode(DecodeError),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherApp { saved, has } => write!(
                f,
                "the saved state belongs to another text: it has `{saved}` where the app has \
                 `{has}`\nhint: start the app with the text it was saved with, or without its state"
            ),
            Self::Decode(_) => f.write_str("the saved state cannot be read"),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OtherApp { .. } => None,
            Self::Decode(error) => Some(error),
        }
    }
}

impl From<DecodeError> for LoadError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl App {
    /// The whole state: what [`Self::load`] turns an app of the same text into.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u8(VERSION);
        w.bool(self.started);
        w.i64(self.clock);
        w.i64(self.wall);
        w.i64(self.last_event);
        self.timers.save(&mut w);
        self.wall_timers.save(&mut w);
        w.len(self.taps.len());
        for tap in &self.taps {
            w.u64(tap.next.0);
        }
        w.len(self.queries.len());
        for query in &self.queries {
            part(&mut w, &query.name, |w| query.save(w));
        }
        w.len(self.windows.len());
        for (window, plan) in self.windows.iter().zip(&self.plan.windows) {
            part(&mut w, &plan.name, |w| window.save(w));
        }
        w.len(self.tables.len());
        for (table, plan) in self.tables.iter().zip(&self.plan.tables) {
            part(&mut w, &plan.name, |w| table.save(w));
        }
        w.len(self.partitions.len());
        for (at, partition) in self.partitions.iter().enumerate() {
            part(&mut w, &format!("partition_{}", at + 1), |w| partition.save(w));
        }
        w.len(self.aggregations.len());
        for (aggregation, plan) in self.aggregations.iter().zip(&self.plan.aggregations) {
            part(&mut w, &plan.name, |w| aggregation.save(w));
        }
        part(&mut w, "stored errors", |w| self.errors.save(w));
        w.into_bytes()
    }

    /// Takes the place of the app that was saved. Listeners keep their numbers where they were
    /// added in the same order.
    ///
    /// # Errors
    ///
    /// The state is not one of this app; the app must not be used further.
    pub fn load(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        if version != VERSION {
            return Err(LoadError::Decode(DecodeError::UnknownVersion {
                what: "app state",
                version: u64::from(version),
                newest: u64::from(VERSION),
            }));
        }
        self.started = r.bool()?;
        self.clock = r.i64()?;
        self.wall = r.i64()?;
        self.last_event = r.i64()?;
        self.timers = Timers::load(&mut r)?;
        self.wall_timers = Timers::load(&mut r)?;
        for at in 0..r.len()? {
            let next = OutputNo(r.u64()?);
            if let Some(tap) = self.taps.get_mut(at) {
                tap.next = next;
            }
        }
        same_count(&mut r, "queries", self.queries.len())?;
        for query in &mut self.queries {
            let name = query.name.clone();
            read_part(&mut r, &name, |r| query.load(r))?;
        }
        same_count(&mut r, "named windows", self.windows.len())?;
        for (window, plan) in self.windows.iter_mut().zip(&self.plan.windows) {
            read_part(&mut r, &plan.name, |r| window.load(r))?;
        }
        same_count(&mut r, "tables", self.tables.len())?;
        for (table, plan) in self.tables.iter_mut().zip(&self.plan.tables) {
            read_part(&mut r, &plan.name, |r| table.load(r))?;
        }
        same_count(&mut r, "partitions", self.partitions.len())?;
        for (at, partition) in self.partitions.iter_mut().enumerate() {
            read_part(&mut r, &format!("partition_{}", at + 1), |r| partition.load(r))?;
        }
        same_count(&mut r, "aggregations", self.aggregations.len())?;
        for (aggregation, plan) in self.aggregations.iter_mut().zip(&self.plan.aggregations) {
            read_part(&mut r, &plan.name, |r| aggregation.load(r))?;
        }
        let plan = &self.plan;
        let errors = &mut self.errors;
        read_part(&mut r, "stored errors", |r| {
            *errors = ErrorStore::load(r, plan)?;
            Ok(())
        })?;
        Ok(r.finish()?)
    }
}

fn part(w: &mut Writer, name: &str, body: impl FnOnce(&mut Writer)) {
    w.str(name);
    let mut inner = Writer::new();
    body(&mut inner);
    w.bytes(inner.as_bytes());
}

fn read_part(
    r: &mut Reader<'_>,
    name: &str,
    body: impl FnOnce(&mut Reader<'_>) -> Result<(), DecodeError>,
) -> Result<(), LoadError> {
    let saved = r.str()?;
    if saved != name {
        return Err(LoadError::OtherApp { saved: saved.to_owned(), has: name.to_owned() });
    }
    let mut inner = Reader::new(r.bytes()?);
    body(&mut inner)?;
    Ok(inner.finish()?)
}

fn same_count(r: &mut Reader<'_>, what: &str, has: usize) -> Result<(), LoadError> {
    let saved = r.len()?;
    if saved == has {
        return Ok(());
    }
    let say = |count: usize| format!("{count} {what}");
    Err(LoadError::OtherApp { saved: say(saved), has: say(has) })
}
