//! What the receiving side takes, acknowledges and refuses.

use bytes::Bytes;
use weir_codec::{Build, EntryId, LogId, Message, Protocols, RawEntry, Refusal};
use weir_event::{Epoch, Time};

use super::{Packet, Receiver, ReceiverAction, Shape};
use crate::coordinator::Identity;
use crate::ids::{ConnId, NodeId};

const CONN: ConnId = ConnId(1);

fn build(oldest: u16, newest: u16) -> Build {
    let protocols = Protocols { oldest, newest };
    Build { release: format!("1.{newest}"), protocols, snapshots: 1 }
}

fn passive() -> Receiver {
    let me = Identity { node: NodeId::new("b"), log: LogId(2), build: build(1, 2) };
    let mut receiver = Receiver::new("group", me);
    receiver.accept_from(Epoch(3));
    receiver
}

fn open(epoch: u64) -> Packet {
    open_by(epoch, build(1, 1))
}

fn open_by(epoch: u64, build: Build) -> Packet {
    let (group, node) = ("group".to_owned(), "a".to_owned());
    Packet::new(Epoch(epoch), Message::Open { group, node, log: LogId(1), build })
}

fn entries(after: u64, count: u64) -> Packet {
    let entry = |seq| RawEntry { id: EntryId::new(3, seq), time: Time(0), payload: Bytes::new() };
    let entries = (after + 1..=after + count).map(entry).collect();
    let after = if after == 0 { EntryId::NONE } else { EntryId::new(3, after) };
    Packet::new(Epoch(3), Message::Entries { after, committed: EntryId::NONE, entries })
}

fn ended(actions: &[ReceiverAction]) -> Option<Refusal> {
    actions.iter().find_map(|it| match it {
        ReceiverAction::Close(_, why, _) => Some(*why),
        ReceiverAction::Send(..)
        | ReceiverAction::Met(..)
        | ReceiverAction::Append(_)
        | ReceiverAction::CutAfter(_)
        | ReceiverAction::ResetTo(_)
        | ReceiverAction::Trim { .. }
        | ReceiverAction::Committed(_)
        | ReceiverAction::Asked { .. }
        | ReceiverAction::PeerReleased => None,
    })
}

fn said(last: u64, message: fn(EntryId) -> Message) -> ReceiverAction {
    ReceiverAction::Send(CONN, Packet::new(Epoch(3), message(EntryId::new(3, last))))
}

#[test]
fn entries_are_appended_before_they_are_acknowledged() {
    let (mut passive, mut shape) = (passive(), Shape::after(EntryId::NONE));
    passive.step(CONN, open(3), &mut shape, true);
    let actions = passive.step(CONN, entries(0, 4), &mut shape, true);
    assert!(matches!(actions.first(), Some(ReceiverAction::Append(it)) if it.len() == 4));
    assert_eq!(actions.last(), Some(&said(4, |last| Message::Ack { last })));
    assert_eq!(shape.last(), EntryId::new(3, 4));
}

#[test]
fn a_lower_epoch_a_gap_and_a_stranger_are_refused() {
    let mut shape = Shape::after(EntryId::NONE);
    let mut node = passive();
    assert_eq!(ended(&node.step(CONN, open(2), &mut shape, true)), Some(Refusal::LowerEpoch));
    assert_eq!(ended(&node.step(CONN, open(3), &mut shape, true)), None);
    assert_eq!(ended(&node.step(CONN, entries(5, 1), &mut shape, true)), Some(Refusal::Gap));
    let stranger = node.step(ConnId(9), entries(0, 1), &mut shape, true);
    assert_eq!(ended(&stranger), Some(Refusal::OutOfTurn));
    assert_eq!(shape, Shape::after(EntryId::NONE));
}

#[test]
fn a_try_for_the_lease_ends_the_connection_of_the_epoch_before() {
    let (mut node, mut shape) = (passive(), Shape::after(EntryId::NONE));
    node.step(CONN, open(3), &mut shape, true);
    assert_eq!(ended(&node.accept_from(Epoch(4))), Some(Refusal::LowerEpoch));
    let late = node.step(CONN, entries(0, 1), &mut shape, true);
    assert_eq!(ended(&late), Some(Refusal::LowerEpoch));
    // A stale look at the lease does not let back in what a higher epoch has ended.
    node.accept_from(Epoch(3));
    node.step(CONN, open(5), &mut shape, true);
    node.accept_from(Epoch(3));
    let old = node.step(ConnId(2), open(3), &mut shape, true);
    assert_eq!(ended(&old), Some(Refusal::LowerEpoch));
}

#[test]
fn a_full_log_drops_what_is_under_way_and_goes_on_where_it_stopped() {
    let (mut node, mut shape) = (passive(), Shape::after(EntryId::NONE));
    node.step(CONN, open(3), &mut shape, true);
    node.step(CONN, entries(0, 2), &mut shape, true);
    let full = node.step(CONN, entries(2, 2), &mut shape, false);
    assert_eq!(full, [said(2, |last| Message::Full { last })]);
    assert_eq!(node.made_room(&shape), [said(2, |last| Message::Ready { last })]);
    assert_eq!(node.step(CONN, entries(4, 2), &mut shape, true), []);
    let again = node.step(CONN, entries(2, 2), &mut shape, true);
    assert_eq!(again.last(), Some(&said(4, |last| Message::Ack { last })));
}

#[test]
fn another_release_is_taken_while_both_speak_one_version_and_else_refused_with_words() {
    let mut shape = Shape::after(EntryId::NONE);
    let mut node = passive();
    let met = node.step(CONN, open_by(3, build(2, 4)), &mut shape, true);
    let expected = ReceiverAction::Met(NodeId::new("a"), build(2, 4));
    assert!(met.contains(&expected) && ended(&met).is_none(), "{met:?}");
    assert_eq!(node.active(), Some(&(NodeId::new("a"), build(2, 4))));

    let refused = node.step(ConnId(2), open_by(3, build(3, 4)), &mut shape, true);
    let words = "release 1.4 speaks versions 3 to 4 of event sync and release 1.2 speaks versions \
                 1 to 2 of event sync: upgrade by way of a release that shares one with each";
    let close = ReceiverAction::Close(ConnId(2), Refusal::OtherProtocol, words.to_owned());
    assert_eq!(refused.last(), Some(&close));
    assert!(node.listens_to().is_some(), "the one before is still listened to");
}
