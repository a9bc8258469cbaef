//! Statements of the user's own tables.

use weir_datasource::{Dialect, Once, Rows, StoreError, WriteMark};
use weir_event::{Epoch, Object, OutputNo, Value};

use crate::bed::{Bed, on_every_database, spelled, statement};

fn values_come_back_as_the_database_holds_them(bed: &Bed) {
    let mut sql = bed.sql();
    let table = "CREATE TABLE T (a INTEGER, b BOOLEAN, c INTEGER, d BIGINT, e DOUBLE, f TEXT, \
                 g BLOB, h REAL)";
    sql.execute(&statement(&spelled(sql.dialect(), table), [])).unwrap();
    let bytes = Value::object(Object::Bytes(vec![0, 255]));
    let row = [
        Value::Null,
        Value::Bool(true),
        Value::Int(-5),
        Value::Long(i64::MAX),
        Value::Double(0.1),
        Value::text("gr\u{fc}n \u{1f600} \\ ' \" ? $1"),
        bytes.clone(),
        Value::Float(0.5),
    ];
    let insert = statement("INSERT INTO T VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row.clone());
    assert_eq!(sql.execute(&insert).unwrap(), 1);
    let Rows { columns, rows } = sql.query(&statement("SELECT * FROM T", [])).unwrap();
    assert_eq!(columns, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    let truth = match sql.dialect() {
        Dialect::Sqlite | Dialect::Mysql => Value::Long(1),
        Dialect::Postgres => Value::Bool(true),
    };
    let mut expected = row;
    expected[1] = truth;
    expected[2] = Value::Long(-5);
    expected[7] = Value::Double(0.5);
    assert_eq!(rows, [expected]);
    let list = Value::object(Object::List(vec![]));
    let refused = sql.execute(&statement("INSERT INTO T (a) VALUES (?)", [list]));
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
}

fn numbers_are_compared_and_computed_across_their_types(bed: &Bed) {
    let mut sql = bed.sql();
    let table = "CREATE TABLE T (a INTEGER, b DOUBLE, c DECIMAL(20, 2))";
    sql.execute(&statement(&spelled(sql.dialect(), table), [])).unwrap();
    let values = [Value::Long(7), Value::Int(2), Value::Double(1.25)];
    sql.execute(&statement("INSERT INTO T VALUES (?, ?, ?)", values)).unwrap();
    for (condition, value) in [
        ("a > ?", Value::Double(6.5)),
        ("a = ?", Value::Long(7)),
        ("b >= ?", Value::Int(2)),
        ("c = ?", Value::Double(1.25)),
        ("c < ?", Value::Long(2)),
    ] {
        let text = format!("SELECT count(*) FROM T WHERE {condition}");
        let found = sql.query(&statement(&text, [value])).unwrap();
        assert_eq!(found.rows, [[Value::Long(1)]], "{condition}");
    }
    assert_eq!(bed.one("SELECT sum(a) FROM T"), Value::Long(7));
    assert_eq!(bed.one("SELECT avg(b) FROM T"), Value::Double(2.0));
    assert_eq!(bed.one("SELECT c FROM T"), Value::Double(1.25));
}

fn an_update_counts_the_rows_it_meets(bed: &Bed) {
    let mut sql = bed.sql();
    sql.execute(&statement("CREATE TABLE T (a INTEGER)", [])).unwrap();
    let insert = statement("INSERT INTO T VALUES (1), (2), (3)", []);
    assert_eq!(sql.execute(&insert).unwrap(), 3);
    let same = statement("UPDATE T SET a = a WHERE a > ?", [Value::Int(1)]);
    assert_eq!(sql.execute(&same).unwrap(), 2, "whether they change or not");
}

fn a_statement_goes_on_working_when_its_table_was_made_anew(bed: &Bed) {
    let mut sql = bed.sql();
    let find = statement("SELECT * FROM T", []);
    for (columns, values) in [("a", "1"), ("b, a", "1, 2"), ("c", "1")] {
        let typed = columns.replace(',', " INTEGER,") + " INTEGER";
        bed.run(&format!("CREATE TABLE T ({typed})"));
        bed.run(&format!("INSERT INTO T VALUES ({values})"));
        let found = (0..2).find_map(|_| sql.query(&find).ok()).unwrap();
        assert_eq!(found.columns.join(", "), columns);
        bed.run("DROP TABLE T");
    }
}

fn statements_of_one_transaction_are_all_done_or_none(bed: &Bed) {
    let mut sql = bed.sql();
    sql.execute(&statement("CREATE TABLE T (a INTEGER PRIMARY KEY)", [])).unwrap();
    let insert = |a: i32| statement("INSERT INTO T VALUES (?)", [Value::Int(a)]);
    assert_eq!(sql.execute_all(&[insert(1), insert(2)]).unwrap(), [1, 1]);
    let refused = sql.execute_all(&[insert(3), insert(1)]).expect_err("1 is there");
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    let wrong = statement("INSERT INTO NOT_THERE VALUES (1)", []);
    let refused = sql.execute_all(&[insert(4), wrong]).expect_err("no such table");
    let expected = "could not run `INSERT INTO NOT_THERE VALUES (1)`: ";
    assert!(refused.to_string().starts_with(expected), "{refused}");
    let count = sql.query(&statement("SELECT count(*) FROM T", [])).unwrap();
    assert_eq!(count.rows, [[Value::Long(2)]]);
}

fn a_numbered_write_is_done_once_and_not_by_an_epoch_that_is_over(bed: &Bed) {
    let database = bed.database();
    let [mut old, mut new] = [database.sql().unwrap(), database.sql().unwrap()];
    old.execute(&statement("CREATE TABLE T (a INTEGER PRIMARY KEY)", [])).unwrap();
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

fn the_wrong_number_of_values_is_the_callers_mistake(bed: &Bed) {
    let mut sql = bed.sql();
    let refused = sql.query(&statement("SELECT ?, ?", [Value::Int(1)]));
    assert!(matches!(refused, Err(StoreError::Statement { .. })), "{refused:?}");
}

on_every_database! {
    values_come_back_as_the_database_holds_them,
    numbers_are_compared_and_computed_across_their_types,
    an_update_counts_the_rows_it_meets,
    a_statement_goes_on_working_when_its_table_was_made_anew,
    statements_of_one_transaction_are_all_done_or_none,
    a_numbered_write_is_done_once_and_not_by_an_epoch_that_is_over,
    the_wrong_number_of_values_is_the_callers_mistake,
}
