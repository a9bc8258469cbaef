//! A log in a database: whole or not, behind the fence, and back as it was written.

use weir_codec::{EntryId, LogId, RawEntry};
use weir_datasource::{KeptLog, StoreError};
use weir_event::{Epoch, Seq, Time};

use crate::bed::{Bed, on_every_database};

const LOG: LogId = LogId(0xabc);

fn log(bed: &Bed) -> KeptLog {
    bed.database().kept_log("si").unwrap()
}

fn entries(epoch: u64, seqs: std::ops::RangeInclusive<u64>) -> Vec<RawEntry> {
    let entry = |seq: u64| RawEntry {
        id: EntryId::new(epoch, seq),
        time: Time(seq as i64),
        payload: vec![seq as u8; 2_000].into(),
    };
    seqs.map(entry).collect()
}

/// Every entry that is kept, and what stands before the first.
fn all(log: &mut KeptLog) -> (Option<EntryId>, Vec<RawEntry>) {
    let (mut base, mut all, mut after) = (None, Vec::new(), Seq(0));
    while let Some((before, batch)) = log.read(after).unwrap() {
        base = base.or(Some(before));
        after = batch.last().unwrap().id.seq;
        all.extend(batch);
    }
    (base, all)
}

fn entries_come_back_in_order_less_those_that_a_snapshot_has(bed: &Bed) {
    let mut kept = log(bed);
    let base = EntryId::new(1, 4);
    kept.begin(Epoch(2), LOG, base).unwrap();
    kept.add((Epoch(2), LOG), entries(1, 5..=9), Seq(4), false).unwrap();
    assert!(!kept.head().unwrap().is_whole);
    kept.add((Epoch(2), LOG), entries(2, 10..=500), Seq(4), true).unwrap();
    drop(kept);
    let mut kept = log(bed);
    let head = kept.head().unwrap();
    assert_eq!((head.log, head.fence, head.is_whole), (LOG, Epoch(2), true));
    assert_eq!(head.last, EntryId::new(2, 500));
    let whole = [entries(1, 5..=9), entries(2, 10..=500)].concat();
    assert_eq!(all(&mut kept), (Some(base), whole));

    kept.add((Epoch(2), LOG), Vec::new(), Seq(9), true).unwrap();
    assert_eq!(all(&mut kept), (Some(EntryId::new(1, 9)), entries(2, 10..=500)));
    kept.stop(LogId(1)).unwrap();
    assert!(kept.head().unwrap().is_whole, "it is another log that stopped");
    kept.stop(LOG).unwrap();
    assert!(!kept.head().unwrap().is_whole);
    assert_eq!(bed.database().kept_log("other").unwrap().head().unwrap().last, EntryId::NONE);
}

fn a_lower_epoch_another_log_and_a_gap_are_refused(bed: &Bed) {
    let mut kept = log(bed);
    kept.begin(Epoch(2), LOG, EntryId::NONE).unwrap();
    kept.add((Epoch(2), LOG), entries(2, 1..=3), Seq(0), true).unwrap();
    let gap = kept.add((Epoch(2), LOG), entries(2, 5..=6), Seq(0), true).unwrap_err();
    assert!(matches!(gap, StoreError::Damaged { .. }), "{gap}");
    let other = kept.add((Epoch(2), LogId(7)), entries(2, 4..=4), Seq(0), true).unwrap_err();
    assert!(matches!(other, StoreError::Damaged { .. }), "{other}");

    let mut successor = log(bed);
    assert!(successor.raise_fence(Epoch(3)).unwrap().is_whole);
    let fenced = kept.add((Epoch(2), LOG), entries(2, 4..=4), Seq(0), true).unwrap_err();
    assert!(matches!(fenced, StoreError::Fenced { .. }), "{fenced}");
    assert!(matches!(kept.begin(Epoch(2), LOG, EntryId::NONE), Err(StoreError::Fenced { .. })));
    assert_eq!(all(&mut successor), (Some(EntryId::NONE), entries(2, 1..=3)));
}

on_every_database!(
    entries_come_back_in_order_less_those_that_a_snapshot_has,
    a_lower_epoch_another_log_and_a_gap_are_refused,
);
