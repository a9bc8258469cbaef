//! What a node does while it holds the lease: takeover, app, outputs, clients, snapshots.

use std::collections::{BTreeMap, VecDeque};

use weir_cluster::Takeover;
use weir_codec::{EntryId, RawEntry};
use weir_event::{Epoch, OutputNo, Seq};

use crate::app::{App, Output, event_of, mark_of, sink};
use crate::database::Saved;

#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) epoch: Epoch,
    pub(crate) takeover: Takeover,
    pub(crate) app: App,
    /// Outputs that have not left, in order of number.
    pub(crate) outbox: VecDeque<Output>,
    /// Outputs that have left and are not confirmed.
    open: BTreeMap<u64, Output>,
    pub(crate) mark_logged: u64,
    /// The last state is restored and the queue executed: outputs may leave.
    pub(crate) restored: bool,
    pub(crate) ports: bool,
    /// Marks in entries that are not committed yet.
    pub(crate) marks_under_way: VecDeque<(EntryId, u64)>,
    /// Clients that wait for an acknowledgement.
    pub(crate) clients: VecDeque<(EntryId, u64)>,
    pub(crate) saving: Option<Saved>,
    pub(crate) saved_at: Option<Seq>,
    pub(crate) draining: bool,
}

impl Office {
    pub(crate) fn new(epoch: Epoch, takeover: Takeover) -> Self {
        Self {
            epoch,
            takeover,
            app: App::default(),
            outbox: VecDeque::new(),
            open: BTreeMap::new(),
            mark_logged: 0,
            restored: false,
            ports: false,
            marks_under_way: VecDeque::new(),
            clients: VecDeque::new(),
            saving: None,
            saved_at: None,
            draining: false,
        }
    }

    pub(crate) fn execute(&mut self, entries: &[RawEntry], acknowledge: bool) {
        for entry in entries {
            self.outbox.extend(self.app.execute(entry));
            if acknowledge {
                self.clients.extend(event_of(entry).map(|event| (entry.id, event)));
                self.marks_under_way.extend(mark_of(entry).map(|mark| (entry.id, mark)));
            }
        }
    }

    /// The next output whose input is committed; suppressed ones are passed over.
    pub(crate) fn opt_leave(&mut self, committed: Seq) -> Option<Output> {
        while self.outbox.front().is_some_and(|it| it.entry.seq <= committed) {
            let output = self.outbox.pop_front()?;
            if self.takeover.may_leave(&sink(), OutputNo(output.number)) {
                self.open.insert(output.number, output.clone());
                return Some(output);
            }
        }
        None
    }

    pub(crate) fn confirm(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// Below and at this number everything is confirmed.
    pub(crate) fn mark(&self) -> u64 {
        let open = self.open.keys().next().copied();
        let waiting = self.outbox.front().map(|output| output.number);
        let known = self.takeover.marks().get(&sink()).map_or(0, |mark| mark.0);
        let now = open.into_iter().chain(waiting).min();
        now.map_or(self.app.outputs(), |first| first - 1).max(known)
    }

    pub(crate) fn idle(&self) -> bool {
        self.open.is_empty() && self.outbox.is_empty() && self.mark() == self.mark_logged
    }

    /// The state after the last entry executed, which is `last`.
    pub(crate) fn snapshot(&self, last: &RawEntry) -> Saved {
        let open = self.open.values().chain(&self.outbox).cloned().collect();
        let (at, time) = (last.id, last.time);
        Saved { at, time, app: self.app.clone(), mark: self.mark(), open }
    }
}
