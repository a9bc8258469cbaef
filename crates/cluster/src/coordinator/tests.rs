//! Takes, renewals and losses, one at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use weir_codec::{Build, LogId, Protocols};
use weir_event::Epoch;

use super::{
    Action, Coordinator, Identity, Input, Lease, LeaseWrite, Lost, Timing, Unavailable, Waiting,
    Written,
};
use crate::ids::{Moment, NodeId};

const ME: LogId = LogId(1);
const OTHER: LogId = LogId(2);

fn at(ms: u64) -> Moment {
    Moment(Duration::from_millis(ms))
}

fn node() -> Coordinator {
    let build = Build { release: "1".to_owned(), protocols: Protocols::OURS, snapshots: 1 };
    let me = Identity { node: NodeId::new("a"), log: ME, build };
    Coordinator::new(me, Timing::default(), Epoch(0), at(0))
}

/// The row of the other node.
fn row(renewals: u64, in_sync: &[LogId]) -> Lease {
    Lease {
        holder: Some(NodeId::new("b")),
        log: OTHER,
        epoch: Epoch(4),
        renewals,
        in_sync: in_sync.iter().copied().collect(),
    }
}

fn write(actions: &[Action]) -> Option<LeaseWrite> {
    actions.iter().find_map(|it| match it {
        Action::WriteLease(write) => Some(write.clone()),
        Action::ReadLease
        | Action::AcceptFrom(_)
        | Action::BecomeActive(_)
        | Action::Deadline(_)
        | Action::Suspend
        | Action::Ask
        | Action::OnPromise(_)
        | Action::Require(_)
        | Action::StepDown(_)
        | Action::Drain
        | Action::Released
        | Action::Wait(_) => None,
    })
}

/// Looks at the row every half second until `ms`, and answers what came of the last look.
fn watch(node: &mut Coordinator, row: &Lease, ms: u64) -> Vec<Action> {
    let mut last = Vec::new();
    for now in (0..=ms).step_by(500) {
        node.step(at(now), Input::Tick);
        last = node.step(at(now), Input::LeaseRead(Ok(Some(row.clone()))));
    }
    last
}

fn active() -> Coordinator {
    let mut node = node();
    node.step(at(0), Input::Tick);
    let taken = write(&node.step(at(0), Input::LeaseRead(Ok(None)))).expect("it is free");
    assert_eq!((taken.expected, taken.lease.epoch), (None, Epoch(1)));
    node.step(at(10), Input::LeaseWritten(Written::Done));
    assert_eq!(node.epoch(), Some(Epoch(1)));
    node
}

#[test]
fn a_silent_holder_is_followed_after_one_lease_by_a_named_log_alone() {
    let mut named = node();
    assert_eq!(write(&watch(&mut named, &row(7, &[ME, OTHER]), 1_500)), None);
    let mut named = node();
    let taken = write(&watch(&mut named, &row(7, &[ME, OTHER]), 2_000)).expect("a lease passed");
    assert_eq!(taken.expected, Some(row(7, &[]).version()));
    assert_eq!((taken.lease.epoch, taken.lease.in_sync), (Epoch(5), BTreeSet::from([ME])));

    let mut stranger = node();
    let actions = watch(&mut stranger, &row(7, &[OTHER]), 2_000);
    assert_eq!(actions, [Action::Wait(Waiting::NotInSync)]);
}

#[test]
fn an_operator_may_accept_a_loss_and_is_told_what_was_named() {
    let mut node = node();
    watch(&mut node, &row(7, &[OTHER]), 2_000);
    node.step(at(2_100), Input::AcceptLoss);
    let read = node.step(at(2_100), Input::LeaseRead(Ok(Some(row(7, &[OTHER])))));
    assert!(write(&read).is_some());
    let taken = node.step(at(2_110), Input::LeaseWritten(Written::Done));
    let Some(Action::BecomeActive(term)) = taken.first() else { panic!("{taken:?}") };
    assert_eq!(term.loss, Some(BTreeSet::from([OTHER])));
}

#[test]
fn from_its_first_try_a_node_acknowledges_nothing_of_a_lower_epoch_until_the_try_is_over() {
    let mut node = node();
    let tried = watch(&mut node, &row(7, &[ME, OTHER]), 2_000);
    assert!(tried.contains(&Action::AcceptFrom(Epoch(5))));
    node.step(at(2_400), Input::LeaseWritten(Written::Unknown));
    node.step(at(2_500), Input::Tick);
    // The row is as the try expects: it may still land.
    let again = node.step(at(2_500), Input::LeaseRead(Ok(Some(row(7, &[ME, OTHER])))));
    assert!(!again.contains(&Action::AcceptFrom(Epoch(4))) && write(&again).is_some());
    node.step(at(2_900), Input::LeaseWritten(Written::Unknown));
    node.step(at(3_000), Input::Tick);
    let over = node.step(at(3_000), Input::LeaseRead(Ok(Some(row(8, &[ME, OTHER])))));
    assert!(over.contains(&Action::AcceptFrom(Epoch(4))), "{over:?}");
}

#[test]
fn a_try_that_landed_unseen_counts_from_before_it_was_sent() {
    let mut node = node();
    let tried = write(&watch(&mut node, &row(7, &[ME, OTHER]), 2_000)).expect("a lease passed");
    node.step(at(2_400), Input::LeaseWritten(Written::Unknown));
    node.step(at(2_500), Input::Tick);
    let found = node.step(at(2_500), Input::LeaseRead(Ok(Some(tried.lease))));
    let Some(Action::BecomeActive(term)) = found.first() else { panic!("{found:?}") };
    assert_eq!(term.deadline, at(2_000 + 1_800));
}

#[test]
fn a_strike_without_an_answer_still_requires_the_log() {
    let mut node = active();
    let named = write(&node.step(at(20), Input::PeerHolds(OTHER))).expect("it is named");
    assert_eq!(named.lease.in_sync, BTreeSet::from([ME, OTHER]));
    node.step(at(30), Input::LeaseWritten(Written::Done));
    assert!(write(&node.step(at(40), Input::PeerGone(OTHER))).is_some());
    let actions = node.step(at(440), Input::LeaseWritten(Written::Unknown));
    assert!(!actions.iter().any(|it| matches!(it, Action::Require(_))), "{actions:?}");
}

#[test]
fn outputs_stop_before_the_lease_ends_when_the_database_is_away() {
    let mut node = active();
    node.step(at(500), Input::Tick);
    node.step(at(900), Input::LeaseWritten(Written::Unknown));
    node.step(at(1_200), Input::Tick);
    node.step(at(1_600), Input::LeaseRead(Err(Unavailable)));
    assert!(!node.step(at(1_799), Input::Tick).contains(&Action::Suspend));
    assert!(node.step(at(1_800), Input::Tick).contains(&Action::Suspend));
}

#[test]
fn a_holder_that_was_followed_steps_down() {
    let mut node = active();
    node.step(at(500), Input::Tick);
    node.step(at(510), Input::LeaseWritten(Written::Refused));
    let actions = node.step(at(520), Input::LeaseRead(Ok(Some(row(0, &[OTHER])))));
    assert_eq!(actions.first(), Some(&Action::StepDown(Lost::Taken(Epoch(4)))));
    assert_eq!(node.epoch(), None);
}

/// An active node that names both logs, last renewed at `ms`.
fn paired(ms: u64) -> Coordinator {
    let mut node = active();
    let named = write(&node.step(at(ms), Input::PeerHolds(OTHER))).expect("it is named at once");
    assert_eq!(named.lease.in_sync, BTreeSet::from([ME, OTHER]));
    node.step(at(ms), Input::LeaseWritten(Written::Done));
    node
}

fn deadlines(actions: &[Action]) -> Vec<Moment> {
    let deadline = |it: &Action| if let Action::Deadline(at) = it { Some(*at) } else { None };
    actions.iter().filter_map(deadline).collect()
}

#[test]
fn a_term_goes_on_by_promises_from_when_they_were_asked_for() {
    let mut node = paired(100);
    assert!(!node.step(at(1_099), Input::Tick).contains(&Action::Ask));
    assert!(node.step(at(1_100), Input::Tick).contains(&Action::Ask));
    let asked = at(1_100);
    let actions = node.step(at(1_500), Input::PeerPromised { log: OTHER, asked });
    assert_eq!(deadlines(&actions), [at(2_900)]);
    assert!(actions.contains(&Action::OnPromise(true)));
    assert!(!node.step(at(2_899), Input::Tick).contains(&Action::Suspend));
    assert!(node.step(at(2_900), Input::Tick).contains(&Action::Suspend));
    // A promise that comes late is still one.
    let asked = at(2_600);
    let actions = node.step(at(3_000), Input::PeerPromised { log: OTHER, asked });
    assert_eq!(deadlines(&actions), [at(4_400)]);
    // One that has run out is none.
    node.step(at(4_400), Input::Tick);
    let actions = node.step(at(4_500), Input::PeerPromised { log: OTHER, asked });
    assert_eq!(deadlines(&actions), []);
}

#[test]
fn a_term_goes_on_only_if_every_named_log_promises() {
    let asked = at(1_100);
    let mut alone = active();
    let promised = Input::PeerPromised { log: OTHER, asked };
    assert_eq!(deadlines(&alone.step(at(1_200), promised.clone())), []);
    let mut node = paired(100);
    node.step(at(200), Input::PeerHolds(LogId(3)));
    // The write that names the third log has no answer: it may be named.
    node.step(at(700), Input::LeaseWritten(Written::Unknown));
    assert_eq!(deadlines(&node.step(at(1_200), promised)), []);
    let third = Input::PeerPromised { log: LogId(3), asked };
    assert_eq!(deadlines(&node.step(at(1_300), third)), [at(2_900)]);
}

#[test]
fn a_node_that_promised_leaves_an_unreleased_lease_alone_for_one_lease() {
    let mut node = node();
    watch(&mut node, &row(7, &[ME, OTHER]), 1_500);
    assert!(node.promise(at(1_600), Epoch(4)));
    assert!(!node.promise(at(1_600), Epoch(3)), "the holder of a lower epoch is over");
    for ms in [2_000, 2_500, 3_000, 3_500] {
        node.step(at(ms), Input::Tick);
        let read = Input::LeaseRead(Ok(Some(row(7, &[ME, OTHER]))));
        let actions = node.step(at(ms), read);
        assert_eq!(write(&actions), None, "at {ms}");
    }
    node.step(at(4_000), Input::Tick);
    let read = Input::LeaseRead(Ok(Some(row(7, &[ME, OTHER]))));
    assert!(write(&node.step(at(4_000), read)).is_some());
    assert!(!node.promise(at(4_001), Epoch(4)), "it may have taken the lease");
}

#[test]
fn a_released_lease_may_be_taken_whatever_was_promised() {
    let mut node = node();
    watch(&mut node, &row(7, &[ME, OTHER]), 500);
    assert!(node.promise(at(600), Epoch(4)));
    node.step(at(700), Input::PeerReleased);
    let released = Lease { holder: None, ..row(8, &[ME, OTHER]) };
    assert!(write(&node.step(at(700), Input::LeaseRead(Ok(Some(released))))).is_some());
}
