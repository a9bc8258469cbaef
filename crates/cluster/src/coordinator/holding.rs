//! A node with the lease: it renews it, says whom an acknowledgement needs, and gives it back.

use std::collections::BTreeSet;

use weir_codec::LogId;
use weir_event::Epoch;

use super::core::{Next, Wish};
use super::lease::{Lease, LeaseWrite, Unavailable, Written};
use super::words::{Action, Identity, Lost, Membership, Timing};
use crate::ids::Moment;

#[derive(Debug)]
pub(super) struct Holding {
    /// The row as last known for certain.
    known: Lease,
    /// The lists of writes that were sent upon `known` and may have landed.
    sent: Vec<BTreeSet<LogId>>,
    /// The list as it should be.
    wanted: BTreeSet<LogId>,
    deadline: Moment,
    suspended: bool,
    renew_at: Moment,
    /// The row must be read before it is written again, at this moment.
    read_at: Option<Moment>,
    release: Release,
    told: Membership,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    No,
    Draining,
    Asked,
}

impl Holding {
    pub(super) fn taken(known: Lease, deadline: Moment, renew_at: Moment) -> Self {
        let wanted = known.in_sync.clone();
        Self {
            known,
            sent: Vec::new(),
            wanted,
            deadline,
            suspended: false,
            renew_at,
            read_at: None,
            release: Release::No,
            told: Membership::default(),
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.known.epoch
    }

    pub(super) fn wake_at(&self) -> Moment {
        let next = self.read_at.unwrap_or(self.renew_at);
        if self.suspended { next } else { next.min(self.deadline) }
    }

    pub(super) fn want(&mut self, log: LogId) {
        self.wanted.insert(log);
    }

    /// Our own log is never done without.
    pub(super) fn do_without(&mut self, log: LogId) {
        if log != self.known.log {
            self.wanted.remove(&log);
        }
    }

    pub(super) fn doubt(&mut self, now: Moment, epoch: Epoch) {
        if epoch > self.known.epoch {
            self.read_at = Some(now);
        }
    }

    pub(super) fn hand_over(&mut self, out: &mut Vec<Action>) {
        if self.release == Release::No {
            self.release = Release::Draining;
            out.push(Action::Drain);
        }
    }

    pub(super) fn drained(&mut self) {
        if self.release == Release::Draining {
            self.release = Release::Asked;
        }
    }

    pub(super) fn lease_read(
        &mut self,
        me: &Identity,
        timing: Timing,
        now: Moment,
        answer: Result<Option<Lease>, Unavailable>,
    ) -> Next {
        let row = match answer {
            Err(Unavailable) => {
                self.read_at = Some(now.plus(timing.renew_every));
                return Next::Stay;
            }
            Ok(None) => return Next::Lose(Lost::RowGone, None),
            Ok(Some(row)) => row,
        };
        if row.log != me.log || row.epoch != self.known.epoch {
            return Next::Lose(Lost::Taken(row.epoch), Some(row));
        }
        if row.holder.is_none() {
            return match self.release {
                Release::Asked => Next::Rest,
                Release::No | Release::Draining => Next::Lose(Lost::Taken(row.epoch), Some(row)),
            };
        }
        self.read_at = None;
        if row.renewals > self.known.renewals {
            self.sent.clear();
        }
        self.known = row;
        // The deadline moves only with a write whose sending we can date.
        self.renew_at = now;
        Next::Stay
    }

    pub(super) fn lease_written(
        &mut self,
        timing: Timing,
        now: Moment,
        (sent, write, written): (Moment, LeaseWrite, Written),
        out: &mut Vec<Action>,
    ) -> Next {
        match written {
            Written::Done if write.lease.holder.is_none() => return Next::Rest,
            Written::Done => {
                self.known = write.lease;
                self.sent.clear();
                self.renew_at = sent.plus(timing.renew_every);
                self.deadline = sent.plus(timing.lease.saturating_sub(timing.margin));
                self.suspended = false;
                out.push(Action::Deadline(self.deadline));
            }
            Written::Refused => self.read_at = Some(now),
            Written::Unknown => self.read_at = Some(now.plus(timing.renew_every / 2)),
        }
        Next::Stay
    }

    pub(super) fn keep_time(&mut self, now: Moment, out: &mut Vec<Action>) {
        if !self.suspended && now >= self.deadline {
            self.suspended = true;
            out.push(Action::Suspend);
        }
    }

    pub(super) fn wish(&mut self, me: &Identity, timing: Timing, now: Moment) -> Wish {
        if let Some(read_at) = self.read_at {
            if now < read_at {
                return Wish::Nothing;
            }
            // Until the answer says otherwise.
            self.read_at = Some(now.plus(timing.renew_every));
            return Wish::Read;
        }
        let changed = self.wanted != self.known.in_sync || self.release == Release::Asked;
        if now < self.renew_at && !changed {
            return Wish::Nothing;
        }
        self.renew_at = now.plus(timing.renew_every);
        let lease = Lease {
            holder: (self.release != Release::Asked).then(|| me.node.clone()),
            log: me.log,
            epoch: self.known.epoch,
            renewals: self.known.renewals + 1,
            in_sync: self.wanted.clone(),
        };
        self.sent.push(self.wanted.clone());
        Wish::Write(LeaseWrite { expected: Some(self.known.version()), lease })
    }

    pub(super) fn tell_membership(&mut self, out: &mut Vec<Action>) {
        let mut required = self.known.in_sync.clone();
        let mut certain = self.known.in_sync.clone();
        for list in &self.sent {
            required.extend(list);
            certain.retain(|log| list.contains(log));
        }
        let now = Membership { required, certain };
        if now != self.told {
            self.told = now.clone();
            out.push(Action::Require(now));
        }
    }
}
