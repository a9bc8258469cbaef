//! Every kind of entry comes back; cut, changed and newer ones are refused by name.

use proptest::prelude::*;
use weir_event::{Attribute, BatchBuilder, DataType, OutputNo, Time, Value};

use super::{Answer, Answered, Concerns, EntryId, Events, LogId, Mark, RawEntry, What};
use crate::wire::{DecodeError, Reader, Writer};

fn one_of_each() -> Vec<What> {
    let schema = [
        Attribute { name: "symbol".into(), data_type: DataType::String },
        Attribute { name: "price".into(), data_type: DataType::Double },
    ];
    let mut builder = BatchBuilder::new(&schema);
    builder.push_row(1, ["IBM".into(), 700.0.into()]);
    builder.push_row(2, [Value::Null, 60.5.into()]);
    let batch = builder.finish();
    vec![
        What::Events(Events {
            app: "Trade".into(),
            source: "http#0".into(),
            stream: "In".into(),
            batch: batch.clone(),
            position: Some(vec![0, 255]),
            idempotency_key: Some("a-1".into()),
        }),
        What::Tick,
        What::Deploy { app: "Trade".into(), version: 7, text: "define stream In (a int);".into() },
        What::Undeploy { app: "Trade".into() },
        What::Query { app: "Trade".into(), text: "from T delete T on true".into() },
        What::Restore { app: "Trade".into(), revision: "17__Trade".into() },
        What::Answer(Answer { app: "Trade".into(), call: 3, answered: Answered::Rows(batch) }),
        What::Answer(Answer {
            app: "Trade".into(),
            call: 4,
            answered: Answered::Failed("could not reach `db`".into()),
        }),
        What::Marks(vec![Mark {
            app: "Trade".into(),
            sink: "http#1".into(),
            through: OutputNo(1 << 40),
        }]),
    ]
}

#[test]
fn every_kind_comes_back_and_says_whom_it_concerns() {
    for what in one_of_each() {
        let entry = RawEntry::new(EntryId::new(2, 9), Time(1_000), &what);
        let mut w = Writer::new();
        w.entry(&entry);
        let mut r = Reader::new(w.as_bytes());
        let read = r.entry().expect("it was written whole");
        assert_eq!(r.finish(), Ok(()));
        assert_eq!(read, entry);
        assert_eq!(read.what(), Ok(what.clone()));
        let every = match &what {
            What::Tick | What::Deploy { .. } | What::Undeploy { .. } | What::Marks(_) => true,
            What::Events(_) | What::Query { .. } | What::Restore { .. } | What::Answer(_) => false,
        };
        let marks = if let What::Marks(marks) = &what { Some(marks.clone()) } else { None };
        assert_eq!(read.marks(), Ok(marks));
        let concerns = if every { Concerns::Every } else { Concerns::App("Trade".into()) };
        assert_eq!(read.concerns(), Ok(concerns));
    }
}

#[test]
fn an_entry_cut_anywhere_is_refused() {
    for what in one_of_each() {
        let payload = what.encode();
        for at in 0..payload.len() {
            assert!(What::decode(&payload[..at]).is_err(), "{what:?} cut at {at}");
        }
        let longer = [payload.as_slice(), &[0]].concat();
        assert!(matches!(What::decode(&longer), Err(DecodeError::LeftOver { left: 1, .. })));
    }
}

#[test]
fn an_entry_of_a_newer_build_is_refused_with_what_to_do() {
    let mut payload = What::Tick.encode();
    payload[0] = 2;
    let refused = What::decode(&payload).expect_err("version 2 is not known");
    assert_eq!(
        refused.to_string(),
        "`entry` has version 2, this build reads up to 1\n\
         hint: start the build that wrote it, or a newer one"
    );
    assert_eq!(Concerns::of(&payload), Err(refused));
    payload = What::Tick.encode();
    payload[1] = 99;
    let unknown = DecodeError::UnknownTag { what: "entry", tag: 99 };
    assert_eq!(What::decode(&payload), Err(unknown.clone()));
    assert_eq!(Concerns::of(&payload), Err(unknown));
}

#[test]
fn entries_are_ordered_by_epoch_and_then_by_seq() {
    assert!(EntryId::new(1, 900) < EntryId::new(2, 1));
    assert!(EntryId::new(2, 1) < EntryId::new(2, 2));
    assert!(EntryId::NONE < EntryId::new(0, 1));
    assert_eq!(EntryId::new(2, 17).to_string(), "2:17");
}

#[test]
fn the_name_of_a_log_is_32_digits() {
    let id = LogId(0xfeed);
    assert_eq!(id.to_string(), "0000000000000000000000000000feed");
    assert_eq!(id.to_string().parse(), Ok(id));
    for wrong in ["", "feed", "+000000000000000000000000000feed", &"g".repeat(32)] {
        assert!(wrong.parse::<LogId>().is_err(), "{wrong}");
    }
    let mut w = Writer::new();
    w.log_id(LogId(u128::MAX - 5));
    assert_eq!(Reader::new(w.as_bytes()).log_id(), Ok(LogId(u128::MAX - 5)));
}

proptest! {
    #[test]
    fn changed_entries_are_read_or_refused(
        pick: prop::sample::Index,
        at: prop::sample::Index,
        byte: u8,
    ) {
        let all = one_of_each();
        let mut payload = all[pick.index(all.len())].encode();
        let at = at.index(payload.len());
        payload[at] = byte;
        if let Ok(what) = What::decode(&payload) {
            prop_assert_eq!(What::decode(&what.encode()), Ok(what));
        }
    }
}
