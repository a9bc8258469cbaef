//! What is written outlives the app, is seen by others, and is written once.

use weir_datasource::{Login, NamedDatabase, RdbmsStores, WritingEpoch};
use weir_event::{Epoch, Value};

use crate::bed::{Run, beds, rows, run};

const APP: &str = "
    define stream Add (id int);
    define stream Ask (id int);
    define stream Out (id int, note string);
    STORE @Index('id') define table T (id int, note string);
    from Add select id, 'ours' as note insert into T;
    from Ask join T on T.id == Ask.id select T.id as id, T.note as note insert into Out;";

#[test]
fn rows_of_others_are_seen_at_once_and_ours_outlive_the_app() {
    for bed in beds() {
        let stores = RdbmsStores::plain();
        let mut first = Run::start(APP, Some(&bed.url), &stores);
        run(&bed.url, "INSERT INTO T (id, note) VALUES (1, 'theirs')");
        first.send("Add", &[&[Value::Int(1)]]);
        first.send("Ask", &[&[Value::Int(1)]]);
        let mut seen = std::mem::take(&mut first.seen.0);
        seen.sort();
        assert_eq!(seen, ["1, ours", "1, theirs"], "{}", bed.url);
        drop(first);
        let mut second = Run::start(APP, Some(&bed.url), &stores);
        run(&bed.url, "DELETE FROM T WHERE note = 'theirs'");
        second.send("Ask", &[&[Value::Int(1)]]);
        assert_eq!(second.seen.0, ["1, ours"], "{}", bed.url);
    }
}

#[test]
fn a_replay_writes_nothing_twice_and_an_old_epoch_nothing_at_all() {
    for bed in beds() {
        let (old, new) = (WritingEpoch::default(), WritingEpoch::default());
        old.set(Epoch(1));
        new.set(Epoch(2));
        let start = |epoch: &WritingEpoch| {
            Run::start(APP, Some(&bed.url), &RdbmsStores::once("group", epoch.clone()))
        };
        let mut first = start(&old);
        first.send("Add", &[&[Value::Int(1)], &[Value::Int(2)]]);
        let saved = first.app.save();
        first.send("Add", &[&[Value::Int(3)]]);
        // The other node takes over from the snapshot and replays what came after it.
        let mut second = start(&new);
        second.app.load(&saved).unwrap();
        second.send("Add", &[&[Value::Int(3)]]);
        second.send("Add", &[&[Value::Int(4)]]);
        assert_eq!(rows(&bed.url, "SELECT id FROM T ORDER BY id"), ["1", "2", "3", "4"]);
        first.send("Add", &[&[Value::Int(5)]]);
        let fenced = first.seen.0.join("\n");
        assert!(fenced.contains("epoch 1 is over: a node of epoch 2 is at work"), "{fenced}");
        assert_eq!(rows(&bed.url, "SELECT count(*) FROM T"), ["4"], "{}", bed.url);
    }
}

#[test]
fn an_app_may_name_a_database_of_the_configuration_and_a_table_of_its_own() {
    for bed in beds() {
        let database = NamedDatabase { url: bed.url.clone(), login: Login::default() };
        let stores = RdbmsStores::plain().with("SHOP", database);
        let text = "
            define stream Add (id int, note string);
            @store(type='RDBMS', datasource='SHOP', table.name='theirs', field.length='note:9')
            @PrimaryKey('id') @Index('note', 'id')
            define table T (id int, note string);
            from Add insert into T;";
        let mut first = Run::start(text, None, &stores);
        first.send("Add", &[&[Value::Int(1), Value::text("a")]]);
        first.send("Add", &[&[Value::Int(1), Value::text("b")]]);
        assert!(
            first.seen.0.len() == 1 && first.seen.0[0].contains("forbids it"),
            "{:?}",
            first.seen.0
        );
        assert_eq!(rows(&bed.url, "SELECT id, note FROM theirs"), ["1, a"], "{}", bed.url);
        first.send("Add", &[&[Value::Null, Value::text("b")]]);
        assert!(first.seen.0[1].contains("`id` is null, which the store of `T` does not take"));
    }
}
