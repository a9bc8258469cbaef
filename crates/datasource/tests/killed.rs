//! A process that is killed in the middle of writing leaves nothing that was acknowledged out,
//! and nothing half-done in.
//!
//! Each test starts itself again as a child, which writes and says on standard output what is
//! done; the parent kills it after a while and looks at what is there.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use weir_codec::{EntryId, LogId, RawEntry, SNAPSHOT_PIECE_BYTES, Snapshot, What};
use weir_datasource::{
    Database, DatabaseOptions, FileLog, LeaseRow, LogError, LogOptions, SnapshotPlace, Snapshots,
};
use weir_event::{Epoch, Time};

/// Tells the child where to write.
const FOLDER: &str = "WEIR_TEST_FOLDER";

/// What starts a line of the child's own, among those of the test harness.
const DONE: &str = "done ";

fn child_folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}

fn done(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{DONE}{number}").and_then(|()| out.flush()).expect("the parent listens");
}

/// Starts the test `name` as a child, kills it once it has said `done` up to `until`, and
/// answers the last number that it said.
fn killed(name: &str, folder: &Path, until: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("tests run from a file"))
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be started again");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut last = 0;
    let mut is_killed = false;
    for line in lines.map_while(Result::ok) {
        let Some(number) = line.rsplit_once(DONE).and_then(|(_, number)| number.parse().ok())
        else {
            continue;
        };
        last = number;
        if last >= until && !is_killed {
            child.kill().expect("it runs");
            is_killed = true;
        }
    }
    child.wait().expect("it was started");
    assert!(is_killed, "the child ended by itself after {last}");
    last
}

/// Runs the test `name` as a child that may make no file larger than `kib`.
fn limited(name: &str, folder: &Path, kib: u64) {
    let program = std::env::current_exe().expect("tests run from a file");
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    let ended = Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .output()
        .expect("there is a shell");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}{}", String::from_utf8_lossy(&ended.stderr));
}

fn open_log(folder: &Path) -> FileLog {
    let options = LogOptions { segment_bytes: 20_000, total_bytes_max: 1 << 30 };
    FileLog::open(folder, options).expect("nothing is wrong with it").0
}

fn entry(seq: u64) -> RawEntry {
    let text = "x".repeat(1 + seq as usize * 37 % 3_000);
    let what = What::Query { app: "A".into(), text: text.into() };
    RawEntry::new(EntryId::new(1, seq), Time(0), &what)
}

#[test]
fn every_entry_that_was_appended_survives_the_death_of_its_writer() {
    if let Some(folder) = child_folder() {
        let mut log = open_log(&folder);
        loop {
            let seq = log.last().seq.0 + 1;
            log.append(&[entry(seq), entry(seq + 1)]).expect("there is room");
            done(seq + 1);
        }
    }
    let name = "every_entry_that_was_appended_survives_the_death_of_its_writer";
    let folder = TempDir::new().unwrap();
    let mut until = 0;
    for round in 1..=5 {
        until += 150 * round;
        let last = killed(name, folder.path(), until);
        let log = open_log(folder.path());
        assert!(log.last().seq.0 >= last, "{} is less than {last}", log.last());
        let entries = log.read_after(EntryId::NONE, usize::MAX).unwrap();
        assert!(entries.iter().zip(1..).all(|(found, seq)| *found == entry(seq)));
        assert_eq!(entries.len() as u64, log.last().seq.0);
        until = log.last().seq.0;
    }
}

#[test]
fn a_full_disk_stops_the_log_between_entries_and_it_goes_on_once_there_is_room() {
    let options = LogOptions::default();
    if let Some(folder) = child_folder() {
        let (mut log, _) = FileLog::open(&folder, options).unwrap();
        let refused = loop {
            if let Err(refused) = log.append(&[entry(log.last().seq.0 + 1)]) {
                break refused;
            }
        };
        assert!(matches!(refused, LogError::DiskFull { .. }) && refused.is_passing(), "{refused}");
        let told = refused.to_string();
        assert!(told.contains(".log`: the disk is full\nhint: free some space"), "{told}");
        let (last, bytes) = (log.last(), log.bytes());
        let again = log.append(&[entry(last.seq.0 + 1)]);
        assert!(matches!(again, Err(LogError::DiskFull { .. })), "{again:?}");
        log.sync().unwrap();
        let size = std::fs::metadata(folder.join("00000000000000000001.log")).unwrap().len();
        assert_eq!((log.durable_last(), log.bytes()), (last, size));
        assert_eq!(bytes, size);
        log.cut_after(EntryId::new(1, last.seq.0 - 3)).unwrap();
        log.append(&[entry(last.seq.0 - 2)]).unwrap();
        return;
    }
    let name = "a_full_disk_stops_the_log_between_entries_and_it_goes_on_once_there_is_room";
    let folder = TempDir::new().unwrap();
    limited(name, folder.path(), 100);
    let (mut log, recovered) = FileLog::open(folder.path(), options).unwrap();
    assert_eq!(recovered.cut_bytes, 0);
    let entries = log.read_after(EntryId::NONE, usize::MAX).unwrap();
    assert!(entries.len() > 20 && log.bytes() > 80_000);
    assert!(entries.iter().zip(1..).all(|(found, seq)| *found == entry(seq)));
    log.append(&[entry(log.last().seq.0 + 1)]).unwrap();
}

fn open_snapshots(folder: &Path) -> Box<dyn Snapshots> {
    let url = format!("jdbc:sqlite:{}", folder.join("p.db").display());
    let database = Database::open(&url, DatabaseOptions::default());
    let place = SnapshotPlace::of_scope("si");
    database.and_then(|it| it.snapshots(&place)).expect("nothing is wrong with it")
}

fn snapshot(seq: u64) -> Snapshot {
    let bytes = SNAPSHOT_PIECE_BYTES * 3 + seq as usize;
    Snapshot {
        app: "A".into(),
        revision: format!("{seq}__A").into(),
        at: EntryId::new(1, seq),
        payload: (0..bytes).map(|i| (i as u64 * 7 + seq) as u8).collect(),
    }
}

#[test]
fn a_snapshot_counts_whole_or_not_at_all_when_its_writer_dies() {
    if let Some(folder) = child_folder() {
        let mut store = open_snapshots(&folder);
        let first = store.last("A").unwrap().map_or(1, |row| row.at.seq.0 + 1);
        for seq in first.. {
            store.save(Epoch(1), &snapshot(seq)).unwrap();
            done(seq);
            store.keep_newest(Epoch(1), "A", 2).unwrap();
        }
    }
    let name = "a_snapshot_counts_whole_or_not_at_all_when_its_writer_dies";
    let folder = TempDir::new().unwrap();
    let mut until = 0;
    for _ in 0..4 {
        let last = killed(name, folder.path(), until + 2);
        let mut store = open_snapshots(folder.path());
        let rows = store.revisions("A").unwrap();
        assert!(rows[0].at.seq.0 >= last, "{:?} is older than {last}", rows[0]);
        for row in &rows {
            let found = store.load("A", &row.revision).unwrap();
            assert!(found == snapshot(row.at.seq.0), "{row:?}");
        }
        until = rows[0].at.seq.0;
    }
}

#[test]
fn a_lease_that_was_renewed_stays_renewed_when_its_holder_dies() {
    let lease = |renewals| LeaseRow {
        holder: Some("node-1".into()),
        log: LogId(1),
        epoch: Epoch(1),
        renewals,
        in_sync: BTreeSet::from([LogId(1)]),
    };
    let open = |folder: &Path| {
        let url = format!("jdbc:sqlite:{}", folder.join("c.db").display());
        Database::open(&url, DatabaseOptions::default()).unwrap().cluster().unwrap()
    };
    if let Some(folder) = child_folder() {
        let mut cluster = open(&folder);
        let mut held = cluster.lease("si").unwrap();
        loop {
            let next = lease(held.as_ref().map_or(1, |row| row.renewals + 1));
            let expected = held.as_ref().map(LeaseRow::version);
            assert!(cluster.write_lease("si", expected, &next).unwrap());
            done(next.renewals);
            held = Some(next);
        }
    }
    let name = "a_lease_that_was_renewed_stays_renewed_when_its_holder_dies";
    let folder = TempDir::new().unwrap();
    let mut until = 0;
    for _ in 0..3 {
        let last = killed(name, folder.path(), until + 20);
        let found = open(folder.path()).lease("si").unwrap().expect("it was written");
        assert!(found.renewals >= last && found == lease(found.renewals));
        until = found.renewals;
    }
}
