//! What a passive node does beside holding the log: with `standby: hot` its apps execute it.

use super::conductor::Conductor;
use super::follow::{Course, Follower};

/// What a passive node does with the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standby {
    /// It executes what is committed, its outputs held back.
    #[default]
    Hot,
    /// It keeps it until it takes over.
    Queue,
}

impl Conductor {
    /// Follows the log from now on, if this node is to.
    pub(super) fn stand_by(&mut self) {
        let passive = self.term.is_none() && !self.stopping;
        if !passive || self.settings.standby == Standby::Queue || self.settings.group.is_none() {
            return;
        }
        if self.following.is_none() {
            self.following = Some(Follower::start(Course {
                texts: self.settings.texts.clone(),
                shared: self.shared.clone(),
                shelf: std::sync::Arc::clone(&self.group.shelf),
                committed: self.committed.subscribe(),
            }));
        }
    }
}
