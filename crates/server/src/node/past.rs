//! An app's state as it was before an entry, made anew of its last snapshot and the log.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use weir_codec::{Concerns, EntryId, Events, RawEntry, What};
use weir_engine::Level;
use weir_event::Text;

use super::app::AppThread;
use super::door::{Shelf, ShelfError};
use super::keys::Keys;
use super::machine::{AppText, At, LoadFailure, Machine, Maker, Output, Outputs, Step};
use super::saved::Saved;

/// Where an app's past is found.
pub(crate) struct Past {
    pub(crate) maker: Maker,
    pub(crate) text: AppText,
    pub(crate) shelf: Arc<dyn Shelf>,
    /// Where the log began when the app was started.
    pub(crate) base: EntryId,
}

/// An app's machine while it is brought up to an entry; what it makes is dropped.
struct Anew {
    name: Text,
    machine: Box<dyn Machine>,
    keys: BTreeMap<Text, Keys>,
    after: EntryId,
}

impl AppThread {
    /// Executes entries one after the other, after it has failed to execute them together: with
    /// the state of before them, made anew. The app stops at the entry that fails again; if none
    /// does, it goes on.
    pub(super) fn one_by_one(&mut self, ids: &[EntryId], panic: &(dyn Any + Send)) {
        let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else { return };
        let why = told(panic);
        tracing::warn!(
            app = self.machine.name(),
            "entries {first}..={last} failed together and are executed one by one: {why}"
        );
        let made = catch_unwind(AssertUnwindSafe(|| self.before(first, last)));
        let entries = match made {
            Ok(Ok(entries)) => entries,
            Ok(Err(ShelfError(error))) => return self.fail(last, &format!("{why}; {error}")),
            Err(panic) => return self.fail(last, &format!("{why}; {}", told(&*panic))),
        };
        for (at, events) in entries {
            if self.has_failed() {
                return;
            }
            if ids.binary_search(&at.id()).is_ok() {
                self.guarded(at, |this| this.events(at, &events));
            }
        }
        if !self.has_failed() {
            let app = self.machine.name();
            tracing::error!(app, "entries {first}..={last} fail only together: {why}");
        }
    }

    /// Puts the state of before `first` in place; gives the events from there to `last`.
    fn before(&mut self, first: EntryId, last: EntryId) -> Result<Vec<(At, Events)>, ShelfError> {
        let Some(past) = &self.past else {
            return Err(ShelfError("the entries before are not at hand".to_owned()));
        };
        let mut anew = Anew::start(past)?;
        let (mut entries, mut wrong) = (Vec::new(), None);
        past.shelf.read(anew.after, last, &mut |entry| {
            let done = if entry.id < first {
                anew.execute(&entry)
            } else {
                anew.concerned(&entry).map(|what| {
                    if let Some(What::Events(events)) = what {
                        entries.push((at_of(&entry), events));
                    }
                })
            };
            wrong = done.err();
            wrong.is_none()
        })?;
        if let Some(error) = wrong {
            return Err(error);
        }
        self.machine = anew.machine;
        Ok(entries)
    }
}

impl Anew {
    fn start(past: &Past) -> Result<Self, ShelfError> {
        let mut machine = (past.maker)(&past.text).map_err(ShelfError)?;
        let (mut keys, mut after) = (BTreeMap::<Text, Keys>::new(), past.base);
        if let Some(snapshot) = past.shelf.last_snapshot(&past.text.name)? {
            after = snapshot.at;
            let saved = Saved::decode(&snapshot.payload)
                .map_err(|it| ShelfError(format!("snapshot `{}`: {it}", snapshot.revision)))?;
            for source in saved.sources {
                let taken = keys.entry(source.element).or_default();
                source.keys.iter().for_each(|key| {
                    taken.take(key);
                });
            }
            match machine.load(&saved.state) {
                Ok(()) => {}
                Err(LoadFailure::OtherText(_)) => {
                    machine = (past.maker)(&past.text).map_err(ShelfError)?;
                }
                Err(LoadFailure::Unreadable(why)) => return Err(ShelfError(why)),
            }
        }
        Ok(Self { name: Text::from(machine.name()), machine, keys, after })
    }

    /// What an entry brings to the app.
    fn concerned(&self, entry: &RawEntry) -> Result<Option<What>, ShelfError> {
        let wrong = |error| ShelfError(format!("entry {} cannot be read: {error}", entry.id));
        let ours = match entry.concerns().map_err(wrong)? {
            Concerns::Every => true,
            Concerns::App(app) => app == self.name,
        };
        if ours { entry.what().map(Some).map_err(wrong) } else { Ok(None) }
    }

    fn execute(&mut self, entry: &RawEntry) -> Result<(), ShelfError> {
        let at = at_of(entry);
        let what = self.concerned(entry)?;
        if let Some(What::Events(events)) = what {
            let taken = self.keys.entry(events.source).or_default();
            if events.idempotency_key.as_ref().is_none_or(|key| taken.take(key)) {
                let step = Step::Events { stream: &events.stream, batch: &events.batch };
                self.machine.apply(at, step, &mut Nowhere);
            }
        } else if let Some(What::Tick) = what {
            self.machine.apply(at, Step::Tick, &mut Nowhere);
        } else if let Some(What::Query { text, .. }) = what {
            // Who asked has the answer.
            drop(self.machine.query(at, &text, &mut Nowhere));
        }
        Ok(())
    }
}

fn at_of(entry: &RawEntry) -> At {
    At { epoch: entry.id.epoch, seq: entry.id.seq, time: entry.time }
}

/// What a panic said.
pub(super) fn told(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()))
        .unwrap_or_else(|| "no message".to_owned())
}

/// Drops what was sent and said before.
struct Nowhere;

impl Outputs for Nowhere {
    fn sink(&mut self, _sink: usize, _output: Output) {}

    fn line(&mut self, _level: Level, _line: &str) {}
}
