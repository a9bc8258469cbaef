//! The promises, checked whenever something could break them.

use std::collections::BTreeMap;
use std::fmt;

use weir_cluster::Lease;
use weir_codec::EntryId;
use weir_event::Epoch;

use crate::app::Output;
use crate::disk::Disk;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the world outside has seen of the pair.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// Each output by its number: what it said and how often it came.
    pub(crate) outputs: BTreeMap<u64, (Output, u64)>,
    /// Acknowledged events and their entries.
    pub(crate) acked: BTreeMap<u64, EntryId>,
    /// When the last event was acknowledged, and the longest time between two, in milliseconds.
    pub(crate) last_ack_ms: u64,
    pub(crate) longest_gap_ms: u64,
    highest_epoch: Epoch,
    /// The highest mark in a committed entry: nothing at or below it may come again.
    committed_mark: u64,
    pub(crate) violation: Option<Violation>,
}

impl Witness {
    pub(crate) fn broken(&mut self, what: String) {
        self.violation.get_or_insert(Violation(what));
    }

    /// A node lets an output out.
    pub(crate) fn emitted(
        &mut self,
        epoch: Epoch,
        output: &Output,
        row: Option<&Lease>,
        disks: &[&Disk],
    ) {
        if epoch < self.highest_epoch {
            self.broken(format!("epoch {} emits after {}", epoch.0, self.highest_epoch.0));
        }
        self.highest_epoch = self.highest_epoch.max(epoch);
        if let Some(row) = row.filter(|row| row.epoch > epoch) {
            self.broken(format!("epoch {} emits under the lease of {}", epoch.0, row.epoch.0));
        }
        if !row.is_some_and(|row| held_by_named(row, disks, output.entry)) {
            self.broken(format!("output {} leaves before its input is safe", output.number));
        }
        let again = output.number <= self.committed_mark;
        match self.outputs.get_mut(&output.number) {
            Some((known, times)) => {
                *times += 1;
                let (same, known) = (known.digest == output.digest, known.clone());
                if !same {
                    self.broken(format!("{output:?} has the number of {known:?}"));
                }
                if again {
                    let mark = self.committed_mark;
                    self.broken(format!("output {} repeats behind mark {mark}", output.number));
                }
            }
            None => {
                self.outputs.insert(output.number, (output.clone(), 1));
            }
        }
    }

    /// A client is told that its event is taken.
    pub(crate) fn acknowledged(
        &mut self,
        (event, now_ms): (u64, u64),
        id: EntryId,
        row: Option<&Lease>,
        disks: &[&Disk],
    ) {
        if !row.is_some_and(|row| held_by_named(row, disks, id)) {
            self.broken(format!("event {event} at {id} is acknowledged before it is safe"));
        }
        self.acked.insert(event, id);
        let gap_ms = now_ms - self.last_ack_ms;
        self.longest_gap_ms = self.longest_gap_ms.max(gap_ms);
        self.last_ack_ms = now_ms;
    }

    /// A mark is in an entry that every named log holds.
    pub(crate) fn mark_committed(&mut self, through: u64) {
        self.committed_mark = self.committed_mark.max(through);
    }

    /// Every log that may take the lease holds every acknowledged event.
    pub(crate) fn check_logs(&mut self, row: Option<&Lease>, disks: &[&Disk]) {
        let Some(row) = row else { return };
        let lost = self.acked.iter().find(|(_, id)| !held_by_named(row, disks, **id));
        if let Some((event, id)) = lost {
            let what = format!("a named log lacks the acknowledged event {event} at {id}");
            self.broken(what);
        }
    }

    /// At the end: what was acknowledged has come out, once for each number.
    pub(crate) fn check_end(&mut self, active: usize, working: bool) {
        if active != 1 || !working {
            self.broken(format!("healed, yet {active} nodes are active, at work: {working}"));
        }
        let mut events: BTreeMap<u64, u64> = BTreeMap::new();
        for (output, _) in self.outputs.values() {
            *events.entry(output.event).or_default() += 1;
        }
        let lost: Vec<u64> =
            self.acked.keys().filter(|event| !events.contains_key(event)).copied().collect();
        if !lost.is_empty() {
            self.broken(format!("acknowledged events never came out: {lost:?}"));
        }
        if let Some((event, _)) = events.iter().find(|(_, times)| **times > 1) {
            self.broken(format!("event {event} came out under two numbers"));
        }
    }
}

/// Whether every named log that exists covers the entry.
fn held_by_named(row: &Lease, disks: &[&Disk], id: EntryId) -> bool {
    disks.iter().filter(|disk| row.in_sync.contains(&disk.log)).all(|disk| disk.covers(id))
}
