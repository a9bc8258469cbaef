//! A small deterministic app in the engine's place: it counts events and numbers its outputs.

use bytes::Bytes;
use weir_cluster::SinkId;
use weir_codec::{EntryId, Mark, RawEntry, What};
use weir_event::OutputNo;

/// The one app of a simulated node.
pub(crate) const APP: &str = "App";

/// The app's one sink.
pub(crate) fn sink() -> SinkId {
    SinkId { app: APP.into(), sink: "out".into() }
}

/// The content of an entry that brings event `event`.
pub(crate) fn work(event: u64) -> Bytes {
    What::Query { app: APP.into(), text: event.to_string().as_str().into() }.encode().into()
}

/// The content of an entry that brings the sink's mark.
pub(crate) fn marks(through: u64) -> Bytes {
    let SinkId { app, sink } = sink();
    What::Marks(vec![Mark { app, sink, through: OutputNo(through) }]).encode().into()
}

/// The event that an entry brings, if it brings one.
pub(crate) fn event_of(entry: &RawEntry) -> Option<u64> {
    match entry.what() {
        Ok(What::Query { text, .. }) => text.parse().ok(),
        Ok(
            What::Events(_)
            | What::Tick
            | What::Deploy { .. }
            | What::Undeploy { .. }
            | What::Restore { .. }
            | What::Answer(_)
            | What::Marks(_),
        )
        | Err(_) => None,
    }
}

/// The mark that an entry brings, if it brings one.
pub(crate) fn mark_of(entry: &RawEntry) -> Option<u64> {
    let marks = entry.marks().ok()??;
    marks.first().map(|mark| mark.through.0)
}

/// What the app puts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) number: u64,
    pub(crate) entry: EntryId,
    pub(crate) event: u64,
    /// Depends on every event before it: a lost or doubled entry shows at once.
    pub(crate) digest: u64,
}

/// The app's state: a function of the log alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct App {
    digest: u64,
    outputs: u64,
}

impl App {
    pub(crate) fn execute(&mut self, entry: &RawEntry) -> Option<Output> {
        let event = event_of(entry)?;
        self.digest = self.digest.wrapping_mul(31).wrapping_add(event + 1);
        self.outputs += 1;
        let (number, digest) = (self.outputs, self.digest);
        Some(Output { number, entry: entry.id, event, digest })
    }

    pub(crate) fn outputs(&self) -> u64 {
        self.outputs
    }
}
