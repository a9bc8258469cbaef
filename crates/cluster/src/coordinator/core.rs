//! The coordinator: one state machine a node, without clock, socket or database.

use weir_event::Epoch;

use super::holding::Holding;
use super::lease::{Lease, LeaseWrite, Unavailable, Written};
use super::seeking::Seeking;
use super::words::{Action, Identity, Input, Lost, Term, Timing};
use crate::ids::Moment;

/// Decides whether this node may act, from the lease row alone.
///
/// The driver feeds it what happened, with the moment on this node's own clock, and carries out
/// what it answers, in order. It asks for one lease operation at a time and waits for its answer:
/// a driver that gives up on the database must say so ([`Unavailable`], [`Written::Unknown`]).
///
/// While the database is away a term goes on as long as every named log promises, over the peer
/// link, to leave the lease alone: [`Action::Ask`], [`Coordinator::promise`] on the other side,
/// [`Input::PeerPromised`].
#[derive(Debug)]
pub struct Coordinator {
    me: Identity,
    timing: Timing,
    role: Role,
    busy: Option<Busy>,
    highest: Epoch,
}

#[derive(Debug)]
enum Role {
    Seeking(Seeking),
    Holding(Holding),
}

/// The lease operation under way.
#[derive(Debug)]
struct Busy {
    sent: Moment,
    op: Op,
}

#[derive(Debug)]
enum Op {
    Read,
    Write(LeaseWrite),
}

/// What the role wants done with the row.
#[derive(Debug)]
pub(super) enum Wish {
    Nothing,
    Read,
    Write(LeaseWrite),
}

/// What a step of a role leads to.
#[derive(Debug)]
pub(super) enum Next {
    Stay,
    Hold(Box<Holding>, Term),
    Lose(Lost, Option<Lease>),
    Rest,
}

impl Coordinator {
    /// A node that has just started. `highest` is the highest epoch found in its own log.
    #[must_use]
    pub fn new(me: Identity, timing: Timing, highest: Epoch, now: Moment) -> Self {
        Self { me, timing, role: Role::Seeking(Seeking::started(now)), busy: None, highest }
    }

    /// Takes in what happened at `now` and answers what to do about it.
    pub fn step(&mut self, now: Moment, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        match input {
            Input::Tick => {}
            Input::LeaseRead(answer) => self.lease_read(now, answer, &mut out),
            Input::LeaseWritten(written) => self.lease_written(now, written, &mut out),
            Input::PeerReleased => {
                if let Role::Seeking(seeking) = &mut self.role {
                    seeking.look_now(now);
                }
            }
            Input::AcceptLoss => {
                if let Role::Seeking(seeking) = &mut self.role {
                    seeking.accept_loss(self.timing, now);
                }
            }
            Input::PeerHolds(log) => self.with_holding(|it| it.want(log)),
            Input::PeerGone(log) => self.with_holding(|it| it.do_without(log)),
            Input::HigherEpoch(epoch) => self.with_holding(|it| it.doubt(now, epoch)),
            Input::Drained => self.with_holding(Holding::drained),
            Input::PeerPromised { log, asked } => {
                if let Role::Holding(holding) = &mut self.role {
                    holding.promised(self.timing, now, (log, asked), &mut out);
                }
            }
            Input::HandOver => {
                if let Role::Holding(holding) = &mut self.role {
                    holding.hand_over(&mut out);
                }
            }
        }
        self.go_on(now, &mut out);
        out
    }

    /// The holder of the lease under `epoch` cannot reach the database and asks to be left alone:
    /// whether this node takes no unreleased lease for one lease from now on.
    pub fn promise(&mut self, now: Moment, epoch: Epoch) -> bool {
        match &mut self.role {
            Role::Seeking(seeking) => seeking.promise(self.timing, now, epoch),
            Role::Holding(_) => false,
        }
    }

    /// When to call again with [`Input::Tick`], at the latest.
    #[must_use]
    pub fn wake_at(&self) -> Moment {
        match &self.role {
            Role::Seeking(seeking) => seeking.wake_at(),
            Role::Holding(holding) => holding.wake_at(),
        }
    }

    /// The epoch this node holds the lease under, if it does.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        match &self.role {
            Role::Seeking(_) => None,
            Role::Holding(holding) => Some(holding.epoch()),
        }
    }

    fn with_holding(&mut self, deed: impl FnOnce(&mut Holding)) {
        if let Role::Holding(holding) = &mut self.role {
            deed(holding);
        }
    }

    fn lease_read(
        &mut self,
        now: Moment,
        answer: Result<Option<Lease>, Unavailable>,
        out: &mut Vec<Action>,
    ) {
        // An answer that nobody waits for is older than what we know.
        if !matches!(self.busy, Some(Busy { op: Op::Read, .. })) {
            return;
        }
        self.busy = None;
        if let Ok(Some(lease)) = &answer {
            self.highest = self.highest.max(lease.epoch);
        }
        let next = match &mut self.role {
            Role::Seeking(it) => it.lease_read(&self.me, self.timing, now, answer, out),
            Role::Holding(it) => it.lease_read(&self.me, self.timing, now, answer),
        };
        self.enter(now, next, out);
    }

    fn lease_written(&mut self, now: Moment, written: Written, out: &mut Vec<Action>) {
        let Some(Busy { sent, op: Op::Write(write) }) =
            self.busy.take_if(|busy| matches!(busy.op, Op::Write(_)))
        else {
            return;
        };
        let next = match &mut self.role {
            Role::Seeking(it) => it.lease_written(self.timing, now, written),
            Role::Holding(it) => it.lease_written(self.timing, now, (sent, write, written), out),
        };
        self.enter(now, next, out);
    }

    fn enter(&mut self, now: Moment, next: Next, out: &mut Vec<Action>) {
        match next {
            Next::Stay => {}
            Next::Hold(holding, term) => {
                self.highest = self.highest.max(term.epoch);
                self.role = Role::Holding(*holding);
                out.push(Action::BecomeActive(term));
            }
            Next::Lose(lost, row) => {
                self.role = Role::Seeking(Seeking::started(now));
                out.push(Action::StepDown(lost));
                if let Some(row) = row {
                    out.push(Action::AcceptFrom(row.epoch));
                }
            }
            Next::Rest => {
                self.role = Role::Seeking(Seeking::resting(now, self.timing));
                out.push(Action::Released);
            }
        }
    }

    fn go_on(&mut self, now: Moment, out: &mut Vec<Action>) {
        if let Role::Holding(holding) = &mut self.role {
            holding.keep_time(self.timing, now, out);
        }
        if self.busy.is_none() {
            let wish = match &mut self.role {
                Role::Seeking(it) => it.wish(&self.me, self.timing, now, self.highest, out),
                Role::Holding(it) => it.wish(&self.me, self.timing, now),
            };
            match wish {
                Wish::Nothing => {}
                Wish::Read => {
                    self.busy = Some(Busy { sent: now, op: Op::Read });
                    out.push(Action::ReadLease);
                }
                Wish::Write(write) => {
                    self.busy = Some(Busy { sent: now, op: Op::Write(write.clone()) });
                    out.push(Action::WriteLease(write));
                }
            }
        }
        // After the write is on its way: what it may name is required from now on.
        if let Role::Holding(holding) = &mut self.role {
            holding.tell_membership(out);
        }
    }
}
