//! The last state is found by epoch and seq, behind the fence, whole or not at all.

use std::time::Duration;

use rusqlite::{Connection, params};
use tempfile::TempDir;
use weir_codec::{DecodeError, EntryId, SNAPSHOT_PIECE_BYTES, Snapshot};
use weir_event::Epoch;

use super::{SnapshotPlace, SnapshotRow, Snapshots};
use crate::door::{Database, DatabaseOptions, StoreError};

fn database(folder: &TempDir) -> Database {
    let url = format!("jdbc:sqlite:{}", folder.path().join("persistence.db").display());
    // Long enough for the slowest machine: nothing here waits for it to pass.
    let patient = DatabaseOptions { busy_timeout: Duration::from_secs(120) };
    Database::open(&url, patient).expect("the folder is there")
}

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

#[test]
fn a_snapshot_comes_back_whole_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
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

#[test]
fn the_last_state_is_the_highest_epoch_and_seq_never_the_newest_row() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&database(&folder));
    let saved = [(2, 10), (1, 900), (2, 11), (2, 9), (1, 901)];
    for (epoch, seq) in saved {
        store.save(Epoch(2), &snapshot("A", epoch, seq)).unwrap();
    }
    let order: Vec<_> = store.revisions("A").unwrap().into_iter().map(|row| row.at).collect();
    let expected = [(2, 11), (2, 10), (2, 9), (1, 901), (1, 900)];
    assert_eq!(order, expected.map(|(epoch, seq)| EntryId::new(epoch, seq)));
    assert_eq!(store.last("A").unwrap(), Some(row(&snapshot("A", 2, 11))));
}

#[test]
fn a_raised_fence_shuts_lower_epochs_out() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
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
fn half_saved(database: &Database, it: &Snapshot, pieces: usize) {
    let insert = "INSERT INTO PERSISTENCE_TABLE \
                  (siddhiAppName, revision, epoch, seq, piece, pieces, snapshot) \
                  VALUES (?, ?, ?, ?, ?, ?, ?)";
    let connection = Connection::open(database.file()).unwrap();
    for (number, piece) in (0_i64..).zip(it.pieces().take(pieces)) {
        let (epoch, seq) = (it.at.epoch.0 as i64, it.at.seq.0 as i64);
        let (app, revision) = (it.app.as_str(), it.revision.as_str());
        let values = params![app, revision, epoch, seq, number, it.piece_count(), piece];
        connection.execute(insert, values).unwrap();
    }
}

#[test]
fn a_half_saved_snapshot_does_not_count_and_is_saved_again_whole() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut store = store(&database);
    store.save(Epoch(1), &snapshot("A", 1, 5)).unwrap();
    let half = large("A", 1, 9);
    half_saved(&database, &half, 20);
    assert_eq!(store.last("A").unwrap(), Some(row(&snapshot("A", 1, 5))));
    let refused = store.load("A", &half.revision);
    assert!(matches!(refused, Err(StoreError::NoRevision { .. })), "{refused:?}");
    store.save(Epoch(1), &half).unwrap();
    assert_eq!(store.load("A", &half.revision).unwrap(), half);
}

#[test]
fn saving_the_same_again_does_nothing_and_another_of_its_name_is_refused() {
    let folder = TempDir::new().unwrap();
    let mut store = store(&database(&folder));
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

#[test]
fn only_the_newest_revisions_are_kept_and_those_of_other_apps_untouched() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut store = store(&database);
    for seq in 1..=4 {
        store.save(Epoch(1), &snapshot("A", 1, seq)).unwrap();
        store.save(Epoch(1), &snapshot("B", 1, seq)).unwrap();
    }
    store.save(Epoch(1), &large("A", 1, 0)).unwrap();
    let left_over = Snapshot { revision: "left over".into(), ..large("A", 1, 3) };
    let under_way = Snapshot { revision: "under way".into(), ..large("A", 1, 5) };
    half_saved(&database, &left_over, 18);
    half_saved(&database, &under_way, 3);
    assert_eq!(store.keep_newest(Epoch(1), "A", 2).unwrap(), 4);
    let kept: Vec<_> = store.revisions("A").unwrap().into_iter().map(|row| row.at.seq.0).collect();
    assert_eq!(kept, [4, 3]);
    assert_eq!(store.revisions("B").unwrap().len(), 4);
    let rows: i64 = Connection::open(database.file())
        .unwrap()
        .query_row("SELECT count(*) FROM PERSISTENCE_TABLE WHERE siddhiAppName = 'A'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, 2 + 3, "two whole ones, and the three pieces under way");
    assert_eq!(store.keep_newest(Epoch(1), "B", 0).unwrap(), 3, "one stays in any case");
    assert_eq!(store.last("B").unwrap(), Some(row(&snapshot("B", 1, 4))));
    store.clear(Epoch(1), "A").unwrap();
    assert_eq!(store.last_of_all().unwrap(), [row(&snapshot("B", 1, 4))]);
}

#[test]
fn a_removal_that_stops_half_way_leaves_nothing_that_counts() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut store = store(&database);
    store.save(Epoch(1), &large("A", 1, 5)).unwrap();
    let stop = "CREATE TRIGGER stop BEFORE DELETE ON PERSISTENCE_TABLE WHEN old.piece = 0 \
                BEGIN SELECT RAISE(ABORT, 'stopped'); END";
    let connection = Connection::open(database.file()).unwrap();
    connection.execute_batch(stop).unwrap();
    assert!(store.clear(Epoch(1), "A").is_err());
    assert_eq!(store.last("A").unwrap(), None);
    connection.execute_batch("DROP TRIGGER stop").unwrap();
    store.clear(Epoch(1), "A").unwrap();
    let count = "SELECT count(*) FROM PERSISTENCE_TABLE";
    let rows: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn writers_of_one_file_wait_for_each_other() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
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

#[test]
fn a_damaged_snapshot_is_not_restored_and_says_why() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut store = store(&database);
    let it = large("A", 1, 5);
    store.save(Epoch(1), &it).unwrap();
    let connection = Connection::open(database.file()).unwrap();
    let mut piece = it.pieces().nth(7).unwrap();
    piece[500] ^= 1;
    let update = "UPDATE PERSISTENCE_TABLE SET snapshot = ? WHERE piece = 7";
    connection.execute(update, params![piece]).unwrap();
    let refused = store.load("A", &it.revision).expect_err("a piece is changed");
    let damaged = |source: &DecodeError| matches!(source, DecodeError::Damaged { .. });
    assert!(
        matches!(&refused, StoreError::Unreadable { source, .. } if damaged(source)),
        "{refused}"
    );
    assert!(refused.to_string().contains("`piece of a snapshot` is damaged"), "{refused}");
    connection.execute("DELETE FROM PERSISTENCE_TABLE WHERE piece = 7", []).unwrap();
    let refused = store.load("A", &it.revision).expect_err("a piece is missing").to_string();
    assert!(refused.contains("its last pieces are missing"), "{refused}");
    let moved = "UPDATE PERSISTENCE_TABLE SET revision = 'other' WHERE piece <> 7";
    store.clear(Epoch(1), "A").unwrap();
    store.save(Epoch(1), &snapshot("A", 1, 5)).unwrap();
    connection.execute(moved, []).unwrap();
    let refused = store.load("A", "other").expect_err("it was moved").to_string();
    assert!(refused.contains("it is the content of another revision"), "{refused}");
}

#[test]
fn a_table_whose_name_would_need_quoting_is_refused() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
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

#[test]
fn a_save_that_is_fenced_half_way_does_not_count() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
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
