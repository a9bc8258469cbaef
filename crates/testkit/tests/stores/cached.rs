//! `@cache`: what is at hand is not asked for, and follows what the app writes.

use weir_datasource::RdbmsStores;
use weir_event::Value;

use crate::bed::{Run, beds, run};

fn app(url: &str, cache: &str) -> String {
    format!(
        "define stream Add (id int, note string);
         define stream Mark (id int, note string);
         define stream Put (id int, note string);
         define stream Drop (id int);
         define stream Ask (id int);
         define stream Which (note string);
         define stream Out (id int, note string);
         @store(type='rdbms', jdbc.url='{url}', @cache({cache})) @PrimaryKey('id')
         define table T (id int, note string);
         from Add insert into T;
         from Mark update T set T.note = note on T.id == id;
         from Put update or insert into T on T.id == id;
         from Drop delete T on T.id == id;
         from Ask join T on T.id == Ask.id select T.id as id, T.note as note insert into Out;
         from Which join T on T.note == Which.note
         select T.id as id, T.note as note insert into Out;
         from Ask[(T.id == id) in T] select id, 'is there' as note insert into Out;"
    )
}

fn start(url: &str, cache: &str) -> Run {
    Run::start(&app(url, cache), None, &RdbmsStores::plain())
}

fn told(run: &mut Run, stream: &str, row: &[Value]) -> Vec<String> {
    run.send(stream, &[row]);
    std::mem::take(&mut run.seen.0)
}

fn ask(run: &mut Run, id: i32) -> Vec<String> {
    told(run, "Ask", &[Value::Int(id)])
}

fn add(run: &mut Run, id: i32, note: &str) {
    assert!(told(run, "Add", &[Value::Int(id), Value::text(note)]).is_empty());
}

/// Goes on from its saved state in an app made anew.
fn again(before: &mut Run, url: &str, cache: &str) {
    let saved = before.app.save();
    let later_ms = before.later_ms;
    let mut next = start(url, cache);
    next.app.load(&saved).unwrap();
    next.later_ms = later_ms + 50;
    *before = next;
}

#[test]
fn a_table_that_fits_is_read_without_its_store_until_the_store_has_other_rows() {
    for bed in beds() {
        let cache = "size='10'";
        let mut app = start(&bed.url, cache);
        add(&mut app, 1, "one");
        add(&mut app, 2, "two");
        assert_eq!(ask(&mut app, 1), ["1, one", "1, is there"]);
        run(&bed.url, "UPDATE T SET note = 'theirs'");
        assert_eq!(ask(&mut app, 2), ["2, two", "2, is there"], "it is not asked");
        again(&mut app, &bed.url, cache);
        assert_eq!(told(&mut app, "Which", &[Value::text("one")]), ["1, one"], "nor after that");
        run(&bed.url, "INSERT INTO T (id, note) VALUES (3, 'theirs')");
        assert!(ask(&mut app, 3).is_empty());
        app.later_ms += 10_000;
        assert_eq!(ask(&mut app, 3), ["3, theirs", "3, is there"], "it was counted");
        assert_eq!(ask(&mut app, 1), ["1, theirs", "1, is there"], "and fetched again");
    }
}

#[test]
fn what_the_app_writes_is_in_the_store_and_at_hand() {
    for bed in beds() {
        for size in [10, 2] {
            run_all(&bed.url, &format!("size='{size}'"));
            run(&bed.url, "DELETE FROM T");
        }
    }
}

fn run_all(url: &str, cache: &str) {
    let mut app = start(url, cache);
    (1..=4).for_each(|id| add(&mut app, id, "first"));
    let text = |note: &str| Value::text(note);
    assert_eq!(ask(&mut app, 1), ["1, first", "1, is there"]);
    assert!(told(&mut app, "Mark", &[Value::Int(1), text("second")]).is_empty());
    assert!(told(&mut app, "Drop", &[Value::Int(2)]).is_empty());
    assert!(told(&mut app, "Put", &[Value::Int(3), text("third")]).is_empty());
    assert!(told(&mut app, "Put", &[Value::Int(5), text("fifth")]).is_empty());
    again(&mut app, url, cache);
    let expected: [&[&str]; 5] = [
        &["1, second", "1, is there"],
        &[],
        &["3, third", "3, is there"],
        &["4, first", "4, is there"],
        &["5, fifth", "5, is there"],
    ];
    for _ in 0..2 {
        for (id, expected) in (1..).zip(expected) {
            assert_eq!(ask(&mut app, id), expected, "{cache} {id} {url}");
        }
    }
    assert_eq!(told(&mut app, "Which", &[text("first")]), ["4, first"], "{cache} {url}");
    assert_eq!(crate::bed::rows(url, "SELECT id FROM T ORDER BY id"), ["1", "3", "4", "5"]);
}

/// Whether the row is at hand: then it does not show what others wrote.
fn is_at_hand(app: &mut Run, url: &str, id: i32) -> bool {
    run(url, "UPDATE T SET note = 'theirs'");
    ask(app, id)[0].ends_with("ours")
}

#[test]
fn of_too_many_rows_the_policy_says_which_goes() {
    for bed in beds() {
        for (policy, kept) in [("FIFO", [2, 3]), ("LRU", [1, 3]), ("LFU", [1, 3])] {
            let cache = format!("size='2', cache.policy='{policy}'");
            let mut app = start(&bed.url, &cache);
            run(&bed.url, "DELETE FROM T");
            (1..=4).for_each(|id| add(&mut app, id, "ours"));
            // The store has more rows than fit: the first question fetches some of them.
            app.later_ms += 10_000;
            for id in [1, 2, 1, 1, 2, 1] {
                ask(&mut app, id);
            }
            again(&mut app, &bed.url, &cache);
            ask(&mut app, 3);
            let mut held = Vec::new();
            // A question about a row that is not at hand changes what is: each is asked in an app
            // of its own.
            let saved = app.app.save();
            for id in 1..=4 {
                let mut probe = start(&bed.url, &cache);
                probe.app.load(&saved).unwrap();
                probe.later_ms = app.later_ms + 60;
                held.extend(is_at_hand(&mut probe, &bed.url, id).then_some(id));
            }
            assert_eq!(held, kept, "{policy} {}", bed.url);
        }
    }
}

#[test]
fn rows_are_fetched_again_when_they_were_kept_long_enough() {
    for bed in beds() {
        let cache = "size='10', retention.period='5 sec', purge.interval='1 sec'";
        let mut app = start(&bed.url, cache);
        add(&mut app, 1, "ours");
        assert_eq!(ask(&mut app, 1), ["1, ours", "1, is there"]);
        run(&bed.url, "UPDATE T SET note = 'theirs'");
        app.later_ms += 3_000;
        assert_eq!(ask(&mut app, 1), ["1, ours", "1, is there"]);
        app.later_ms += 3_000;
        assert_eq!(ask(&mut app, 1), ["1, theirs", "1, is there"]);
    }
}
