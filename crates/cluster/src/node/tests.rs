//! A node's log and its outline stay one, whatever the database says.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use weir_codec::{Build, EntryId, LogId, Protocols};
use weir_event::Time;

use super::core::{Found, Node, NodeConfig};
use super::words::{NodeAction, NodeEvent, NodeInput};
use crate::coordinator::{Identity, Timing, Written};
use crate::ids::{Moment, NodeId};
use crate::sync::{SenderLimits, Shape};

const LOG: LogId = LogId(7);

fn build() -> Build {
    Build { release: "1".to_owned(), protocols: Protocols::OURS, snapshots: 1 }
}

/// A node whose log stands behind 2:490, and which has just taken its group's first lease.
fn active() -> Node {
    let config = NodeConfig {
        group: "group".to_owned(),
        me: Identity { node: NodeId::new("a"), log: LOG, build: build() },
        timing: Timing::default(),
        limits: SenderLimits::default(),
        strike_after: Duration::from_secs(1),
        log_bytes_max: u64::MAX,
    };
    let found = Found { shape: Shape::after(EntryId::new(2, 490)), last_time: Time(70) };
    let mut node = Node::new(config, found, Moment::default());
    node.step(Moment::default(), NodeInput::Apps(BTreeSet::from(["App".to_owned()])));
    let asked = node.step(Moment::default(), NodeInput::LeaseRead(Ok(None)));
    assert!(asked.iter().any(|it| matches!(it, NodeAction::WriteLease(_))), "{asked:?}");
    let taken = node.step(Moment::default(), NodeInput::LeaseWritten(Written::Done));
    let epochs = taken.iter().filter_map(|it| {
        let NodeAction::Tell(NodeEvent::BecameActive { term, .. }) = it else { return None };
        Some(term.epoch.0)
    });
    assert_eq!(epochs.collect::<Vec<_>>(), [3], "{taken:?}");
    node
}

fn appended(node: &mut Node) -> Vec<EntryId> {
    let items = vec![(Time(90), Bytes::from_static(b"x"))];
    let actions = node.step(Moment::default(), NodeInput::Append(items));
    let entries = actions.into_iter().filter_map(|it| {
        let NodeAction::Append(entries) = it else { return None };
        Some(entries)
    });
    entries.flatten().map(|it| it.id).collect()
}

#[test]
fn a_log_begins_behind_a_snapshot_that_it_does_not_share() {
    let mut node = active();
    let at = EntryId::new(2, 592);
    let actions = node.step(Moment::default(), NodeInput::Restored { at, time: Time(80) });
    assert!(actions.contains(&NodeAction::ResetTo(at)), "{actions:?}");
    assert_eq!(appended(&mut node), [EntryId::new(3, 593)]);
}

#[test]
fn a_snapshot_of_a_later_epoch_ends_the_term_and_leaves_the_log_as_it_is() {
    let mut node = active();
    let base = node.shape().base();
    let at = EntryId::new(4, 592);
    let actions = node.step(Moment::default(), NodeInput::Restored { at, time: Time(80) });
    assert_eq!(actions.iter().filter(|it| matches!(it, NodeAction::ResetTo(_))).count(), 0);
    assert!(actions.contains(&NodeAction::ReadLease), "{actions:?}");
    assert_eq!(node.shape().base(), base);
    assert_eq!(appended(&mut node), [EntryId::new(3, 491)]);
}
