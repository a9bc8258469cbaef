//! Snapshots: when they are taken, and what follows once one is safe.

use std::sync::Arc;

use tokio::sync::oneshot;
use weir_cluster::NodeInput;
use weir_codec::{EntryId, Snapshot};
use weir_event::{Epoch, Text};

use super::app::Job;
use super::conductor::{Conductor, Notice};
use super::door::ShelfError;
use super::ticker;
use super::view::SnapshotView;

impl Conductor {
    /// Asks each app for its state; `all` also those that have nothing new.
    pub(super) fn snapshots(&mut self, all: bool) {
        let Some(term) = &mut self.term else { return };
        let (at, time) = term.dispatched;
        for app in &term.apps {
            let name = app.handle.name.clone();
            let known = term.saved.get(&name).is_some_and(|saved| saved.at >= at);
            if (known && !all) || term.saving.contains_key(&name) || at == EntryId::NONE {
                continue;
            }
            let (reply, answer) = oneshot::channel();
            if !app.handle.ask(Job::Save(reply)) {
                continue;
            }
            term.saving.insert(name.clone(), at);
            let (epoch, shelf) = (term.epoch, Arc::clone(&self.group.shelf));
            let notices = self.notices.0.clone();
            tokio::spawn(async move {
                let done = match answer.await {
                    Err(_) => Err(ShelfError("the app has stopped".to_owned())),
                    Ok(mut saved) => {
                        saved.time = time;
                        let revision = format!("{}__{name}", ticker::now().0).into();
                        let app = name.clone();
                        let keep = move || {
                            let payload = saved.encode();
                            let snapshot = Snapshot { app, revision, at, payload };
                            shelf.save_snapshot(epoch, &snapshot)?;
                            Ok(Snapshot { payload: Vec::new(), ..snapshot })
                        };
                        let kept = tokio::task::spawn_blocking(keep).await;
                        kept.unwrap_or_else(|error| Err(ShelfError(error.to_string())))
                    }
                };
                drop(notices.send(Notice::Snapshot { epoch, app: name, done }));
            });
        }
    }

    pub(super) fn snapshot_done(
        &mut self,
        epoch: Epoch,
        app: Text,
        done: Result<Snapshot, ShelfError>,
    ) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        term.saving.remove(&app);
        match done {
            Ok(snapshot) => {
                tracing::debug!(%app, "snapshot {} at entry {}", snapshot.revision, snapshot.at);
                let view = SnapshotView {
                    revision: snapshot.revision.to_string(),
                    at: snapshot.at,
                    taken: ticker::now(),
                };
                term.saved.insert(app.clone(), view);
                let all = term.saving.is_empty();
                self.tell(NodeInput::SnapshotCommitted {
                    app: app.to_string(),
                    revision: snapshot.revision.to_string(),
                    seq: snapshot.at.seq,
                });
                if all {
                    self.persisted();
                }
            }
            Err(why) => tracing::error!(%app, "could not keep a snapshot: {why}"),
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
