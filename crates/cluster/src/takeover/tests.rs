//! The order of the four steps, what is replayed, and what is held back.

use weir_codec::{EntryId, Mark, RawEntry, What};
use weir_event::{Epoch, OutputNo, Seq, Time};

use super::{RestoredApp, Takeover, TakeoverAction, TakeoverInput};
use crate::marks::{LoggedMarks, Marks, SinkId};

fn sink(app: &str) -> SinkId {
    SinkId { app: app.into(), sink: "0".into() }
}

/// The marks of one entry of a log.
fn logged(seq: u64, marks: &[(&str, u64)]) -> LoggedMarks {
    let mark = |(app, through): &(&str, u64)| Mark {
        app: (*app).into(),
        sink: "0".into(),
        through: OutputNo(*through),
    };
    let what = What::Marks(marks.iter().map(mark).collect());
    let mut logged = LoggedMarks::default();
    let entry = RawEntry::new(EntryId::new(1, seq), Time(0), &what);
    logged.note(&entry).expect("it was just written");
    logged
}

fn app(name: &str, at: Option<EntryId>, marks: &[(SinkId, u64)]) -> RestoredApp {
    let marks = marks.iter().map(|(sink, no)| (sink.clone(), OutputNo(*no))).collect();
    RestoredApp { app: name.into(), at, time: Time(70), marks }
}

fn restoring(base: EntryId, last: EntryId, marks: LoggedMarks) -> Takeover {
    let mut takeover = Takeover::new(Epoch(3), base, last, marks);
    assert_eq!(takeover.step(TakeoverInput::Begin), [TakeoverAction::StartApps]);
    assert_eq!(
        takeover.step(TakeoverInput::AppsStarted),
        [TakeoverAction::RaiseFence(Epoch(3)), TakeoverAction::RestoreLast]
    );
    takeover
}

#[test]
fn ports_open_after_the_queue_has_been_executed() {
    let mut takeover = restoring(EntryId::new(1, 4), EntryId::new(2, 20), LoggedMarks::default());
    let restored = vec![
        app("A", Some(EntryId::new(2, 12)), &[]),
        app("B", Some(EntryId::new(1, 6)), &[]),
        app("C", None, &[]),
    ];
    assert_eq!(
        takeover.step(TakeoverInput::Restored(restored)),
        [TakeoverAction::Replay { after: Seq(4), through: Seq(20) }]
    );
    assert!(!takeover.is_for("A", Seq(12)) && takeover.is_for("A", Seq(13)));
    assert!(!takeover.is_for("B", Seq(6)) && takeover.is_for("B", Seq(7)));
    assert!(takeover.is_for("C", Seq(5)));
    assert_eq!(takeover.step(TakeoverInput::PortsOpened), []);
    assert_eq!(
        takeover.step(TakeoverInput::Replayed(Marks::new())),
        [
            TakeoverAction::NumberAbove { at: EntryId::new(2, 12), time: Time(70) },
            TakeoverAction::OpenPorts
        ]
    );
    assert_eq!(
        takeover.step(TakeoverInput::PortHeld("9090".to_owned())),
        [TakeoverAction::AwaitPort("9090".to_owned()), TakeoverAction::OpenPorts]
    );
    assert_eq!(takeover.step(TakeoverInput::PortsOpened), [TakeoverAction::Done]);
}

#[test]
fn delivered_outputs_are_held_back_and_marks_clamped_to_what_came_out() {
    let kept = logged(3, &[("A", 12), ("B", 5)]);
    let mut takeover = restoring(EntryId::NONE, EntryId::new(2, 20), kept);
    let restored = vec![app("A", None, &[(sink("A"), 7), (sink("C"), 2)])];
    takeover.step(TakeoverInput::Restored(restored));
    assert!(!takeover.may_leave(&sink("A"), OutputNo(12)));
    assert!(takeover.may_leave(&sink("A"), OutputNo(13)));
    assert!(!takeover.may_leave(&sink("C"), OutputNo(2)));
    assert!(takeover.may_leave(&sink("D"), OutputNo(1)));
    let produced = Marks::from([(sink("A"), OutputNo(12)), (sink("B"), OutputNo(3))]);
    let clamped = Marks::from([(sink("B"), OutputNo(3)), (sink("C"), OutputNo(0))]);
    assert_eq!(
        takeover.step(TakeoverInput::Replayed(produced)),
        [TakeoverAction::ClampMarks(clamped), TakeoverAction::OpenPorts]
    );
    assert!(takeover.may_leave(&sink("B"), OutputNo(4)));
    assert!(!takeover.may_leave(&sink("B"), OutputNo(3)));
}

#[test]
fn a_log_that_ends_before_a_snapshot_says_what_is_missing() {
    let mut takeover = restoring(EntryId::NONE, EntryId::new(1, 5), LoggedMarks::default());
    let restored =
        vec![app("A", Some(EntryId::new(1, 9)), &[]), app("B", Some(EntryId::new(1, 4)), &[])];
    assert_eq!(
        takeover.step(TakeoverInput::Restored(restored)),
        [
            TakeoverAction::Missing { app: "B".into(), from: Seq(6), through: Seq(9) },
            TakeoverAction::Replay { after: Seq(4), through: Seq(5) },
        ]
    );
}

#[test]
fn a_lost_lease_ends_it_at_any_step() {
    let mut takeover = restoring(EntryId::NONE, EntryId::new(1, 5), LoggedMarks::default());
    assert_eq!(takeover.step(TakeoverInput::Lost), [TakeoverAction::StopApps]);
    assert_eq!(takeover.step(TakeoverInput::Restored(Vec::new())), []);
    assert_eq!(takeover.step(TakeoverInput::Lost), []);
}

#[test]
fn what_the_log_says_behind_a_snapshot_is_newer_than_the_snapshot() {
    let mut takeover =
        restoring(EntryId::NONE, EntryId::new(2, 20), logged(13, &[("A", 8), ("B", 8)]));
    let restored = vec![
        app("A", Some(EntryId::new(2, 12)), &[(sink("A"), 9)]),
        app("B", Some(EntryId::new(2, 13)), &[(sink("B"), 9)]),
    ];
    takeover.step(TakeoverInput::Restored(restored));
    assert!(takeover.may_leave(&sink("A"), OutputNo(9)));
    assert!(!takeover.may_leave(&sink("B"), OutputNo(9)));
}

#[test]
fn a_snapshot_that_another_node_has_saved_since_ends_it() {
    let mut takeover = restoring(EntryId::NONE, EntryId::new(2, 20), LoggedMarks::default());
    let restored =
        vec![app("A", Some(EntryId::new(2, 12)), &[]), app("B", Some(EntryId::new(4, 30)), &[])];
    assert_eq!(
        takeover.step(TakeoverInput::Restored(restored)),
        [TakeoverAction::Outdated(Epoch(4))]
    );
    assert_eq!(takeover.step(TakeoverInput::Replayed(Marks::new())), []);
}
