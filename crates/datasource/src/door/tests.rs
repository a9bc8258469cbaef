//! URLs are understood or refused by name; files that cannot serve are told apart.

use std::fs;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use weir_event::{Epoch, Object, OutputNo, Value};

use super::url::Target;
use super::{
    Database, DatabaseOptions, Once, QUERY_ROWS_MAX, Rows, Statement, StoreError, WriteMark,
};
use crate::sqlite::Sqlite;

const PATIENT: DatabaseOptions = DatabaseOptions { busy_timeout: Duration::from_secs(120) };
const QUICK: DatabaseOptions = DatabaseOptions { busy_timeout: Duration::from_millis(20) };

fn open(folder: &TempDir) -> Database {
    let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
    Database::open(&url, QUICK).expect("the folder is there")
}

fn statement(text: &str, values: impl Into<Vec<Value>>) -> Statement {
    Statement { text: text.into(), values: values.into() }
}

#[test]
fn a_sqlite_url_names_its_file() {
    for (url, file) in [
        ("jdbc:sqlite:/data/a.db", "/data/a.db"),
        ("jdbc:sqlite:a.db", "a.db"),
        (" jdbc:sqlite:file:a.db ", "a.db"),
    ] {
        let target = Target::of_url(url).unwrap();
        assert_eq!((target.file.to_str(), target.notice), (Some(file), None), "{url}");
    }
    let target = Target::of_url("jdbc:sqlite:a.db?cache=shared").unwrap();
    assert_eq!(target.file.to_str(), Some("a.db"));
    let notice = "options of `jdbc:sqlite:` are ignored: cache=shared";
    assert_eq!(target.notice.as_deref(), Some(notice));
}

#[test]
fn an_h2_url_gets_a_sqlite_file_beside_it_and_says_so() {
    let shipped = "jdbc:h2:/wso2/database/WSO2_CLUSTER_DB;AUTO_SERVER=TRUE;DB_CLOSE_ON_EXIT=FALSE";
    let target = Target::of_url(shipped).unwrap();
    assert_eq!(target.file.to_str(), Some("/wso2/database/WSO2_CLUSTER_DB.sqlite"));
    assert_eq!(
        target.notice.as_deref(),
        Some(
            "`jdbc:h2:/wso2/database/WSO2_CLUSTER_DB` is served by an embedded SQLite database \
             in `/wso2/database/WSO2_CLUSTER_DB.sqlite`; what an H2 file holds is not read"
        )
    );
    assert_eq!(Target::of_url("jdbc:h2:file:./x").unwrap().file.to_str(), Some("./x.sqlite"));
}

#[test]
fn other_databases_are_refused_by_name_and_without_their_secrets() {
    for (url, what) in [
        ("jdbc:mysql://db:3306/p?user=root&password=pw", "`jdbc:mysql:`: MySQL is not yet"),
        ("jdbc:mariadb://root:pw@db/p", "`jdbc:mariadb:`: MariaDB is not yet"),
        ("jdbc:postgresql://db/p?password=pw", "`jdbc:postgresql:`: PostgreSQL is not yet"),
        ("jdbc:sqlserver://db;password=pw", "`jdbc:sqlserver:`: SQL Server is not yet"),
        ("jdbc:oracle:thin:u/pw@db", "`jdbc:oracle:`: Oracle is not yet"),
        ("jdbc:db2://db/p:password=pw;", "`jdbc:db2:`: DB2 is not yet"),
        ("jdbc:derby:pw", "`jdbc:derby:`: it names no known kind"),
        ("pw", "`jdbcUrl`: it names no known kind"),
        ("", "`jdbcUrl`: it names no known kind"),
        ("jdbc:h2:mem:pw", "`jdbc:h2:mem:`: only an H2 database in a file"),
        ("jdbc:h2:tcp://pw", "`jdbc:h2:tcp:`: only an H2 database in a file"),
        ("jdbc:h2:~/pw", "`jdbc:h2:`: the file's whole path is needed"),
        ("jdbc:sqlite::memory:", "`jdbc:sqlite:`: a database in memory is gone"),
        ("jdbc:sqlite:file:pw?mode=memory", "`jdbc:sqlite:`: a database in memory is gone"),
        ("jdbc:sqlite:", "`jdbc:sqlite:`: a database in memory is gone"),
    ] {
        let refused = Database::open(url, QUICK).expect_err(url).to_string();
        assert!(refused.starts_with(&format!("cannot use {what}")), "{url}: {refused}");
        assert!(refused.contains("\nhint: ") && !refused.contains("pw"), "{url}: {refused}");
    }
}

#[test]
fn a_missing_folder_is_named_for_sqlite_and_made_for_h2() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("not/there/x");
    let refused = Database::open(&format!("jdbc:sqlite:{}", file.display()), QUICK);
    let refused = refused.expect_err("the folder is missing").to_string();
    assert!(refused.contains("not/there` is not there\nhint: make the folder"), "{refused}");
    let made = Database::open(&format!("jdbc:h2:{};MODE=MySQL", file.display()), QUICK).unwrap();
    assert!(made.notice().is_some() && made.file().is_file());
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
fn a_database_that_can_only_be_read_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = open(&folder).file().to_owned();
    let refused = Sqlite::open_as(&file, QUICK, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let refused = refused.expect_err("it can only be read").to_string();
    assert!(refused.contains("data.db`: it can only be read\nhint: let this user write"));
}

#[test]
fn a_locked_database_is_waited_for_and_then_tried_again_later() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder);
    let mut sql = database.sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a)", [])).unwrap();
    let other = Connection::open(database.file()).unwrap();
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
    let other = Connection::open(database.file()).unwrap();
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
fn values_come_back_as_the_database_holds_them() {
    let folder = TempDir::new().unwrap();
    let mut sql = open(&folder).sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a, b, c, d, e, f, g)", [])).unwrap();
    let bytes = Value::object(Object::Bytes(vec![0, 255]));
    let row = [
        Value::Null,
        Value::Bool(true),
        Value::Int(-5),
        Value::Long(i64::MAX),
        Value::Double(0.1),
        Value::text("gr\u{fc}n"),
        bytes.clone(),
    ];
    let insert = statement("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?)", row);
    assert_eq!(sql.execute(&insert).unwrap(), 1);
    let Rows { columns, rows } = sql.query(&statement("SELECT * FROM T", [])).unwrap();
    assert_eq!(columns, ["a", "b", "c", "d", "e", "f", "g"]);
    let expected = [
        Value::Null,
        Value::Long(1),
        Value::Long(-5),
        Value::Long(i64::MAX),
        Value::Double(0.1),
        Value::text("gr\u{fc}n"),
        bytes,
    ];
    assert_eq!(rows, [expected]);
    let list = Value::object(Object::List(vec![]));
    let refused = sql.execute(&statement("INSERT INTO T (a) VALUES (?)", [list]));
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
}

#[test]
fn statements_of_one_transaction_are_all_done_or_none() {
    let folder = TempDir::new().unwrap();
    let mut sql = open(&folder).sql().unwrap();
    sql.execute(&statement("CREATE TABLE T (a PRIMARY KEY)", [])).unwrap();
    let insert = |a: i32| statement("INSERT INTO T VALUES (?)", [Value::Int(a)]);
    assert_eq!(sql.execute_all(&[insert(1), insert(2)]).unwrap(), [1, 1]);
    let refused = sql.execute_all(&[insert(3), insert(1)]).expect_err("1 is there");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    let wrong = statement("INSERT INTO NOT_THERE VALUES (1)", []);
    let refused = sql.execute_all(&[insert(4), wrong]).expect_err("no such table");
    let expected = "could not run `INSERT INTO NOT_THERE VALUES (1)`: no such table: NOT_THERE";
    assert!(refused.to_string().starts_with(expected), "{refused}");
    let count = sql.query(&statement("SELECT count(*) FROM T", [])).unwrap();
    assert_eq!(count.rows, [[Value::Long(2)]]);
}

#[test]
fn a_numbered_write_is_done_once_and_not_by_an_epoch_that_is_over() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder);
    let [mut old, mut new] = [database.sql().unwrap(), database.sql().unwrap()];
    old.execute(&statement("CREATE TABLE T (a PRIMARY KEY)", [])).unwrap();
    let insert = |a: i32| [statement("INSERT INTO T VALUES (?)", [Value::Int(a)])];
    let mark = |epoch, number| WriteMark {
        app: "A".into(),
        store: "T".into(),
        epoch: Epoch(epoch),
        number: OutputNo(number),
    };
    assert_eq!(old.execute_once(&mark(1, 1), &insert(1)).unwrap(), Once::Done(vec![1]));
    let refused = old.execute_once(&mark(1, 2), &insert(1)).expect_err("1 is there");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(old.execute_once(&mark(1, 2), &insert(2)).unwrap(), Once::Done(vec![1]));
    for number in [1, 2] {
        assert_eq!(new.execute_once(&mark(2, number), &insert(9)).unwrap(), Once::Before);
    }
    let fenced = old.execute_once(&mark(1, 3), &insert(4)).expect_err("epoch 1 is over");
    assert_eq!(new.execute_once(&mark(2, 3), &insert(3)).unwrap(), Once::Done(vec![1]));
    assert_eq!(fenced.to_string(), "epoch 1 is over: a node of epoch 2 is at work");
    let other = WriteMark { store: "U".into(), ..mark(1, 1) };
    assert_eq!(new.execute_once(&other, &insert(5)).unwrap(), Once::Done(vec![1]));
    let found = new.query(&statement("SELECT a FROM T ORDER BY a", [])).unwrap();
    assert_eq!(found.rows, [1, 2, 3, 5].map(|a| [Value::Long(a)]));
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

#[test]
fn the_wrong_number_of_values_is_the_callers_mistake() {
    let folder = TempDir::new().unwrap();
    let mut sql = open(&folder).sql().unwrap();
    let refused = sql.query(&statement("SELECT ?, ?", [Value::Int(1)]));
    assert!(matches!(refused, Err(StoreError::Statement { .. })), "{refused:?}");
}
