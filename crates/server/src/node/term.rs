//! A term in office: from the lease to open sources, and its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_cluster::NodeInput;
use weir_codec::EntryId;
use weir_event::{Epoch, Text, Time};

use super::active::ActiveApp;
use super::conductor::{Conductor, Notice};
use super::door::ShelfError;
use super::entries::refuse;
use super::handover::Draining;
use super::pace::Pace;
use super::pump::Gate;
use super::takeover::{Office, TakenOver, take_over};
use super::view::{Role, SnapshotView};

/// How long after a takeover has failed the lease is given back: a node that would take it again
/// at once must not do so without a pause.
const GIVE_UP_AFTER: Duration = Duration::from_secs(1);

/// A term in office.
pub(super) struct Term {
    pub(super) epoch: Epoch,
    /// Empty until the takeover is done, and while sources end.
    pub(super) apps: Vec<ActiveApp>,
    pub(super) failed: Vec<(Text, String)>,
    /// The last entry that was handed to the apps, and its time.
    pub(super) dispatched: (EntryId, Time),
    /// Snapshots under way and the entries of the last ones.
    pub(super) saving: BTreeMap<Text, EntryId>,
    pub(super) saved: BTreeMap<Text, SnapshotView>,
    pub(super) paces: BTreeMap<Text, Pace>,
    /// The last entry when it began.
    pub(super) began: EntryId,
    /// Whether the takeover has come to its end, good or bad.
    pub(super) taken_over: bool,
    pub(super) draining: Option<Draining>,
}

impl Conductor {
    pub(super) fn become_active(&mut self, epoch: Epoch, base: EntryId, last: EntryId) {
        if let Some(group) = &self.settings.group {
            let node = &self.settings.node;
            tracing::info!(
                "Elected current node (nodeID: {node}) as the coordinator for the group {group}"
            );
            if *self.role.borrow() == Role::Starting {
                tracing::info!("HA Deployment: Starting up as Active Node");
            } else {
                tracing::info!("This Node is now becoming the Active Node");
            }
        }
        tracing::debug!("active with epoch {}", epoch.0);
        self.met.clear();
        self.set_role(Role::TakingOver);
        self.term = Some(Term {
            epoch,
            apps: Vec::new(),
            failed: self.settings.broken.clone(),
            dispatched: (last, Time(0)),
            saving: BTreeMap::new(),
            saved: BTreeMap::new(),
            paces: BTreeMap::new(),
            began: last,
            taken_over: false,
            draining: None,
        });
        let office = Office {
            epoch,
            base,
            last,
            leaving: self.leaving.take(),
            shelf: Arc::clone(&self.group.shelf),
            input: self.group.input.clone(),
            committed: self.committed.subscribe(),
            texts: self.settings.texts.clone(),
            shared: self.shared.clone(),
            following: self.following.take(),
        };
        let notices = self.notices.0.clone();
        tokio::spawn(async move {
            let done = take_over(office).await;
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::TookOver(epoch, done)));
        });
    }

    pub(super) fn took_over(&mut self, epoch: Epoch, done: Result<TakenOver, ShelfError>) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        term.taken_over = true;
        let mut taken = match done {
            Ok(taken) => taken,
            Err(why) => {
                tracing::error!("could not take over: {why}");
                tracing::error!("hint: see to the cause; this node gives the lease back");
                if term.draining.is_some() {
                    self.close_sources();
                    return;
                }
                let notices = self.notices.0.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(GIVE_UP_AFTER).await;
                    // The loop has ended when nobody listens.
                    drop(notices.send(Notice::GiveUp(epoch)));
                });
                return;
            }
        };
        tracing::info!("Successfully Synced the state");
        let handing_over = term.draining.is_some();
        term.dispatched = (term.dispatched.0.max(taken.at), taken.time);
        for (app, why) in &taken.failed {
            tracing::error!(%app, "the app does not run:\n{why}");
        }
        term.failed.append(&mut taken.failed);
        for app in taken.apps.iter_mut().filter(|_| !handing_over) {
            let none = BTreeMap::new();
            let resume = taken.resume.get(&app.handle.name);
            app.open(resume.map_or(&none, |it| &it.positions), &self.shared);
            tracing::info!("Siddhi App {} deployed successfully", app.handle.name);
        }
        term.apps = taken.apps;
        let views =
            |app: &ActiveApp| app.sources.iter().map(|it| Arc::clone(&it.1)).collect::<Vec<_>>();
        let opening: Vec<_> = term.apps.iter().flat_map(views).collect();
        if !taken.clamped.is_empty() {
            self.write_marks(&taken.clamped);
        }
        if handing_over {
            self.close_sources();
        } else {
            let notices = self.notices.0.clone();
            tokio::spawn(async move {
                for view in opening {
                    view.spoken().await;
                }
                // The loop has ended when nobody listens.
                drop(notices.send(Notice::SourcesOpen(epoch)));
            });
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::TookOver(epoch, done) => self.took_over(epoch, done),
            Notice::Snapshot { epoch, app, done } => self.snapshot_done(epoch, app, done),
            Notice::Newest { epoch, app, found } => self.newest(epoch, app, found),
            Notice::Stood { app, done } => self.stood(app, done),
            Notice::SourcesOpen(epoch) => {
                let term = self.term.as_ref();
                if term.is_some_and(|it| it.epoch == epoch && it.draining.is_none()) {
                    self.set_role(Role::Active);
                    tracing::info!("Successfully Changed to Active Mode");
                }
            }
            Notice::GiveUp(epoch) => {
                let term = self.term.as_ref();
                if term.is_some_and(|it| it.epoch == epoch && it.draining.is_none()) {
                    self.tell(NodeInput::HandOver);
                }
            }
            Notice::SourcesEnded(epoch) => {
                let term = self.term.as_mut().filter(|it| it.epoch == epoch);
                if let Some(draining) = term.and_then(|it| it.draining.as_mut()) {
                    draining.sources_ended = true;
                }
            }
        }
    }

    pub(super) fn open_gate(&self, deadline: weir_cluster::Moment) {
        let until = self.group.shelf.instant_of(deadline);
        self.gate.send_replace(Gate::OpenUntil(until));
    }

    pub(super) fn leave_office(&mut self) {
        self.gate.send_replace(Gate::Shut);
        self.shadow = None;
        if let Some(term) = self.term.take() {
            let leaving: Vec<_> = term.apps.into_iter().map(ActiveApp::leave).collect();
            self.leaving = Some(tokio::spawn(async move {
                for app in leaving {
                    app.await;
                }
            }));
        }
        for it in self.uncommitted.drain(..) {
            self.under_way -= 1;
            refuse(it.request);
        }
    }
}
