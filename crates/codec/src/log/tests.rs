//! Records and segments come back; whatever was cut or changed is noticed.

use bytes::Bytes;
use proptest::prelude::*;
use weir_event::Time;

use super::{LogRecord, RECORD_HEAD_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, find_record};
use crate::entry::{ENTRY_BYTES_MAX, EntryId, LogId, RawEntry, What};
use crate::wire::{DecodeError, Writer};

fn entry(seq: u64) -> RawEntry {
    RawEntry::new(EntryId::new(1, seq), Time(50), &What::Undeploy { app: "WR in it".into() })
}

fn records(seqs: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut w = Writer::new();
    for seq in seqs {
        LogRecord::write(&mut w, &entry(seq), seq * 100).expect("it is small");
    }
    w.into_bytes()
}

#[test]
fn records_come_back_one_after_the_other() {
    let bytes = records(1..4);
    let mut at = 0;
    for seq in 1..4 {
        let (record, taken) = LogRecord::read(&bytes[at..]).expect("it was written whole");
        assert_eq!(record, LogRecord { durable: seq * 100, entry: entry(seq) });
        assert_eq!(taken, LogRecord::bytes_of(&record.entry));
        at += taken;
    }
    assert_eq!(at, bytes.len());
}

#[test]
fn a_record_cut_or_changed_anywhere_is_noticed() {
    let bytes = records([1]);
    for at in 0..bytes.len() {
        assert!(LogRecord::read(&bytes[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(LogRecord::read(&changed).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_record_of_a_newer_build_is_told_from_a_damaged_one() {
    let mut bytes = records([1]);
    bytes[2] = 2;
    assert!(matches!(LogRecord::read(&bytes), Err(DecodeError::Damaged { .. })));
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..RECORD_HEAD_BYTES - 4]);
    crc.update(&bytes[RECORD_HEAD_BYTES..]);
    let crc = crc.finalize().to_le_bytes();
    bytes[RECORD_HEAD_BYTES - 4..RECORD_HEAD_BYTES].copy_from_slice(&crc);
    let newer = DecodeError::UnknownVersion { what: "log record", version: 2, newest: 1 };
    assert_eq!(LogRecord::read(&bytes), Err(newer));
}

#[test]
fn the_next_whole_record_is_found_behind_a_bad_place() {
    let mut bytes = records(1..4);
    let one = bytes.len() / 3;
    bytes[one + 5] ^= 1;
    let (at, record) = find_record(&bytes, one).expect("the third is whole");
    assert_eq!((at, record.entry), (2 * one, entry(3)));
    assert!(find_record(&bytes[..2 * one], one).is_none());
    assert!(find_record(&bytes, bytes.len()).is_none());
    assert!(find_record(&bytes, bytes.len() + 1).is_none());
}

#[test]
fn an_entry_above_the_limit_is_not_written() {
    let payload = Bytes::from(vec![0; ENTRY_BYTES_MAX + 1]);
    let large = RawEntry { id: EntryId::new(1, 1), time: Time(0), payload };
    let mut w = Writer::new();
    let refused = LogRecord::write(&mut w, &large, 0);
    assert!(matches!(refused, Err(DecodeError::TooLong { what: "entry", .. })));
    assert_eq!(w.written(), 0);
}

#[test]
fn the_start_of_a_segment_comes_back_and_is_checked() {
    let header = SegmentHeader {
        log: LogId(77),
        base: EntryId::new(2, 10),
        start: 1 << 40,
        durable: 1 << 30,
    };
    let bytes = header.encode();
    assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
    assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
    for at in 0..bytes.len() {
        assert!(SegmentHeader::decode(&bytes[..at]).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        assert!(SegmentHeader::decode(&changed).is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_or_refused(
        bytes in prop::collection::vec(prop_oneof![Just(b'W'), Just(b'R'), any::<u8>()], 0..200),
    ) {
        prop_assert!(LogRecord::read(&bytes).is_err());
        prop_assert!(find_record(&bytes, 0).is_none());
        prop_assert!(SegmentHeader::decode(&bytes).is_err());
    }
}
