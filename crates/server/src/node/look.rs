//! What a node shows of itself when it is asked.

use std::sync::Arc;

use weir_codec::EntryId;
use weir_event::Text;

use super::active::ActiveApp;
use super::conductor::Conductor;
use super::lane::Lane;
use super::view::{AppView, NodeView, SinkView};

impl Conductor {
    pub(super) fn view(&self) -> NodeView {
        let term = self.term.as_ref();
        let mut apps: Vec<AppView> = term
            .map(|term| term.apps.iter().map(|app| view_of(app, term.saved.get(&app.handle.name))))
            .into_iter()
            .flatten()
            .collect();
        let failed = term.map_or(&self.settings.broken, |it| &it.failed);
        apps.extend(failed.iter().map(|(name, why)| waiting_app(name, Some(why.clone()))));
        if term.is_none_or(|it| it.apps.is_empty()) {
            apps.extend(self.settings.texts.iter().map(|it| waiting_app(&it.name, None)));
        }
        NodeView {
            node: self.settings.node.clone(),
            group: self.settings.group.clone(),
            role: self.role.borrow().clone(),
            epoch: term.map(|it| it.epoch.0),
            committed: *self.committed.borrow(),
            in_sync: self.in_sync,
            apps,
        }
    }
}

fn view_of(app: &ActiveApp, snapshot: Option<&EntryId>) -> AppView {
    let progress = app.handle.progress.borrow().clone();
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
        snapshot: snapshot.copied(),
        sources: app.sources.iter().map(|(name, it)| (name.to_string(), it.last())).collect(),
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
        snapshot: None,
        sources: Vec::new(),
        sinks: Vec::new(),
    }
}
