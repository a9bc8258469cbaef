//! What only a database in a file can do, or suffer.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use weir_datasource::{Database, DatabaseOptions, QUERY_ROWS_MAX, StoreError};
use weir_event::Value;

use crate::bed::{PATIENT, statement};

const QUICK: DatabaseOptions = DatabaseOptions { busy_timeout: Duration::from_millis(20) };

fn open(folder: &TempDir) -> Database {
    let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
    Database::open(&url, QUICK).expect("the folder is there")
}

#[test]
fn a_missing_folder_is_named_for_sqlite_and_made_for_h2() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("not/there/x");
    let refused = Database::open(&format!("jdbc:sqlite:{}", file.display()), QUICK);
    let refused = refused.expect_err("the folder is missing").to_string();
    assert!(refused.contains("not/there` is not there\nhint: make the folder"), "{refused}");
    let made = Database::open(&format!("jdbc:h2:{};MODE=MySQL", file.display()), QUICK).unwrap();
    assert!(made.notice().is_some() && made.file().unwrap().is_file());
}

#[test]
fn a_folder_in_the_place_of_the_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let refused = Database::open(&format!("jdbc:sqlite:{}", folder.path().display()), QUICK);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
}

#[test]
fn a_file_that_is_no_database_is_damaged_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data.db");
    let garbage = "this is not a database ".repeat(300);
    fs::write(&file, &garbage).unwrap();
    let url = format!("jdbc:sqlite:{}", file.display());
    let refused = Database::open(&url, QUICK).expect_err("it is garbage");
    assert!(matches!(refused, StoreError::Damaged { .. }) && !refused.is_passing(), "{refused}");
    assert!(refused.to_string().contains("data.db` is damaged: file is not a database\nhint: "));
    assert_eq!(fs::read_to_string(&file).unwrap(), garbage);
}

#[test]
fn a_locked_database_is_waited_for_and_then_tried_again_later() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder);
    let mut sql = database.sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a)", [])).unwrap();
    let other = Connection::open(database.file().unwrap()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO T VALUES (1)").unwrap();
    let write = statement("INSERT INTO T VALUES (2)", []);
    let refused = sql.execute(&write).expect_err("the other one writes");
    assert!(refused.is_passing(), "{refused}");
    let expected = "data.db`: another process has it locked";
    assert!(refused.to_string().starts_with("could not write `"), "{refused}");
    assert!(refused.to_string().ends_with(expected), "{refused}");
    let read = sql.query(&statement("SELECT count(*) AS n FROM T", [])).unwrap();
    assert_eq!(read.rows, [[Value::Long(0)]], "reading goes on meanwhile");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(sql.execute(&write).unwrap(), 1);
}

#[test]
fn a_locked_database_is_written_once_the_other_process_is_done() {
    let folder = TempDir::new().unwrap();
    let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
    let database = Database::open(&url, PATIENT).unwrap();
    let mut sql = database.sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a)", [])).unwrap();
    let other = Connection::open(database.file().unwrap()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; INSERT INTO T VALUES (1)").unwrap();
    let (begun, started) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        begun.send(()).unwrap();
        sql.execute(&statement("INSERT INTO T VALUES (2)", []))
    });
    started.recv().unwrap();
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(writer.join().unwrap().unwrap(), 1);
}

#[test]
fn nodes_that_make_the_file_at_the_same_moment_all_open_it() {
    for _ in 0..60 {
        let folder = TempDir::new().unwrap();
        let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let database = Database::open(&url, PATIENT).unwrap();
                    database.cluster().unwrap();
                });
            }
        });
    }
}

#[test]
fn a_full_database_is_told_from_a_broken_one() {
    let folder = TempDir::new().unwrap();
    let mut sql = open(&folder).sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a)", [])).unwrap();
    sql.query(&statement("PRAGMA max_page_count = 10", [])).unwrap();
    let large = statement("INSERT INTO T VALUES (?)", [Value::text("x".repeat(100_000))]);
    let refused = sql.execute(&large).expect_err("ten pages are not enough");
    assert!(matches!(refused, StoreError::Full { .. }) && refused.is_passing(), "{refused}");
    assert!(refused.to_string().contains("the disk or the database is full\nhint: free some"));
    assert_eq!(sql.execute(&statement("INSERT INTO T VALUES (1)", [])).unwrap(), 1);
}

#[test]
fn a_query_that_finds_too_much_is_refused() {
    let folder = TempDir::new().unwrap();
    let mut sql = open(&folder).sql().unwrap();
    let numbers = |n: usize| {
        let text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
                    SELECT i FROM n";
        statement(text, [Value::Long(n as i64)])
    };
    assert_eq!(sql.query(&numbers(QUERY_ROWS_MAX)).unwrap().rows.len(), QUERY_ROWS_MAX);
    let refused = sql.query(&numbers(QUERY_ROWS_MAX + 1)).expect_err("one too many");
    assert!(refused.to_string().ends_with("it finds more than 1000000 rows"), "{refused}");
}
