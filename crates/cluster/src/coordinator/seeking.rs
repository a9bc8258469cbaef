//! A node without the lease: it watches the row and takes it once it may.

use std::collections::BTreeSet;

use weir_codec::LogId;
use weir_event::Epoch;

use super::core::{Next, Wish};
use super::holding::Holding;
use super::lease::{Lease, LeaseVersion, LeaseWrite, Unavailable, Written};
use super::words::{Action, Identity, Term, Timing, Waiting};
use crate::ids::Moment;

/// For how many leases a node that handed over leaves the lease to others.
const REST_LEASES: u32 = 2;

/// How often a row is looked at in the time in which its holder renews it once: how soon a change
/// is seen is part of how long a takeover takes.
const LOOKS_A_RENEWAL: u32 = 5;

/// For how many leases an accepted loss allows a take: long enough to see that the lease is free.
const LOSS_ACCEPTED_LEASES: u32 = 4;

#[derive(Debug)]
pub(super) struct Seeking {
    look_at: Moment,
    /// The row's version, since when we know it, and when we last saw it.
    seen: Option<Seen>,
    /// The row as just read, until it has been acted upon.
    fresh: Option<Option<Lease>>,
    /// A take that was sent and may yet land.
    taking: Option<Take>,
    rest_until: Option<Moment>,
    /// Until then an unreleased lease is left to its holder.
    promised_until: Option<Moment>,
    /// An operator's word holds for the situation it was given in, not for ever.
    loss_accepted_until: Option<Moment>,
    accepts: Option<Epoch>,
    told: Option<Waiting>,
}

#[derive(Debug)]
struct Seen {
    version: LeaseVersion,
    first: Moment,
    last: Moment,
}

#[derive(Debug)]
struct Take {
    write: LeaseWrite,
    /// Before the first time it was sent: whichever sending landed, the lease ends no earlier.
    sent: Moment,
    loss: Option<BTreeSet<LogId>>,
}

impl Seeking {
    pub(super) fn started(now: Moment) -> Self {
        Self {
            look_at: now,
            seen: None,
            fresh: None,
            taking: None,
            rest_until: None,
            promised_until: None,
            loss_accepted_until: None,
            accepts: None,
            told: None,
        }
    }

    pub(super) fn resting(now: Moment, timing: Timing) -> Self {
        Self { rest_until: Some(now.plus(timing.lease * REST_LEASES)), ..Self::started(now) }
    }

    pub(super) fn look_now(&mut self, now: Moment) {
        self.look_at = self.look_at.min(now);
    }

    pub(super) fn accept_loss(&mut self, timing: Timing, now: Moment) {
        self.loss_accepted_until = Some(now.plus(timing.lease * LOSS_ACCEPTED_LEASES));
        self.rest_until = None;
        self.look_now(now);
    }

    /// Promises to leave an unreleased lease alone for one lease. A node that may have taken it,
    /// or that knows of a higher epoch, promises nothing.
    pub(super) fn promise(&mut self, timing: Timing, now: Moment, epoch: Epoch) -> bool {
        let free = self.taking.is_none() && self.accepts.is_some_and(|lowest| epoch >= lowest);
        if free {
            self.promised_until = Some(now.plus(timing.lease));
        }
        free
    }

    pub(super) fn wake_at(&self) -> Moment {
        self.look_at
    }

    pub(super) fn lease_read(
        &mut self,
        me: &Identity,
        timing: Timing,
        now: Moment,
        answer: Result<Option<Lease>, Unavailable>,
        out: &mut Vec<Action>,
    ) -> Next {
        let Ok(row) = answer else {
            self.tell(Waiting::Unavailable, out);
            return Next::Stay;
        };
        if let Some(take) = self.taking.take() {
            let ours = row.as_ref().is_some_and(|row| {
                row.holder.as_ref() == Some(&me.node) && row.version() == take.write.lease.version()
            });
            if ours {
                return Self::hold(take, timing);
            }
            // While the row is as the take expects, the take may still land.
            if row.as_ref().map(Lease::version) == take.write.expected {
                self.taking = Some(take);
            }
        }
        self.observe(timing, now, row.as_ref());
        if let (Some(row), None) = (&row, &self.taking)
            && self.accepts != Some(row.epoch)
        {
            self.accepts = Some(row.epoch);
            out.push(Action::AcceptFrom(row.epoch));
        }
        self.fresh = Some(row);
        Next::Stay
    }

    pub(super) fn lease_written(&mut self, timing: Timing, now: Moment, written: Written) -> Next {
        match written {
            Written::Done => match self.taking.take() {
                Some(take) => Self::hold(take, timing),
                None => Next::Stay,
            },
            Written::Refused => {
                self.taking = None;
                self.look_at = now;
                Next::Stay
            }
            Written::Unknown => Next::Stay,
        }
    }

    /// What to do with the row now; a take goes out right behind the read that allows it.
    pub(super) fn wish(
        &mut self,
        me: &Identity,
        timing: Timing,
        now: Moment,
        highest: Epoch,
        out: &mut Vec<Action>,
    ) -> Wish {
        if let Some(row) = self.fresh.take() {
            match self.may_take(me, timing, now, row.as_ref()) {
                Ok(loss) => return self.take(me, now, (row, loss), highest, out),
                Err(waiting) => self.tell(waiting, out),
            }
        }
        if now < self.look_at {
            return Wish::Nothing;
        }
        self.look_at = now.plus(timing.renew_every / LOOKS_A_RENEWAL);
        Wish::Read
    }

    fn take(
        &mut self,
        me: &Identity,
        now: Moment,
        (row, loss): (Option<Lease>, Option<BTreeSet<LogId>>),
        highest: Epoch,
        out: &mut Vec<Action>,
    ) -> Wish {
        let expected = row.as_ref().map(Lease::version);
        let take = match self.taking.take() {
            Some(again) => again,
            None => {
                let epoch = Epoch(highest.0 + 1);
                let lease = Lease {
                    holder: Some(me.node.clone()),
                    log: me.log,
                    epoch,
                    renewals: 0,
                    in_sync: BTreeSet::from([me.log]),
                };
                Take { write: LeaseWrite { expected, lease }, sent: now, loss }
            }
        };
        let write = take.write.clone();
        self.accepts = Some(write.lease.epoch);
        out.push(Action::AcceptFrom(write.lease.epoch));
        self.tell(Waiting::Taking, out);
        self.taking = Some(take);
        Wish::Write(write)
    }

    fn hold(take: Take, timing: Timing) -> Next {
        let epoch = take.write.lease.epoch;
        let holding = Holding::taken(take.write.lease, take.sent, timing);
        let deadline = holding.deadline();
        Next::Hold(Box::new(holding), Term { epoch, deadline, loss: take.loss })
    }

    fn observe(&mut self, timing: Timing, now: Moment, row: Option<&Lease>) {
        let version = row.map(Lease::version);
        match (&mut self.seen, version) {
            // A holder that could not reach the database either gets a lease to renew it first.
            (Some(seen), Some(version))
                if seen.version == version && now.since(seen.last) <= timing.lease =>
            {
                seen.last = now;
            }
            (_, Some(version)) => self.seen = Some(Seen { version, first: now, last: now }),
            (_, None) => self.seen = None,
        }
    }

    /// Whether the row may be taken, and with it the logs whose loss is accepted.
    fn may_take(
        &mut self,
        me: &Identity,
        timing: Timing,
        now: Moment,
        row: Option<&Lease>,
    ) -> Result<Option<BTreeSet<LogId>>, Waiting> {
        // A group's first lease is open to anyone.
        let Some(row) = row else { return Ok(None) };
        // Nobody else could take what we gave back: then there is nobody to leave it to.
        let others = row.in_sync.iter().any(|log| *log != me.log);
        if others && self.rest_until.is_some_and(|until| now < until) {
            return Err(Waiting::Resting);
        }
        let silent = self.seen.as_ref().is_some_and(|it| now.since(it.first) >= timing.lease);
        if row.holder.is_some() && !silent {
            return Err(Waiting::Held);
        }
        let promised = self.promised_until.is_some_and(|until| now < until);
        if row.holder.is_some() && promised {
            return Err(Waiting::Promised);
        }
        if row.in_sync.contains(&me.log) {
            Ok(None)
        } else if self.loss_accepted_until.is_some_and(|until| now < until) {
            Ok(Some(row.in_sync.clone()))
        } else {
            Err(Waiting::NotInSync)
        }
    }

    fn tell(&mut self, waiting: Waiting, out: &mut Vec<Action>) {
        if self.told != Some(waiting) {
            self.told = Some(waiting);
            out.push(Action::Wait(waiting));
        }
    }
}
