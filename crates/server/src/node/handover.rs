//! A clean hand-over: sources close, sinks drain, a last snapshot, then the lease goes.

use std::time::Duration;

use weir_cluster::NodeInput;

use super::active::ActiveApp;
use super::conductor::{Conductor, Notice};
use super::view::Role;

/// How long a hand-over waits for sinks before what they have not confirmed goes into the
/// snapshot.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// How far a hand-over is.
pub(super) struct Draining {
    pub(super) since: tokio::time::Instant,
    pub(super) sources_ended: bool,
    /// Whether the last snapshots have been asked for.
    pub(super) saved: bool,
    /// Whether the group has been told.
    pub(super) told: bool,
}

impl Conductor {
    pub(super) fn drain(&mut self) {
        let Some(term) = &mut self.term else { return };
        let since = tokio::time::Instant::now();
        term.draining = Some(Draining { since, sources_ended: false, saved: false, told: false });
        let taken_over = term.taken_over;
        self.shadow = None;
        for lane in term.apps.iter().flat_map(|it| &it.handle.lanes) {
            lane.lift_limit();
        }
        self.set_role(Role::Draining);
        tracing::info!("handing over: sources close, sinks drain, a snapshot is taken");
        if taken_over {
            self.close_sources();
        }
    }

    pub(super) fn close_sources(&mut self) {
        let Some(term) = &mut self.term else { return };
        // The apps go on executing what is committed: only their sources are waited for.
        let (notices, epoch) = (self.notices.0.clone(), term.epoch);
        for app in &term.apps {
            app.stop_sources();
        }
        let ending: Vec<_> = term.apps.iter_mut().map(ActiveApp::take_running).collect();
        tokio::spawn(async move {
            for mut running in ending {
                let ended = async { while running.join_next().await.is_some() {} };
                if tokio::time::timeout(DRAIN_MAX, ended).await.is_err() {
                    tracing::warn!("a source did not end in time and was cut off");
                    running.abort_all();
                }
            }
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::SourcesEnded(epoch)));
        });
    }

    /// Goes on with a hand-over as far as it can.
    pub(super) fn drain_on(&mut self) {
        let Some(term) = &self.term else { return };
        let Some(draining) = &term.draining else { return };
        let late = draining.since.elapsed() > DRAIN_MAX;
        if !draining.sources_ended || self.under_way > 0 {
            return;
        }
        let drained = term.apps.iter().all(|it| it.is_caught_up() && it.is_drained());
        if !late && !drained {
            return;
        }
        let moved = term.apps.iter().any(|it| it.handle.lanes.iter().any(|it| it.has_moved()));
        if moved && !late {
            self.log_marks();
            return;
        }
        if !term.saving.is_empty() || draining.told {
            return;
        }
        if draining.saved {
            self.tell(NodeInput::Drained);
        } else {
            self.snapshots(true);
        }
        if let Some(draining) = self.term.as_mut().and_then(|it| it.draining.as_mut()) {
            draining.told = draining.saved;
            draining.saved = true;
        }
    }
}
