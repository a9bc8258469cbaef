//! Apps that execute the log a second time: on a passive node, so that a takeover finds them done,
//! and beside large ones on the active node, so that no snapshot holds these up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_cluster::NodeId;
use weir_codec::{Build, EntryId};
use weir_event::Text;

use super::conductor::{Conductor, Notice};
use super::door::ShelfError;
use super::follow::{Course, Follower, Saver};
use super::machine::AppText;
use super::pace::Pace;
use super::saving::{Keeping, Kept};
use super::view::SnapshotView;

/// How long an app beside another may take to catch up before that one is saved itself.
const CATCH_UP_MAX: Duration = Duration::from_secs(120);

/// What a passive node does with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standby {
    /// It executes what is committed, its outputs held back.
    #[default]
    Hot,
    /// It keeps it until it takes over.
    Queue,
}

/// The snapshots that a passive node has taken or found.
#[derive(Debug, Default)]
pub(super) struct Standing {
    saving: BTreeSet<Text>,
    pub(super) saved: BTreeMap<Text, SnapshotView>,
    pub(super) paces: BTreeMap<Text, Pace>,
}

/// Apps beside those of the active node.
pub(super) struct Shadow {
    follower: Follower,
    apps: BTreeSet<Text>,
    since: Instant,
}

/// Whether an app that is large can be saved without holding it up.
pub(super) enum Beside {
    /// The one beside it is asked.
    Yes(Saver),
    /// The one beside it is not as far yet.
    NotYet,
    /// There is none.
    No,
}

impl Conductor {
    fn course(&self, texts: Vec<AppText>) -> Course {
        Course {
            texts,
            shared: self.shared.clone(),
            shelf: Arc::clone(&self.group.shelf),
            committed: self.committed.subscribe(),
            input: self.group.input.clone(),
        }
    }

    /// Another node was met: a passive one does not execute what another release makes of the log.
    pub(super) fn met(&mut self, peer: NodeId, build: Build) {
        if self.term.is_none() {
            self.met.clear();
        }
        let (ours, theirs) = (&self.settings.build, &build);
        let again = self.met.get(&peer) == Some(theirs);
        if !again && theirs.release != ours.release {
            tracing::warn!("{peer} runs release {}, this node {}", theirs.release, ours.release);
            if theirs.snapshots > ours.snapshots {
                tracing::warn!("this node cannot read the snapshots of {peer}: upgrade it too");
            }
        }
        self.met.insert(peer, build);
        if self.standby_now() == Standby::Queue && self.following.take().is_some() {
            self.standing = Standing::default();
        }
        if !again && self.settings.standby == Standby::Hot && self.standby_now() == Standby::Queue {
            tracing::info!("standby: queue for now, as hot is for nodes of one release");
        }
    }

    /// What this node does with the log, or as an active one can expect of the others.
    pub(super) fn standby_now(&self) -> Standby {
        let alike = |it: &Build| it.release == self.settings.build.release;
        let others = if self.term.is_some() {
            self.met.is_empty() || self.met.values().any(alike)
        } else {
            self.met.values().all(alike)
        };
        if others { self.settings.standby } else { Standby::Queue }
    }

    /// Follows the log from now on, if this node is to.
    pub(super) fn stand_by(&mut self) {
        let passive = self.term.is_none() && !self.stopping;
        let hot = self.standby_now() == Standby::Hot;
        if !passive || !hot || self.settings.group.is_none() {
            return;
        }
        if self.following.is_none() {
            self.standing = Standing::default();
            self.following = Some(Follower::start(self.course(self.settings.texts.clone())));
        }
    }

    /// Takes the snapshots that are due on a node that stands by.
    pub(super) fn standing_snapshots(&mut self) {
        let Some(following) = &self.following else { return };
        let (reached, every) = (following.reached(), self.settings.snapshot_every);
        let standing = &mut self.standing;
        for (name, progress) in &reached.apps {
            let busy = progress.borrow().busy;
            let pace = *standing.paces.entry(name.clone()).or_insert_with(Pace::new);
            let known = standing.saved.get(name).map_or(EntryId::NONE, |it| it.at);
            if known >= reached.at || standing.saving.contains(name) || !pace.is_due(every, busy) {
                continue;
            }
            standing.saving.insert(name.clone());
            let (saver, shelf) = (following.saver(), Arc::clone(&self.group.shelf));
            let (notices, app) = (self.notices.0.clone(), name.clone());
            tokio::spawn(async move {
                let (asked, newest) = (app.clone(), Arc::clone(&shelf));
                let newest =
                    tokio::task::spawn_blocking(move || newest.newest_snapshot(&asked)).await;
                let done = match newest {
                    Err(error) => Err(ShelfError(error.to_string())),
                    Ok(Err(why)) => Err(why),
                    // Another node has taken one meanwhile.
                    Ok(Ok(Some(newest))) if newest.0 > known && known != EntryId::NONE => {
                        Ok(Some(Kept::found(newest, busy)))
                    }
                    Ok(Ok(_)) => {
                        let begun = Instant::now();
                        match saver.save(app.clone()).await {
                            None => Ok(None),
                            Some((at, saved)) => {
                                let (app, under) = (app.clone(), at.epoch);
                                let keeping = Keeping { shelf, under, app, begun, busy };
                                keeping.keep(at, saved, Duration::ZERO).await.map(Some)
                            }
                        }
                    }
                };
                // The loop has ended when nobody listens.
                drop(notices.send(Notice::Stood { app, done }));
            });
        }
    }

    /// What has become of a snapshot of a node that stands by.
    pub(super) fn stood(&mut self, app: Text, done: Result<Option<Kept>, ShelfError>) {
        self.standing.saving.remove(&app);
        match done {
            Ok(Some(kept)) => {
                tracing::debug!(%app, "snapshot {} at entry {}", kept.revision, kept.at);
                self.standing.paces.insert(app.clone(), kept.pace());
                self.standing.saved.insert(app, kept.view());
            }
            Ok(None) => {}
            Err(why) => {
                // The active node takes it, if it does not come from here.
                self.standing.paces.insert(app.clone(), Pace::new());
                tracing::warn!(%app, "could not keep a snapshot: {why}");
            }
        }
    }

    /// An app that executes the log beside this large one, so that it can be saved.
    pub(super) fn beside(&mut self, name: &Text) -> Beside {
        let Some(term) = &self.term else { return Beside::No };
        let fits = |app: &Text| {
            let found = term.apps.iter().find(|it| it.handle.name == *app);
            found.is_some_and(|it| {
                !it.handle.asks() && it.handle.weight_bytes() < crate::state_max_bytes() / 2
            })
        };
        if !fits(name) {
            return Beside::No;
        }
        if let Some(shadow) = self.shadow.as_ref().filter(|it| it.apps.contains(name)) {
            let reached = shadow.follower.reached();
            let known = term.saved.get(name).map_or(EntryId::NONE, |it| it.at);
            return if reached.of(name) > known {
                Beside::Yes(shadow.follower.saver())
            } else if shadow.since.elapsed() < CATCH_UP_MAX {
                Beside::NotYet
            } else {
                Beside::No
            };
        }
        let before = self.shadow.take().map(|it| it.apps).unwrap_or_default();
        let apps: BTreeSet<Text> =
            before.into_iter().filter(|it| fits(it)).chain([name.clone()]).collect();
        let texts = self.settings.texts.iter().filter(|it| apps.contains(&it.name));
        let follower = Follower::start(self.course(texts.cloned().collect()));
        self.shadow = Some(Shadow { follower, apps, since: Instant::now() });
        Beside::NotYet
    }
}
