//! The database: the lease row, the fence, and committed snapshots.

use weir_cluster::{Lease, LeaseWrite, Written};
use weir_codec::EntryId;
use weir_event::{Epoch, Time};

use crate::app::{App, Output};
use crate::world::Mutant;

/// A snapshot of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) at: EntryId,
    pub(crate) time: Time,
    pub(crate) app: App,
    pub(crate) mark: u64,
    /// Outputs that the sink had not confirmed.
    pub(crate) open: Vec<Output>,
}

#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) row: Option<Lease>,
    pub(crate) fence: Epoch,
    pub(crate) last: Option<Saved>,
    pub(crate) up: bool,
}

/// One operation, which happens as a whole or not at all.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Read,
    Write(LeaseWrite),
    /// Raise the fence, unless it is higher.
    Raise(Epoch),
    /// Read the last state.
    Load,
    Save(Epoch, Box<Saved>),
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Row(Option<Lease>),
    Written(Written),
    /// Whether the fence was not higher.
    Raised(bool),
    Loaded(Option<Box<Saved>>),
    Saved(Option<EntryId>),
}

impl Database {
    /// Carries out an operation, as the protocol has it unless a mutant breaks it.
    pub(crate) fn execute(&mut self, op: Op, mutant: Mutant) -> Answer {
        match op {
            Op::Read => Answer::Row(self.row.clone()),
            Op::Write(write) => {
                let found = self.row.as_ref().map(Lease::version);
                if found == write.expected || mutant == Mutant::BlindWrites {
                    self.row = Some(write.lease);
                    Answer::Written(Written::Done)
                } else {
                    Answer::Written(Written::Refused)
                }
            }
            Op::Raise(epoch) => {
                let raised = epoch >= self.fence;
                self.fence = self.fence.max(epoch);
                Answer::Raised(raised)
            }
            Op::Load => Answer::Loaded(self.last.clone().map(Box::new)),
            Op::Save(epoch, saved) => {
                let newest = self.last.as_ref().is_none_or(|last| saved.at >= last.at);
                if (epoch < self.fence || !newest) && mutant != Mutant::NoFence {
                    return Answer::Saved(None);
                }
                let at = saved.at;
                self.fence = epoch;
                self.last = Some(*saved);
                Answer::Saved(Some(at))
            }
        }
    }
}
