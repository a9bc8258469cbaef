//! A node with the lease: it renews it, says whom an acknowledgement needs, and gives it back.

use std::collections::{BTreeMap, BTreeSet};

use weir_codec::LogId;
use weir_event::Epoch;

use super::core::{Next, Wish};
use super::lease::{Lease, LeaseWrite, Unavailable, Written};
use super::words::{Action, Identity, Lost, Membership, Timing};
use crate::ids::Moment;

/// How often in a lease promises are asked for while the database does not answer.
const ASKS_A_LEASE: u32 = 4;

/// Until when outputs may leave: a lease after the moment that it is reckoned from, less what
/// clocks of unlike speed may make of it.
fn deadline(from: Moment, timing: Timing) -> Moment {
    from.plus(timing.lease.saturating_sub(timing.margin))
}

/// When the database has been silent for long enough to ask the peers.
fn ask_at(sent: Moment, timing: Timing) -> Moment {
    sent.plus(timing.lease / 2)
}

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
    /// When to ask the named logs for a promise, unless the lease is renewed before.
    ask_at: Moment,
    /// When each log was asked that has promised since.
    promised: BTreeMap<LogId, Moment>,
    on_promise: bool,
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
    /// A lease taken by a write that was sent at `sent`.
    pub(super) fn taken(known: Lease, sent: Moment, timing: Timing) -> Self {
        let wanted = known.in_sync.clone();
        Self {
            known,
            sent: Vec::new(),
            wanted,
            deadline: deadline(sent, timing),
            suspended: false,
            ask_at: ask_at(sent, timing),
            promised: BTreeMap::new(),
            on_promise: false,
            renew_at: sent.plus(timing.renew_every),
            read_at: None,
            release: Release::No,
            told: Membership::default(),
        }
    }

    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.known.epoch
    }

    pub(super) fn wake_at(&self) -> Moment {
        let next = self.read_at.unwrap_or(self.renew_at).min(self.ask_at);
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
                self.ask_at = ask_at(sent, timing);
                self.extend(deadline(sent, timing), out);
                self.go_on_by(false, out);
            }
            Written::Refused => self.read_at = Some(now),
            Written::Unknown => self.read_at = Some(now.plus(timing.renew_every / 2)),
        }
        Next::Stay
    }

    /// A named log leaves the lease to us for one lease from when it answered, which is after it
    /// was asked: the term goes on for as long as all of them do.
    ///
    /// With no other log named nobody promises anything, and the term ends with the lease.
    pub(super) fn promised(
        &mut self,
        timing: Timing,
        now: Moment,
        (log, asked): (LogId, Moment),
        out: &mut Vec<Action>,
    ) {
        let known = self.promised.entry(log).or_insert(asked);
        *known = asked.max(*known);
        let own = self.known.log;
        let others = self.membership().required.into_iter().filter(|log| *log != own);
        let asked = others.map(|log| self.promised.get(&log).copied()).min().flatten();
        let until = asked.map(|asked| deadline(asked, timing));
        if let Some(until) = until.filter(|until| *until > self.deadline && *until > now) {
            self.extend(until, out);
            self.go_on_by(true, out);
        }
    }

    fn extend(&mut self, deadline: Moment, out: &mut Vec<Action>) {
        self.deadline = self.deadline.max(deadline);
        self.suspended = false;
        out.push(Action::Deadline(self.deadline));
    }

    fn go_on_by(&mut self, promise: bool, out: &mut Vec<Action>) {
        if self.on_promise != promise {
            self.on_promise = promise;
            out.push(Action::OnPromise(promise));
        }
    }

    pub(super) fn keep_time(&mut self, timing: Timing, now: Moment, out: &mut Vec<Action>) {
        if now >= self.ask_at {
            self.ask_at = now.plus(timing.lease / ASKS_A_LEASE);
            out.push(Action::Ask);
        }
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

    /// Every log that the row may name, and those that it certainly does.
    fn membership(&self) -> Membership {
        let mut required = self.known.in_sync.clone();
        let mut certain = self.known.in_sync.clone();
        for list in &self.sent {
            required.extend(list);
            certain.retain(|log| list.contains(log));
        }
        Membership { required, certain }
    }

    pub(super) fn tell_membership(&mut self, out: &mut Vec<Action>) {
        let now = self.membership();
        if now != self.told {
            self.told = now.clone();
            out.push(Action::Require(now));
        }
    }
}
