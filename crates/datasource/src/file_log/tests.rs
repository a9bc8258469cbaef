//! The log keeps what it was given through restarts, cuts, trims, crashes and damage.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use weir_codec::{EntryId, LogRecord, Mark, RawEntry, SEGMENT_HEADER_BYTES, What};
use weir_event::{OutputNo, Seq, Time};

use super::{FileLog, LogError, LogOptions};

const SMALL: LogOptions = LogOptions { segment_bytes: 400, total_bytes_max: 1 << 20 };

fn entry(epoch: u64, seq: u64) -> RawEntry {
    let payload = Bytes::from(vec![seq as u8; 20 + seq as usize % 7]);
    let what = What::Query { app: "A".into(), text: "q".repeat(payload.len()).into() };
    RawEntry::new(EntryId::new(epoch, seq), Time(seq as i64), &what)
}

fn entries(epoch: u64, seqs: std::ops::RangeInclusive<u64>) -> Vec<RawEntry> {
    seqs.map(|seq| entry(epoch, seq)).collect()
}

fn open(folder: &Path) -> FileLog {
    FileLog::open(folder, SMALL).expect("nothing is wrong with it").0
}

fn all(log: &FileLog) -> Vec<RawEntry> {
    log.read_after(log.base(), usize::MAX).expect("the base is always known")
}

/// A log of 40 entries of epoch 1 and 20 of epoch 2, in many segments.
fn filled(folder: &Path) -> FileLog {
    let mut log = open(folder);
    for seq in 1..=40 {
        log.append(&[entry(1, seq)]).expect("there is room");
    }
    log.append(&entries(2, 41..=50)).expect("there is room");
    log.append(&entries(2, 51..=60)).expect("there is room");
    log
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "log"))
        .collect();
    found.sort();
    found
}

#[test]
fn a_log_keeps_its_entries_and_its_name_through_a_restart() {
    let folder = TempDir::new().unwrap();
    let (log, recovered) = FileLog::open(folder.path(), SMALL).unwrap();
    assert!(recovered.is_new);
    let id = log.id();
    drop(log);
    let log = filled(folder.path());
    assert_eq!(log.id(), id);
    let before = all(&log);
    drop(log);
    let (log, recovered) = FileLog::open(folder.path(), SMALL).unwrap();
    assert_eq!((recovered.is_new, recovered.entries, recovered.cut_bytes), (false, 60, 0));
    assert_eq!(all(&log), before);
    assert_eq!(before, [entries(1, 1..=40), entries(2, 41..=60)].concat());
    assert_eq!((log.base(), log.last()), (EntryId::NONE, EntryId::new(2, 60)));
    assert_eq!(log.runs(), [EntryId::new(1, 1), EntryId::new(2, 41)]);
    assert_eq!(log.durable_last(), log.last());
    assert_eq!(log.id(), id);
}

#[test]
fn a_log_in_an_empty_folder_is_another_log() {
    let [a, b] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    assert_ne!(open(a.path()).id(), open(b.path()).id());
}

#[test]
fn one_process_at_a_time_has_a_log_open() {
    let folder = TempDir::new().unwrap();
    let log = open(folder.path());
    let refused = FileLog::open(folder.path(), SMALL).expect_err("it is open");
    assert!(matches!(refused, LogError::InUse { .. }), "{refused}");
    drop(log);
    open(folder.path());
}

#[test]
fn entries_follow_one_another_or_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let mut log = filled(folder.path());
    let bytes = log.bytes();
    for wrong in [
        vec![entry(2, 60)],
        vec![entry(2, 62)],
        vec![entry(1, 61)],
        vec![entry(2, 61), entry(2, 63)],
        vec![entry(2, 0)],
    ] {
        let refused = log.append(&wrong).expect_err("there is a gap or a step back");
        assert!(matches!(refused, LogError::OutOfTurn { .. }), "{refused}");
    }
    assert_eq!((log.bytes(), log.last()), (bytes, EntryId::new(2, 60)));
    log.append(&[entry(7, 61)]).unwrap();
}

#[test]
fn reading_goes_on_behind_any_entry_and_stops_at_the_size_asked_for() {
    let folder = TempDir::new().unwrap();
    let log = filled(folder.path());
    let whole = all(&log);
    for seq in 0..=60 {
        let after = log.position(Seq(seq)).unwrap();
        assert_eq!(log.read_after(after, usize::MAX).unwrap(), whole[seq as usize..]);
        let few = log.read_after(after, 150).unwrap();
        assert_eq!(few, whole[seq as usize..][..few.len()]);
        assert!(few.len() <= 3 && (few.len() > 1 || seq >= 59), "{} after {seq}", few.len());
    }
    assert_eq!(log.read_after(log.base(), 0).unwrap(), whole[..1]);
    for foreign in [EntryId::new(1, 41), EntryId::new(2, 40), EntryId::new(2, 61)] {
        let refused = log.read_after(foreign, 1).expect_err("it is not held");
        assert!(matches!(refused, LogError::NotHeld { .. }), "{refused}");
    }
}

#[test]
fn places_far_into_a_large_segment_are_found_before_and_after_a_cut() {
    let folder = TempDir::new().unwrap();
    let (mut log, _) = FileLog::open(folder.path(), LogOptions::default()).unwrap();
    let large = |epoch, seq: u64| {
        let text = "x".repeat(3_000 + 500 * epoch as usize + 977 * seq as usize % 9_000);
        let what = What::Query { app: "A".into(), text: text.into() };
        RawEntry::new(EntryId::new(epoch, seq), Time(0), &what)
    };
    let mut model: Vec<_> = (1..=100).map(|seq| large(1, seq)).collect();
    log.append(&model).unwrap();
    let check = |log: &FileLog, model: &[RawEntry]| {
        for seq in 0..=model.len() {
            let after = log.position(Seq(seq as u64)).unwrap();
            let found = log.read_after(after, 20_000).unwrap();
            assert_eq!(found, model[seq..][..found.len()], "after {seq}");
            assert!(seq == model.len() || !found.is_empty());
        }
    };
    check(&log, &model);
    for (epoch, keep) in [(2, 70), (3, 30), (4, 31)] {
        log.cut_after(log.position(Seq(keep)).unwrap()).unwrap();
        model.truncate(keep as usize);
        model.extend((keep + 1..=keep + 45).map(|seq| large(epoch, seq)));
        log.append(&model[keep as usize..]).unwrap();
        check(&log, &model);
    }
    drop(log);
    check(&open(folder.path()), &model);
}

#[test]
fn a_cut_drops_what_is_not_shared_for_good() {
    for keep in 0..=60 {
        let folder = TempDir::new().unwrap();
        let mut log = filled(folder.path());
        let whole = all(&log);
        let id = log.position(Seq(keep)).unwrap();
        log.cut_after(id).unwrap();
        assert_eq!(log.last(), id);
        log.append(&[entry(5, keep + 1)]).unwrap();
        let expected = [&whole[..keep as usize], &[entry(5, keep + 1)]].concat();
        assert_eq!(all(&log), expected, "kept {keep}");
        let runs = log.runs().to_vec();
        drop(log);
        let log = open(folder.path());
        assert_eq!(all(&log), expected, "kept {keep}, opened again");
        assert_eq!(log.runs(), runs);
    }
}

#[test]
fn a_trim_drops_whole_segments_and_never_an_entry_behind_it() {
    for through in 0..=61 {
        let folder = TempDir::new().unwrap();
        let mut log = filled(folder.path());
        let whole = all(&log);
        log.trim_through(Seq(through)).unwrap();
        assert!(log.base().seq.0 <= through);
        assert!(through - log.base().seq.0 < 20, "{through} leaves {}", log.base());
        assert_eq!(log.last(), EntryId::new(2, 60));
        let left = all(&log);
        assert_eq!(left, whole[log.base().seq.0 as usize..]);
        let (base, runs) = (log.base(), log.runs().to_vec());
        log.append(&[entry(2, 61)]).unwrap();
        drop(log);
        let log = open(folder.path());
        assert_eq!(log.base(), base);
        assert_eq!(all(&log), [&left[..], &[entry(2, 61)]].concat());
        if !runs.is_empty() {
            assert_eq!(log.runs(), runs);
        }
    }
}

#[test]
fn a_trimmed_log_knows_its_last_entry() {
    let folder = TempDir::new().unwrap();
    let mut log = filled(folder.path());
    log.trim_through(Seq(60)).unwrap();
    assert_eq!((log.base(), log.last()), (EntryId::new(2, 60), EntryId::new(2, 60)));
    assert_eq!(log.runs(), []);
    drop(log);
    let log = open(folder.path());
    assert_eq!((log.base(), log.last()), (EntryId::new(2, 60), EntryId::new(2, 60)));
}

#[test]
fn a_reset_log_starts_behind_its_new_base() {
    let folder = TempDir::new().unwrap();
    let mut log = filled(folder.path());
    let (id, base) = (log.id(), EntryId::new(4, 1_000));
    log.reset_to(base).unwrap();
    assert_eq!((all(&log), log.last(), log.base()), (vec![], base, base));
    log.append(&entries(4, 1_001..=1_003)).unwrap();
    drop(log);
    let log = open(folder.path());
    assert_eq!((all(&log), log.base()), (entries(4, 1_001..=1_003), base));
    assert_eq!((log.id(), log.runs()), (id, &[EntryId::new(4, 1_001)][..]));
    assert_eq!(segments(folder.path()).len(), 1);
}

#[test]
fn a_reset_that_a_crash_interrupted_is_finished() {
    let folder = TempDir::new().unwrap();
    let mut log = filled(folder.path());
    let old = segments(folder.path());
    let kept: Vec<_> = old.iter().map(|path| fs::read(path).unwrap()).collect();
    log.reset_to(EntryId::new(4, 1_000)).unwrap();
    drop(log);
    for (path, bytes) in old.iter().zip(kept).skip(2) {
        fs::write(path, bytes).unwrap();
    }
    let log = open(folder.path());
    assert_eq!((all(&log), log.last()), (vec![], EntryId::new(4, 1_000)));
    assert_eq!(segments(folder.path()).len(), 1);
}

#[test]
fn a_full_log_takes_no_more_until_it_is_trimmed() {
    let folder = TempDir::new().unwrap();
    let options = LogOptions { segment_bytes: 400, total_bytes_max: 4_000 };
    let (mut log, _) = FileLog::open(folder.path(), options).unwrap();
    let mut seq = 0;
    let refused = loop {
        match log.append(&[entry(1, seq + 1)]) {
            Ok(()) => seq += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, LogError::Full { bytes_max: 4_000, .. }), "{refused}");
    assert!(refused.is_passing() && !log.has_room(100) && log.bytes() <= 4_000);
    assert_eq!(log.last().seq, Seq(seq));
    log.trim_through(Seq(seq / 2)).unwrap();
    log.append(&[entry(1, seq + 1)]).unwrap();
    assert_eq!(log.last().seq, Seq(seq + 1));
}

#[test]
fn a_sync_on_another_thread_counts_what_was_written_before_it() {
    let folder = TempDir::new().unwrap();
    let mut log = open(folder.path());
    log.append(&entries(1, 1..=30)).unwrap();
    let pending = log.start_sync().unwrap();
    log.append(&entries(1, 31..=60)).unwrap();
    assert_eq!(log.durable_last(), EntryId::NONE);
    let synced = std::thread::spawn(|| pending.run()).join().unwrap().unwrap();
    log.confirm(synced);
    assert_eq!(log.durable_last(), EntryId::new(1, 30));
    let stale = log.start_sync().unwrap().run().unwrap();
    log.cut_after(EntryId::new(1, 10)).unwrap();
    log.append(&entries(2, 11..=12)).unwrap();
    log.confirm(stale);
    assert_eq!(log.durable_last(), EntryId::new(1, 10));
    log.sync().unwrap();
    assert_eq!(log.durable_last(), EntryId::new(2, 12));
}

#[test]
fn the_newest_marks_are_found_again() {
    let folder = TempDir::new().unwrap();
    let mut log = open(folder.path());
    let mark = |sink: &str, through| Mark {
        app: "A".into(),
        sink: sink.into(),
        through: OutputNo(through),
    };
    let marks = [vec![mark("log", 5), mark("http", 7)], vec![mark("log", 9)]];
    for (seq, marks) in (1..).zip(marks) {
        let entry = RawEntry::new(EntryId::new(1, seq), Time(0), &What::Marks(marks));
        log.append(&[entry]).unwrap();
    }
    drop(log);
    let (_, recovered) = FileLog::open(folder.path(), SMALL).unwrap();
    assert_eq!(recovered.marks, [mark("http", 7), mark("log", 9)]);
}

/// One segment with three entries, of which `synced` are known to be on disk.
fn three(folder: &Path, synced: u64) -> (PathBuf, Vec<u8>) {
    let (mut log, _) = FileLog::open(folder, LogOptions::default()).unwrap();
    for seq in 1..=3 {
        log.append(&[entry(1, seq)]).unwrap();
        if seq <= synced {
            log.sync().unwrap();
        }
    }
    drop(log);
    let path = segments(folder).remove(0);
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn a_log_torn_at_any_byte_keeps_every_whole_entry() {
    let folder = TempDir::new().unwrap();
    let (path, bytes) = three(folder.path(), 0);
    let mut ends = vec![SEGMENT_HEADER_BYTES];
    for seq in 1..=3 {
        ends.push(ends[seq as usize - 1] + LogRecord::bytes_of(&entry(1, seq)));
    }
    assert_eq!(*ends.last().unwrap(), bytes.len());
    for at in SEGMENT_HEADER_BYTES..bytes.len() {
        fs::write(&path, &bytes[..at]).unwrap();
        let (mut log, recovered) = FileLog::open(folder.path(), SMALL).unwrap();
        let whole = ends.iter().filter(|end| **end <= at).count() - 1;
        assert_eq!(recovered.cut_bytes, (at - ends[whole]) as u64, "torn at {at}");
        assert_eq!(all(&log), entries(1, 1..=whole as u64), "torn at {at}");
        log.append(&[entry(2, whole as u64 + 1)]).unwrap();
        drop(log);
        let log = open(folder.path());
        assert_eq!(log.last(), EntryId::new(2, whole as u64 + 1), "torn at {at}");
    }
}

#[test]
fn a_changed_byte_never_gives_another_entry() {
    let folder = TempDir::new().unwrap();
    for synced in [0, 2] {
        fs::remove_dir_all(folder.path()).unwrap();
        let (path, bytes) = three(folder.path(), synced);
        let second = SEGMENT_HEADER_BYTES + LogRecord::bytes_of(&entry(1, 1));
        let third = second + LogRecord::bytes_of(&entry(1, 2));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            let opened = FileLog::open(folder.path(), SMALL);
            // The third entry says that the first two were on disk, in the case that they were.
            let promised = at < SEGMENT_HEADER_BYTES || (synced == 2 && at < third);
            match opened {
                Ok((log, _)) => {
                    let whole = if at < second { 0 } else { 1 + u64::from(at >= third) };
                    assert!(!promised, "byte {at}");
                    assert_eq!(all(&log), entries(1, 1..=whole), "byte {at}");
                }
                Err(LogError::Damaged { .. } | LogError::Newer { .. }) => {
                    assert!(promised, "byte {at}");
                    assert_eq!(fs::read(&path).unwrap(), changed, "a refusal changes nothing");
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn a_damaged_log_says_where_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (path, mut bytes) = three(folder.path(), 3);
    bytes[SEGMENT_HEADER_BYTES + 30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let refused = FileLog::open(folder.path(), SMALL).expect_err("it is damaged").to_string();
    assert!(refused.contains("is damaged at byte 60: `log record` is damaged: checksum"));
    assert!(refused.contains("\nhint: move the log's folder away"), "{refused}");
}

#[test]
fn a_lost_end_before_a_later_segment_is_cut_unless_it_was_synced() {
    for synced in [false, true] {
        let folder = TempDir::new().unwrap();
        let mut log = filled(folder.path());
        if synced {
            log.sync().unwrap();
        }
        log.append(&[entry(2, 61)]).unwrap();
        log.append(&[entry(2, 62)]).unwrap();
        drop(log);
        let third = segments(folder.path()).remove(2);
        let bytes = fs::read(&third).unwrap();
        fs::write(&third, &bytes[..bytes.len() - 10]).unwrap();
        match FileLog::open(folder.path(), SMALL) {
            Ok((log, recovered)) => {
                assert!(!synced && recovered.cut_bytes > 1_000);
                assert_eq!(all(&log), entries(1, 1..=recovered.entries));
                assert_eq!(segments(folder.path()).len(), 3);
            }
            Err(LogError::Damaged { path, .. }) => assert!(synced && path == third),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_missing_segment_and_one_of_another_log_are_named() {
    let [folder, other] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let mut log = filled(folder.path());
    log.sync().unwrap();
    log.append(&entries(2, 61..=80)).unwrap();
    log.append(&entries(2, 81..=81)).unwrap();
    drop((log, filled(other.path())));
    let second = segments(folder.path()).remove(1);
    let bytes = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    let refused = FileLog::open(folder.path(), SMALL).expect_err("a segment is missing");
    assert!(refused.to_string().contains("the segment after it begins later"), "{refused}");
    fs::copy(&segments(other.path())[1], &second).unwrap();
    let refused = FileLog::open(folder.path(), SMALL).expect_err("a segment is foreign");
    assert!(refused.to_string().contains("it belongs to another log"), "{refused}");
    fs::write(&second, bytes).unwrap();
    assert_eq!(open(folder.path()).last(), EntryId::new(2, 81));
}

#[test]
fn a_segment_that_was_being_made_when_the_node_died_is_left_out() {
    let folder = TempDir::new().unwrap();
    drop(filled(folder.path()));
    let unfinished = folder.path().join("00000000000000000099.new");
    fs::write(&unfinished, b"WLO").unwrap();
    assert_eq!(open(folder.path()).last(), EntryId::new(2, 60));
    assert!(!unfinished.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is done to it, a log that is opened again says what one that stayed open says.
    #[test]
    fn a_restart_is_invisible(
        steps in prop::collection::vec((0_u8..6, 0_u64..40, any::<bool>()), 1..30),
    ) {
        let folder = TempDir::new().unwrap();
        let mut log = open(folder.path());
        let (mut model, mut base, mut epoch) = (Vec::new(), EntryId::NONE, 1);
        for (kind, n, reopen) in steps {
            let held = log.base().seq.0..=log.last().seq.0;
            match kind {
                0..=2 => {
                    epoch += u64::from(n % 5 == 0);
                    let next = log.last().seq.0 + 1;
                    let more = entries(epoch, next..=next + n);
                    log.append(&more).unwrap();
                    model.extend(more);
                }
                3 => {
                    let keep = log.position(Seq(held.end().saturating_sub(n).max(*held.start())));
                    let keep = keep.unwrap();
                    log.cut_after(keep).unwrap();
                    model.retain(|entry| entry.id <= keep);
                }
                4 => log.trim_through(Seq(held.start() + n)).unwrap(),
                _ if n == 0 => {
                    base = EntryId::new(epoch, held.end() + 100);
                    log.reset_to(base).unwrap();
                    model.clear();
                }
                _ => log.sync().unwrap(),
            }
            base = base.max(log.base());
            if reopen {
                drop(log);
                log = open(folder.path());
            }
            model.retain(|entry| entry.id > base);
            prop_assert_eq!(log.base(), base);
            prop_assert_eq!(log.last(), model.last().map_or(base, |entry: &RawEntry| entry.id));
            prop_assert_eq!(&all(&log), &model);
        }
    }
}
