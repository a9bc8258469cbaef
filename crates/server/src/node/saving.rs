//! Snapshots: when they are taken and by whom, and what follows once one is safe.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use weir_cluster::NodeInput;
use weir_codec::{EntryId, Snapshot};
use weir_event::{Epoch, Text};

use super::active::ActiveApp;
use super::app::Job;
use super::conductor::{Conductor, Notice};
use super::door::{Shelf, ShelfError};
use super::pace::Pace;
use super::saved::Saved;
use super::standby::{Beside, Standby};
use super::ticker;
use super::view::SnapshotView;

/// How often it is looked whether a snapshot is due, at least.
pub(super) const BEAT: Duration = Duration::from_millis(250);

/// An app whose snapshot is larger is not saved by the thread that executes its entries.
const SAVE_HERE_BYTES: u64 = 256 * 1024;

/// Nor is one whose last snapshot held it up for longer.
const SAVE_HERE_PAUSE: Duration = Duration::from_micros(500);

/// A snapshot that is safe.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) revision: Text,
    pub(super) at: EntryId,
    /// How large it is; `None` where another node has taken it.
    pub(super) bytes: Option<u64>,
    /// When it was begun, and how long the app had executed by then.
    begun: Instant,
    busy: Duration,
    /// What it has cost.
    cost: Duration,
    /// For how long the app executed nothing because of it.
    pause: Duration,
}

impl Kept {
    pub(super) fn view(&self) -> SnapshotView {
        SnapshotView {
            revision: self.revision.to_string(),
            at: self.at,
            taken: ticker::now(),
            bytes: self.bytes,
            pause: self.pause,
        }
    }

    pub(super) fn pace(&self) -> Pace {
        Pace::after(self.begun, self.busy, self.cost)
    }

    /// One that another node has taken.
    pub(super) fn found((at, revision): (EntryId, Text), busy: Duration) -> Self {
        let (begun, none) = (Instant::now(), Duration::ZERO);
        Self { revision, at, bytes: None, begun, busy, cost: none, pause: none }
    }
}

/// A state on its way into a snapshot.
pub(super) struct Keeping {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) under: Epoch,
    pub(super) app: Text,
    pub(super) begun: Instant,
    pub(super) busy: Duration,
}

impl Keeping {
    /// Keeps a state; `pause` is what it has cost the app's thread.
    pub(super) async fn keep(
        self,
        at: EntryId,
        saved: Saved,
        pause: Duration,
    ) -> Result<Kept, ShelfError> {
        let write = move || {
            let Self { shelf, under, app, begun, busy } = self;
            let revision: Text = format!("{}__{app}", ticker::now().0).into();
            let payload = saved.encode();
            drop(saved);
            let bytes = Some(payload.len() as u64);
            let snapshot = Snapshot { app, revision: revision.clone(), at, payload };
            shelf.save_snapshot(under, &snapshot)?;
            Ok(Kept { revision, at, bytes, begun, busy, cost: begun.elapsed(), pause })
        };
        let kept = tokio::task::spawn_blocking(write).await;
        kept.unwrap_or_else(|error| Err(ShelfError(error.to_string())))
    }
}

impl Conductor {
    /// Takes the snapshots that are due; `all` at once, also of apps that have nothing new.
    pub(super) fn snapshots(&mut self, all: bool) {
        let standby = self.standby_now();
        let Some(term) = &mut self.term else { return self.standing_snapshots() };
        let at = term.dispatched.0;
        if at == EntryId::NONE {
            return;
        }
        let every = self.settings.snapshot_every;
        let (mut due, mut elsewhere) = (Vec::new(), Vec::new());
        let stands_by = self.in_sync > 1 && standby == Standby::Hot;
        for app in &term.apps {
            let name = &app.handle.name;
            let known = term.saved.get(name).is_some_and(|saved| saved.at >= at);
            if term.saving.contains_key(name) || known && !all {
                continue;
            }
            let busy = app.handle.progress.borrow().busy;
            let pace = term.paces.entry(name.clone()).or_insert_with(Pace::new);
            if all {
                due.push(name.clone());
            } else if stands_by && !app.handle.asks() && pace.age() < every * 2 {
                if pace.may_ask(every) {
                    elsewhere.push(name.clone());
                }
            } else if pace.is_due(every, busy) {
                due.push(name.clone());
            }
        }
        for name in elsewhere {
            self.look_elsewhere(name);
        }
        for name in due {
            self.take(&name, all);
        }
    }

    fn take(&mut self, name: &Text, all: bool) {
        let beside = if all || !self.is_large(name) { Beside::No } else { self.beside(name) };
        let Some(term) = &mut self.term else { return };
        let Some(app) = term.apps.iter().find(|it| it.handle.name == *name) else { return };
        let (at, time) = term.dispatched;
        let (epoch, shelf) = (term.epoch, Arc::clone(&self.group.shelf));
        let busy = app.handle.progress.borrow().busy;
        let keeping =
            Keeping { shelf, under: epoch, app: name.clone(), begun: Instant::now(), busy };
        let (notices, app_name) = (self.notices.0.clone(), name.clone());
        let tell = move |done| {
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::Snapshot { epoch, app: app_name, done }));
        };
        match beside {
            Beside::NotYet => return,
            Beside::Yes(saver) => {
                let name = name.clone();
                tokio::spawn(async move {
                    tell(match saver.save(name).await {
                        Some((at, saved)) => keeping.keep(at, saved, Duration::ZERO).await,
                        None => Err(ShelfError("the app that follows has stopped".to_owned())),
                    });
                });
            }
            Beside::No => {
                let (reply, answer) = oneshot::channel();
                if !app.handle.ask(Job::Save(reply)) {
                    return;
                }
                let progress = app.handle.progress.clone();
                tokio::spawn(async move {
                    tell(match answer.await {
                        Err(_) => Err(ShelfError("the app has stopped".to_owned())),
                        Ok(mut saved) => {
                            saved.time = time;
                            let pause = progress.borrow().pause;
                            keeping.keep(at, saved, pause).await
                        }
                    });
                });
            }
        }
        term.saving.insert(name.clone(), at);
    }

    /// Whether the thread that executes an app's entries would be held up by its snapshot.
    fn is_large(&self, name: &Text) -> bool {
        let mut apps = self.term.iter().flat_map(|it| &it.apps);
        let large = |app: &ActiveApp| {
            app.handle.weight_bytes() > SAVE_HERE_BYTES
                || app.handle.progress.borrow().pause > SAVE_HERE_PAUSE
        };
        apps.find(|it| it.handle.name == *name).is_some_and(large)
    }

    /// Looks whether a node that stands by has taken a snapshot.
    fn look_elsewhere(&self, app: Text) {
        let Some(term) = &self.term else { return };
        let (epoch, shelf) = (term.epoch, Arc::clone(&self.group.shelf));
        let notices = self.notices.0.clone();
        tokio::task::spawn_blocking(move || {
            let found = shelf.newest_snapshot(&app);
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::Newest { epoch, app, found }));
        });
    }

    pub(super) fn newest(
        &mut self,
        epoch: Epoch,
        app: Text,
        found: Result<Option<(EntryId, Text)>, ShelfError>,
    ) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        let known = term.saved.get(&app).map_or(term.began, |it| it.at);
        let busy = |it: &ActiveApp| it.handle.progress.borrow().busy;
        let app_of = term.apps.iter().find(|it| it.handle.name == app);
        match found {
            Ok(Some(newest)) if newest.0 > known => {
                let kept = Kept::found(newest, app_of.map(busy).unwrap_or_default());
                self.shadow = None;
                self.snapshot_done(epoch, app, Ok(kept));
            }
            Ok(_) => {}
            Err(why) => tracing::debug!(%app, "could not look for a snapshot: {why}"),
        }
    }

    pub(super) fn snapshot_done(
        &mut self,
        epoch: Epoch,
        app: Text,
        done: Result<Kept, ShelfError>,
    ) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        term.saving.remove(&app);
        match done {
            Ok(kept) => {
                tracing::debug!(%app, "snapshot {} at entry {}", kept.revision, kept.at);
                term.saved.insert(app.clone(), kept.view());
                term.paces.insert(app.clone(), kept.pace());
                let all = term.saving.is_empty();
                self.tell(NodeInput::SnapshotCommitted {
                    app: app.to_string(),
                    revision: kept.revision.to_string(),
                    seq: kept.at.seq,
                });
                if all {
                    self.persisted();
                }
            }
            Err(why) => {
                term.paces.insert(app.clone(), Pace::new());
                tracing::error!(%app, "could not keep a snapshot: {why}");
            }
        }
    }

    /// Every app has a snapshot of this round.
    fn persisted(&self) {
        tracing::info!("Siddhi apps persisted successfully");
        if self.in_sync > 1 {
            tracing::info!("Control message sent to passive node.");
        }
    }
}
