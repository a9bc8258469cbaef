//! The last state is found by epoch and seq, behind the fence, whole or not at all.

use weir_codec::{DecodeError, EntryId, SNAPSHOT_PIECE_BYTES, Snapshot};
use weir_datasource::{Database, SnapshotPlace, SnapshotRow, Snapshots, StoreError};
use weir_event::{Epoch, Object, Value};

use crate::bed::{Bed, on_every_database, statement};

fn store(database: &Database) -> Box<dyn Snapshots> {
    database.snapshots(&SnapshotPlace::of_scope("si")).expect("the name is plain")
}

fn snapshot(app: &str, epoch: u64, seq: u64) -> Snapshot {
    Snapshot {
        app: app.into(),
        revision: format!("{epoch}{seq:06}__{app}").into(),
        at: EntryId::new(epoch, seq),
        payload: vec![seq as u8; 3_000],
    }
}

fn large(app: &str, epoch: u64, seq: u64) -> Snapshot {
    let payload = (0..20 * SNAPSHOT_PIECE_BYTES + 9).map(|i| (i % 253) as u8).collect();
    Snapshot { payload, ..snapshot(app, epoch, seq) }
}

fn row(it: &Snapshot) -> SnapshotRow {
    SnapshotRow { app: it.app.to_string(), revision: it.revision.to_string(), at: it.at }
}

fn a_snapshot_comes_back_whole_after_a_restart(bed: &Bed) {
    let database = bed.database();
    let (small, large) = (snapshot("A", 1, 5), large("B", 1, 6));
    let mut store_before = store(&database);
    store_before.save(Epoch(1), &small).unwrap();
    store_before.save(Epoch(1), &large).unwrap();
    drop(store_before);
    let mut store = store(&database);
    assert_eq!(store.last("A").unwrap(), Some(row(&small)));
    assert_eq!(store.last_of_all().unwrap(), [row(&small), row(&large)]);
    assert_eq!(store.load("A", &small.revision).unwrap(), small);
    assert_eq!(store.load("B", &large.revision).unwrap(), large);
    assert_eq!(store.last("C").unwrap(), None);
    let refused = store.load("A", &large.revision).expect_err("it is the other app's");
    assert!(matches!(refused, StoreError::NoRevision { .. }), "{refused}");
}

fn the_last_state_is_the_highest_epoch_and_seq_never_the_newest_row(bed: &Bed) {
    let mut store = store(&bed.database());
    let saved = [(2, 10), (1, 900), (2, 11), (2, 9), (1, 901)];
    for (epoch, seq) in saved {
        store.save(Epoch(2), &snapshot("A", epoch, seq)).unwrap();
    }
    let order: Vec<_> = store.revisions("A").unwrap().into_iter().map(|row| row.at).collect();
    let expected = [(2, 11), (2, 10), (2, 9), (1, 901), (1, 900)];
    assert_eq!(order, expected.map(|(epoch, seq)| EntryId::new(epoch, seq)));
    assert_eq!(store.last("A").unwrap(), Some(row(&snapshot("A", 2, 11))));
}

fn a_raised_fence_shuts_lower_epochs_out(bed: &Bed) {
    let database = bed.database();
    let [mut old, mut new] = [store(&database), store(&database)];
    old.raise_fence(Epoch(3)).unwrap();
    old.save(Epoch(3), &snapshot("A", 3, 1)).unwrap();
    new.raise_fence(Epoch(4)).unwrap();
    new.raise_fence(Epoch(4)).unwrap();
    let revision = snapshot("A", 3, 1).revision;
    for refused in [
        old.save(Epoch(3), &snapshot("A", 3, 2)),
        old.raise_fence(Epoch(3)),
        old.clear(Epoch(3), "A"),
    ] {
        let fenced = StoreError::Fenced { ours: Epoch(3), found: Epoch(4) };
        assert_eq!(refused.expect_err("epoch 3 is over").to_string(), fenced.to_string());
    }
    assert_eq!(new.revisions("A").unwrap().len(), 1);
    assert_eq!(new.load("A", &revision).unwrap(), snapshot("A", 3, 1));
    new.save(Epoch(4), &snapshot("A", 4, 2)).unwrap();
    let place = SnapshotPlace::of_scope("another group");
    let mut alone = database.snapshots(&place).unwrap();
    alone.raise_fence(Epoch(1)).unwrap();
    alone.save(Epoch(1), &snapshot("B", 1, 1)).unwrap();
}

/// Puts the first pieces of a snapshot into the table, as a save that was killed leaves it.
fn half_saved(bed: &Bed, it: &Snapshot, pieces: usize) {
    let text = "INSERT INTO PERSISTENCE_TABLE \
                (siddhiAppName, revision, epoch, seq, piece, pieces, snapshot) \
                VALUES (?, ?, ?, ?, ?, ?, ?)";
    let insert = |(number, piece): (i32, Vec<u8>)| {
        let values = [
            Value::text(it.app.as_str()),
            Value::text(it.revision.as_str()),
            Value::Long(it.at.epoch.0 as i64),
            Value::Long(it.at.seq.0 as i64),
            Value::Int(number),
            Value::Int(it.piece_count() as i32),
            Value::object(Object::Bytes(piece)),
        ];
        statement(text, values)
    };
    let all: Vec<_> = (0..).zip(it.pieces().take(pieces)).map(insert).collect();
    bed.sql().execute_all(&all).unwrap();
}

fn a_half_saved_snapshot_does_not_count_and_is_saved_again_whole(bed: &Bed) {
    let database = bed.database();
    let mut store = store(&database);
    store.save(Epoch(1), &snapshot("A", 1, 5)).unwrap();
    let half = large("A", 1, 9);
    half_saved(bed, &half, 20);
    assert_eq!(store.last("A").unwrap(), Some(row(&snapshot("A", 1, 5))));
    let refused = store.load("A", &half.revision);
    assert!(matches!(refused, Err(StoreError::NoRevision { .. })), "{refused:?}");
    store.save(Epoch(1), &half).unwrap();
    assert_eq!(store.load("A", &half.revision).unwrap(), half);
}

fn saving_the_same_again_does_nothing_and_another_of_its_name_is_refused(bed: &Bed) {
    let mut store = store(&bed.database());
    let it = snapshot("A", 1, 5);
    store.save(Epoch(1), &it).unwrap();
    store.save(Epoch(1), &it).unwrap();
    assert_eq!(store.revisions("A").unwrap().len(), 1);
    let elsewhere = Snapshot { at: EntryId::new(1, 6), ..it.clone() };
    let refused = store.save(Epoch(1), &elsewhere);
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    let changed = Snapshot { payload: vec![1], ..it.clone() };
    assert!(store.save(Epoch(1), &changed).is_err());
    assert_eq!(store.load("A", &it.revision).unwrap(), it);
}

fn only_the_newest_revisions_are_kept_and_those_of_other_apps_untouched(bed: &Bed) {
    let database = bed.database();
    let mut store = store(&database);
    for seq in 1..=4 {
        store.save(Epoch(1), &snapshot("A", 1, seq)).unwrap();
        store.save(Epoch(1), &snapshot("B", 1, seq)).unwrap();
    }
    store.save(Epoch(1), &large("A", 1, 0)).unwrap();
    let left_over = Snapshot { revision: "left over".into(), ..large("A", 1, 3) };
    let under_way = Snapshot { revision: "under way".into(), ..large("A", 1, 5) };
    half_saved(bed, &left_over, 18);
    half_saved(bed, &under_way, 3);
    assert_eq!(store.keep_newest(Epoch(1), "A", 2).unwrap(), 4);
    let kept: Vec<_> = store.revisions("A").unwrap().into_iter().map(|row| row.at.seq.0).collect();
    assert_eq!(kept, [4, 3]);
    assert_eq!(store.revisions("B").unwrap().len(), 4);
    let rows = bed.one("SELECT count(*) FROM PERSISTENCE_TABLE WHERE siddhiAppName = 'A'");
    assert_eq!(rows, Value::Long(2 + 3), "two whole ones, and the three pieces under way");
    assert_eq!(store.keep_newest(Epoch(1), "B", 0).unwrap(), 3, "one stays in any case");
    assert_eq!(store.last("B").unwrap(), Some(row(&snapshot("B", 1, 4))));
    store.clear(Epoch(1), "A").unwrap();
    assert_eq!(store.last_of_all().unwrap(), [row(&snapshot("B", 1, 4))]);
}

fn a_removal_that_stopped_half_way_left_nothing_that_counts(bed: &Bed) {
    let mut store = store(&bed.database());
    half_saved(bed, &large("A", 1, 5), usize::MAX);
    assert!(store.last("A").unwrap().is_some(), "all of its pieces are there");
    // The last pieces go first, a few at a time.
    bed.run("DELETE FROM PERSISTENCE_TABLE WHERE piece > 2");
    assert_eq!(store.last("A").unwrap(), None);
    store.clear(Epoch(1), "A").unwrap();
    assert_eq!(bed.one("SELECT count(*) FROM PERSISTENCE_TABLE"), Value::Long(0));
    store.clear(Epoch(1), "A").unwrap();
}

fn writers_of_one_table_wait_for_each_other(bed: &Bed) {
    let database = bed.database();
    std::thread::scope(|scope| {
        for app in ["A", "B", "C"] {
            let mut store = store(&database);
            scope.spawn(move || {
                for seq in 1..=40 {
                    store.save(Epoch(1), &snapshot(app, 1, seq)).unwrap();
                    store.keep_newest(Epoch(1), app, 2).unwrap();
                }
            });
        }
    });
    let mut store = store(&database);
    for app in ["A", "B", "C"] {
        let kept: Vec<_> =
            store.revisions(app).unwrap().into_iter().map(|row| row.at.seq.0).collect();
        assert_eq!(kept, [40, 39]);
    }
}

fn a_damaged_snapshot_is_not_restored_and_says_why(bed: &Bed) {
    let database = bed.database();
    let mut store = store(&database);
    let it = large("A", 1, 5);
    half_saved(bed, &it, usize::MAX);
    assert_eq!(store.load("A", &it.revision).unwrap(), it, "as earlier builds wrote it");
    let mut piece = it.pieces().nth(7).unwrap();
    piece[500] ^= 1;
    let update = "UPDATE PERSISTENCE_TABLE SET snapshot = ? WHERE piece = 7";
    let piece = Value::object(Object::Bytes(piece));
    bed.sql().execute(&statement(update, [piece])).unwrap();
    let refused = store.load("A", &it.revision).expect_err("a piece is changed");
    let damaged = |source: &DecodeError| matches!(source, DecodeError::Damaged { .. });
    assert!(
        matches!(&refused, StoreError::Unreadable { source, .. } if damaged(source)),
        "{refused}"
    );
    assert!(refused.to_string().contains("`piece of a snapshot` is damaged"), "{refused}");
    bed.run("DELETE FROM PERSISTENCE_TABLE WHERE piece = 7");
    let refused = store.load("A", &it.revision).expect_err("a piece is missing").to_string();
    assert!(refused.contains("its last pieces are missing"), "{refused}");
    let moved = "UPDATE PERSISTENCE_TABLE SET revision = 'other' WHERE piece <> 7";
    store.clear(Epoch(1), "A").unwrap();
    store.save(Epoch(1), &snapshot("A", 1, 5)).unwrap();
    bed.run(moved);
    let refused = store.load("A", "other").expect_err("it was moved").to_string();
    assert!(refused.contains("it is the content of another revision"), "{refused}");
}

/// Bytes that do not repeat.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut random = seed;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        (random >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn counted(bed: &Bed, app: &str) -> i64 {
    let count =
        format!("SELECT count(*) FROM PERSISTENCE_TABLE_PART WHERE siddhiAppName = '{app}'");
    bed.one(&count).as_i64().unwrap()
}

fn a_large_snapshot_writes_what_is_new_since_the_last_one(bed: &Bed) {
    let mut store = store(&bed.database());
    let mut state = noise(4 << 20, 1);
    let taken =
        |seq: u64, state: &[u8]| Snapshot { payload: state.to_vec(), ..snapshot("A", 1, seq) };
    store.save(Epoch(1), &taken(1, &state)).unwrap();
    let first = counted(bed, "A");
    assert!(first > 8, "{first} parts");
    // A window: some of the oldest go, and some come.
    state.drain(..70_000);
    state.extend(noise(70_000, 2));
    store.save(Epoch(1), &taken(2, &state)).unwrap();
    let added = counted(bed, "A") - first;
    assert!((1..=4).contains(&added), "{added} of {first} parts are new");
    store.save(Epoch(1), &Snapshot { payload: state.clone(), ..snapshot("B", 1, 2) }).unwrap();
    assert_eq!(store.load("A", &taken(1, &[]).revision).unwrap().payload.len(), 4 << 20);
    assert_eq!(store.load("A", &taken(2, &[]).revision).unwrap(), taken(2, &state));
    assert_eq!(store.keep_newest(Epoch(1), "A", 1).unwrap(), 1);
    assert!(counted(bed, "A") < first + added, "what only the first one had is gone");
    assert_eq!(store.load("A", &taken(2, &[]).revision).unwrap(), taken(2, &state));
    store.clear(Epoch(1), "A").unwrap();
    assert_eq!(counted(bed, "A"), 0);
    assert!(counted(bed, "B") > 8, "another app's parts are its own");
}

fn a_large_snapshot_with_a_part_missing_or_changed_is_not_restored(bed: &Bed) {
    let mut store = store(&bed.database());
    let it = Snapshot { payload: noise(2 << 20, 3), ..snapshot("A", 1, 1) };
    store.save(Epoch(1), &it).unwrap();
    let one = "SELECT max(part) FROM PERSISTENCE_TABLE_PART";
    let Value::Str(part) = bed.one(one) else { panic!("there are parts") };
    let update = "UPDATE PERSISTENCE_TABLE_PART SET content = ? WHERE part = ?";
    let change = |to: Vec<u8>| {
        let values = [Value::object(Object::Bytes(to)), Value::text(part.as_str())];
        bed.sql().execute(&statement(update, values)).unwrap();
    };
    change(vec![1, 2, 3]);
    let refused = store.load("A", &it.revision).expect_err("a part is changed").to_string();
    assert!(refused.contains("not as long as their list says"), "{refused}");
    bed.run(&format!("DELETE FROM PERSISTENCE_TABLE_PART WHERE part = '{part}'"));
    let refused = store.load("A", &it.revision).expect_err("a part is missing").to_string();
    assert!(refused.contains("a part of it is missing"), "{refused}");
    // The next one writes it again.
    let next = Snapshot { at: EntryId::new(1, 2), revision: "next".into(), ..it.clone() };
    store.save(Epoch(1), &next).unwrap();
    assert_eq!(store.load("A", &it.revision).unwrap(), it);
}

fn a_removal_beside_a_save_leaves_the_parts_of_what_is_saved(bed: &Bed) {
    let database = bed.database();
    let (mut saves, mut removes) = (store(&database), store(&database));
    let done = std::sync::atomic::AtomicBool::new(false);
    let revision = |seq: u64| format!("revision {seq}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                removes.keep_newest(Epoch(1), "A", 1).unwrap();
            }
        });
        for seq in 1..=8 {
            let mut payload = noise(1_200_000, 9);
            payload.extend(noise(300_000, seq));
            let (app, revision) = ("A".into(), revision(seq).as_str().into());
            let it = Snapshot { app, revision, at: EntryId::new(1, seq), payload };
            saves.save(Epoch(1), &it).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(saves.load("A", &revision(8)).unwrap().payload.len(), 1_500_000);
}

fn a_table_whose_name_would_need_quoting_is_refused(bed: &Bed) {
    let database = bed.database();
    for table in ["", "1T", "T; DROP TABLE X", "T\"", "t\u{e4}", &"T".repeat(61)] {
        let place = SnapshotPlace { table: table.into(), scope: "si".into() };
        let Err(refused) = database.snapshots(&place) else { panic!("`{table}` was taken") };
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    }
    let place = SnapshotPlace { table: "my_TABLE_2".into(), scope: "si".into() };
    let mut store = database.snapshots(&place).unwrap();
    store.raise_fence(Epoch(1)).unwrap();
    store.save(Epoch(1), &snapshot("A", 1, 1)).unwrap();
    assert_eq!(store.last("A").unwrap(), Some(row(&snapshot("A", 1, 1))));
}

fn a_save_that_is_fenced_half_way_does_not_count(bed: &Bed) {
    let database = bed.database();
    let it = large("A", 1, 5);
    let [mut old, mut new] = [store(&database), store(&database)];
    old.raise_fence(Epoch(1)).unwrap();
    let save = std::thread::spawn(move || old.save(Epoch(1), &it));
    new.raise_fence(Epoch(2)).unwrap();
    let seen = new.last("A").unwrap();
    let saved = save.join().unwrap();
    assert_eq!(new.last("A").unwrap(), seen, "what is last holds from the fence on");
    assert_eq!(saved.is_ok(), seen.is_some(), "{saved:?}");
}

fn a_table_of_the_original_is_left_alone_and_said(bed: &Bed) {
    bed.run("CREATE TABLE PERSISTENCE_TABLE (id INTEGER, siddhiAppName VARCHAR(100))");
    let place = SnapshotPlace::of_scope("si");
    let Err(refused) = bed.database().snapshots(&place) else { panic!("it was taken") };
    let refused = refused.to_string();
    assert!(refused.contains("it is there with other columns than"), "{refused}");
    assert!(refused.contains("name another table in `state.persistence"), "{refused}");
}

fn names_are_kept_as_they_are_up_to_their_longest(bed: &Bed) {
    let mut store = store(&bed.database());
    let name = |len: usize| "\u{1f600}".repeat(len);
    let longest = Snapshot { revision: name(380).as_str().into(), ..snapshot(&name(255), 1, 1) };
    store.save(Epoch(1), &longest).unwrap();
    assert_eq!(store.load(&name(255), &name(380)).unwrap(), longest);
    for app in ["A", "a"] {
        store.save(Epoch(1), &snapshot(app, 1, 2)).unwrap();
        assert_eq!(store.revisions(app).unwrap(), [row(&snapshot(app, 1, 2))]);
    }
    let refused = store.save(Epoch(1), &snapshot(&name(256), 1, 1)).expect_err("too long");
    assert!(refused.to_string().contains("has more than 255 characters"), "{refused}");
}

fn a_snapshot_of_12_mb_is_saved_in_short_transactions(bed: &Bed) {
    let database = bed.database();
    let mut store = store(&database);
    let payload: Vec<u8> = (0..12_u32 << 20).map(|i| (i % 251) as u8).collect();
    let it = Snapshot { payload, ..snapshot("A", 1, 7) };
    store.save(Epoch(1), &it).unwrap();
    assert!(store.load("A", &it.revision).unwrap() == it);
    store.clear(Epoch(1), "A").unwrap();
    assert_eq!(bed.one("SELECT count(*) FROM PERSISTENCE_TABLE"), Value::Long(0));
}

on_every_database! {
    a_snapshot_comes_back_whole_after_a_restart,
    the_last_state_is_the_highest_epoch_and_seq_never_the_newest_row,
    a_raised_fence_shuts_lower_epochs_out,
    a_half_saved_snapshot_does_not_count_and_is_saved_again_whole,
    saving_the_same_again_does_nothing_and_another_of_its_name_is_refused,
    only_the_newest_revisions_are_kept_and_those_of_other_apps_untouched,
    a_removal_that_stopped_half_way_left_nothing_that_counts,
    writers_of_one_table_wait_for_each_other,
    a_damaged_snapshot_is_not_restored_and_says_why,
    a_table_whose_name_would_need_quoting_is_refused,
    a_save_that_is_fenced_half_way_does_not_count,
    a_table_of_the_original_is_left_alone_and_said,
    names_are_kept_as_they_are_up_to_their_longest,
    a_snapshot_of_12_mb_is_saved_in_short_transactions,
    a_large_snapshot_writes_what_is_new_since_the_last_one,
    a_large_snapshot_with_a_part_missing_or_changed_is_not_restored,
    a_removal_beside_a_save_leaves_the_parts_of_what_is_saved,
}
