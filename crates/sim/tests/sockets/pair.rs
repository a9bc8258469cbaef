//! Start, kill, hand-over, return, a database that is away, and a log that is full.

use std::time::Duration;

use weir_cluster::{BootClock, NodeEvent, NodeInput};
use weir_codec::{Build, EntryId, Protocols, Refusal};
use weir_datasource::LogOptions;
use weir_event::Epoch;

use crate::stage::{LEASE, Options, Stage};

#[tokio::test]
async fn what_is_committed_is_in_both_logs() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.pair().await;
    let last = a.append(1_000).await;
    a.until_committed(last).await;
    b.until(|it, _| (it.committed >= last).then_some(())).await;
    assert_eq!(a.contents(last), b.contents(last));
    assert_eq!(a.contents(last), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_killed_active_node_is_followed_after_its_lease_and_loses_nothing() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.pair().await;
    for _ in 0..50 {
        a.append(20).await;
    }
    a.until(|it, _| (it.committed > EntryId::NONE).then_some(())).await;
    let (committed, deadline) = (a.committed, a.deadline);
    a.kill();
    let killed = BootClock.now();

    let epoch = b.until_active().await;
    let followed = BootClock.now();
    assert_eq!(epoch, Epoch(2));
    assert!(followed >= deadline, "{followed:?} comes before {deadline:?}");
    let gap = followed.since(killed);
    assert!(gap < LEASE * 3, "service was away for {gap:?}");
    let held = b.contents(committed);
    assert_eq!(held, (0..held.len() as u64).collect::<Vec<_>>());
    assert_eq!(held.len() as u64, committed.seq.0);

    // The node that was killed comes back, gives up what nobody shares, and is in sync again.
    let last = b.append(10).await;
    b.until_committed(last).await;
    let a = stage.start("a").await;
    b.until_in_sync(2).await;
    let last = b.append(10).await;
    b.until_committed(last).await;
    assert_eq!(a.contents(last), b.contents(last));
}

#[tokio::test]
async fn a_tail_that_nobody_acknowledged_is_cut() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.pair().await;
    let shared = a.append(10).await;
    a.until_committed(shared).await;
    b.until(|it, _| (it.committed >= shared).then_some(())).await;
    b.kill();
    // Nobody holds these but the node itself, and nobody is told that they are taken.
    let alone = a.append(10).await;
    a.kill();

    let mut b = stage.start("b").await;
    b.until_active().await;
    let mut a = stage.start("a").await;
    let after = b.append(5).await;
    assert_eq!(after.epoch, Epoch(2));
    b.until_in_sync(2).await;
    b.until_committed(after).await;
    a.until(|it, _| (it.committed >= after).then_some(())).await;
    assert!(alone.epoch < after.epoch && alone.seq > after.seq);
    assert_eq!(a.contents(after), b.contents(after));
}

#[tokio::test]
async fn a_hand_over_does_not_wait_for_the_lease() {
    let stage = Stage::new();
    let (mut a, mut b) = stage.pair().await;
    let last = a.append(100).await;
    a.tell(NodeInput::HandOver);
    a.until(|_, event| matches!(event, NodeEvent::Drain).then_some(())).await;
    a.tell(NodeInput::Drained);
    a.until(|_, event| matches!(event, NodeEvent::Released).then_some(())).await;
    let released = BootClock.now();
    b.until_active().await;
    let gap = BootClock.now().since(released);
    assert!(gap < LEASE, "service was away for {gap:?}");
    assert_eq!(b.contents(last), (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_that_is_gone_is_struck_off_and_the_other_goes_on() {
    let stage = Stage::new();
    let (mut a, b) = stage.pair().await;
    let last = a.append(10).await;
    a.until_committed(last).await;
    b.kill();
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 1);
}

#[tokio::test]
async fn outputs_stop_while_the_database_is_away_and_go_on_afterwards() {
    let stage = Stage::new();
    let mut a = stage.start("a").await;
    a.until_active().await;
    let last = a.append(1).await;
    a.until_committed(last).await;
    a.tables.set_away(true);
    a.until(|_, event| matches!(event, NodeEvent::Suspended).then_some(())).await;
    assert!(BootClock.now() >= a.deadline);
    let before = a.committed;
    let last = a.append(1).await;
    a.tables.set_away(false);
    a.until(|_, event| matches!(event, NodeEvent::Deadline(_)).then_some(())).await;
    assert_eq!(a.committed, before, "nothing is acknowledged while outputs wait");
    a.until_committed(last).await;
    assert_eq!(a.epoch, Some(Epoch(1)));
}

#[tokio::test]
async fn a_full_log_holds_entries_back_until_a_snapshot_makes_room() {
    let stage = Stage::new();
    let options = Options {
        log: LogOptions { segment_bytes: 20_000, total_bytes_max: 200_000 },
        ..Options::default()
    };
    let mut a = stage.start_with("a", options).await;
    a.until_active().await;
    for _ in 0..30 {
        a.ask_append(1, 10_000);
    }
    // More than the log may hold passes through it, as fast as snapshots make room.
    while a.committed.seq.0 < 30 {
        let seq = a.committed.seq;
        let (app, revision) = ("App".to_owned(), seq.0.to_string());
        a.tell(NodeInput::SnapshotCommitted { app, revision, seq });
        a.until(|it, _| (it.committed.seq > seq).then_some(())).await;
    }
}

#[tokio::test]
async fn a_passive_node_whose_log_is_full_makes_the_active_one_wait() {
    let stage = Stage::new();
    let mut a = stage.start("a").await;
    a.until_active().await;
    a.tell(NodeInput::Apps(["App".to_owned()].into()));
    let options = Options {
        log: LogOptions { segment_bytes: 20_000, total_bytes_max: 10_000_000 },
        log_bytes_max: 100_000,
        ..Options::default()
    };
    let mut b = stage.start_with("b", options).await;
    a.until_in_sync(2).await;
    for _ in 0..30 {
        a.ask_append(1, 10_000);
    }
    b.until(|_, event| matches!(event, NodeEvent::Received(at) if at.seq.0 >= 9).then_some(()))
        .await;
    // The active node is held up, not alone: what it cannot share is not acknowledged.
    let waited = tokio::time::timeout(
        Duration::from_millis(900),
        a.until(|it, _| (it.committed.seq.0 == 30).then_some(())),
    );
    assert!(waited.await.is_err());
    assert_eq!(a.in_sync.len(), 2);
    while a.committed.seq.0 < 30 {
        let seq = a.committed.seq;
        let (app, revision) = ("App".to_owned(), seq.0.to_string());
        a.tell(NodeInput::SnapshotCommitted { app, revision, seq });
        a.until(|it, _| (it.committed.seq > seq).then_some(())).await;
    }
    assert_eq!(a.in_sync.len(), 2);
}

#[tokio::test]
async fn nodes_that_do_not_share_the_secret_do_not_share_the_log() {
    let stage = Stage::new();
    let with = |secret| Options { secret: Some(secret), ..Options::default() };
    let mut a = stage.start_with("a", with("one")).await;
    a.until_active().await;
    let b = stage.start_with("b", with("other")).await;
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 1);
    assert_eq!(b.contents(last), Vec::<u64>::new());
    b.kill();
    let _b = stage.start_with("b", with("one")).await;
    a.until_in_sync(2).await;
}

/// A node of this release, which speaks these versions of event sync.
fn of_release(release: &str, oldest: u16, newest: u16) -> Options {
    let protocols = Protocols { oldest, newest };
    let build = Build { release: release.to_owned(), protocols, snapshots: 1 };
    Options { build, ..Options::default() }
}

#[tokio::test]
async fn two_releases_that_share_a_version_make_a_pair_and_name_each_other() {
    let stage = Stage::new();
    let (old, new) = (of_release("1.0", 1, 1), of_release("2.0", 1, 2));
    let mut a = stage.start_with("a", old.clone()).await;
    a.until_active().await;
    let mut b = stage.start_with("b", new.clone()).await;
    let met = |event: &NodeEvent| {
        let NodeEvent::Met { build, .. } = event else { return None };
        Some(build.clone())
    };
    assert_eq!(a.until(|_, event| met(event)).await, new.build);
    assert_eq!(b.until(|_, event| met(event)).await, old.build);
    a.until_in_sync(2).await;
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.contents(last), b.contents(last));
}

#[tokio::test]
async fn two_releases_that_share_no_version_part_with_words() {
    let stage = Stage::new();
    let mut a = stage.start_with("a", of_release("1.0", 1, 1)).await;
    a.until_active().await;
    let mut b = stage.start_with("b", of_release("3.0", 2, 3)).await;
    let said = |event: &NodeEvent| {
        let NodeEvent::PeerEnded { why: Refusal::OtherProtocol, detail, .. } = event else {
            return None;
        };
        Some(detail.clone())
    };
    let words = a.until(|_, event| said(event)).await;
    assert_eq!(
        words,
        "release 1.0 speaks versions 1 to 1 of event sync and release 3.0 speaks versions 2 to 3 \
         of event sync: upgrade by way of a release that shares one with each"
    );
    assert_eq!(b.until(|_, event| said(event)).await, words);
    // The active node goes on alone.
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 1);
}
