//! What a node shows of itself when it is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_cluster::{NodeInput, PeerReport};
use weir_codec::EntryId;
use weir_event::Text;

use super::active::ActiveApp;
use super::conductor::Conductor;
use super::feed::APP_QUEUE_KIB;
use super::follow::{Follower, Reached};
use super::lane::Lane;
use super::standby::Standby;
use super::term::Term;
use super::view::{AppView, NodeView, PeerView, SinkView};

impl Conductor {
    /// Asks the group about the peers; the answer is the moment to look.
    pub(super) fn look(&mut self, reply: oneshot::Sender<NodeView>) {
        self.lookers.push(reply);
        self.tell(NodeInput::Report);
    }

    pub(super) fn reported(&mut self, peers: &[PeerReport]) {
        for reply in std::mem::take(&mut self.lookers) {
            // Whoever asked may have gone.
            drop(reply.send(self.view(peers)));
        }
    }

    fn view(&self, peers: &[PeerReport]) -> NodeView {
        let term = self.term.as_ref();
        let reached = self.following.as_ref().map(Follower::reached).unwrap_or_default();
        let mut apps: Vec<AppView> = term
            .map(|term| term.apps.iter().map(|app| view_of(app, term)))
            .into_iter()
            .flatten()
            .collect();
        let failed = term.map_or(&self.settings.broken, |it| &it.failed);
        apps.extend(failed.iter().map(|(name, why)| waiting_app(name, Some(why.clone()))));
        if term.is_none_or(|it| it.apps.is_empty()) {
            apps.extend(self.settings.texts.iter().map(|it| self.standing_app(&it.name, &reached)));
        }
        NodeView {
            node: self.settings.node.clone(),
            group: self.settings.group.clone(),
            release: self.settings.build.release.clone(),
            role: self.role.borrow().clone(),
            standby: self.standby_view(),
            epoch: term.map(|it| it.epoch.0),
            committed: *self.committed.borrow(),
            in_sync: self.in_sync,
            last: self.last,
            peers: peers.iter().map(|it| self.peer(it)).collect(),
            apps,
            waits: self.waits.clone(),
            takeover: self.takeover_now(&reached),
        }
    }

    fn standby_view(&self) -> (Standby, Option<String>) {
        let now = self.standby_now();
        let other = self.met.iter().find(|it| it.1.release != self.settings.build.release);
        let why = other
            .filter(|_| now != self.settings.standby)
            .map(|(peer, build)| format!("{peer} runs release {}", build.release));
        (now, why)
    }

    /// How long the apps would take to come up here.
    fn takeover_now(&self, reached: &Reached) -> Option<Duration> {
        let all = self.settings.texts.iter().all(|it| reached.progress(&it.name).is_some());
        (self.term.is_none() && all).then(|| reached.left(self.last))
    }

    /// An app of a node that stands by.
    fn standing_app(&self, name: &Text, reached: &Reached) -> AppView {
        let progress = reached.progress(name).unwrap_or_default();
        let pace = self.standing.paces.get(name);
        AppView {
            applied: reached.of(name),
            failed: progress.failed,
            held_bytes: progress.held_bytes,
            unsaved: pace.map_or(progress.busy, |it| it.unsaved(progress.busy)),
            snapshot: self.standing.saved.get(name).cloned(),
            ..waiting_app(name, None)
        }
    }

    fn peer(&self, report: &PeerReport) -> PeerView {
        let PeerReport { address, connected, holds, build } = report;
        PeerView {
            node: address.node.to_string(),
            at: format!("{}:{}", address.host, address.port),
            connected: *connected,
            release: build.as_ref().map(|it| it.release.clone()),
            lag: holds.map(|it| self.last.seq.0.saturating_sub(it.seq.0)),
        }
    }
}

fn view_of(app: &ActiveApp, term: &Term) -> AppView {
    let progress = app.handle.progress.borrow().clone();
    let (name, busy) = (&app.handle.name, progress.busy);
    let queued = APP_QUEUE_KIB - app.room.available_permits();
    let sink = |lane: &Arc<Lane>| {
        let counts = lane.counts();
        SinkView {
            name: lane.element.to_string(),
            mark: counts.mark.0,
            waiting_rows: counts.waiting_rows,
            delivered: counts.delivered,
            given_up: counts.given_up,
            trouble: counts.trouble,
        }
    };
    AppView {
        name: app.handle.name.to_string(),
        failed: progress.failed,
        applied: progress.applied,
        events: progress.events,
        repeated: progress.repeated,
        queued_kib: queued as u64,
        held_bytes: app.handle.weight_bytes(),
        unsaved: term.paces.get(name).map_or(busy, |it| it.unsaved(busy)),
        snapshot: term.saved.get(name).cloned(),
        sources: app.sources.iter().map(|(name, it)| it.look(name)).collect(),
        sinks: app.handle.lanes.iter().map(sink).collect(),
    }
}

/// An app that has no thread: it is broken, or its node is passive.
fn waiting_app(name: &Text, failed: Option<String>) -> AppView {
    AppView {
        name: name.to_string(),
        failed,
        applied: EntryId::NONE,
        events: 0,
        repeated: 0,
        queued_kib: 0,
        held_bytes: 0,
        unsaved: Duration::ZERO,
        snapshot: None,
        sources: Vec::new(),
        sinks: Vec::new(),
    }
}
