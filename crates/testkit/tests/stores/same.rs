//! The same events give the same answers as with a table in memory.

use weir_datasource::RdbmsStores;
use weir_event::Value;

use crate::bed::{Run, beds};

fn text(text: &str) -> Value {
    Value::text(text)
}

/// Runs `body` with the table in memory and in each database; all must have seen the same.
fn same(app: &str, body: impl Fn(&mut Run) -> Vec<String>) -> Vec<String> {
    let stores = RdbmsStores::plain();
    let mut run = Run::start(app, None, &stores);
    let asked = body(&mut run);
    let told = [run.seen.0, asked].concat();
    for bed in beds() {
        let mut run = Run::start(app, Some(&bed.url), &stores);
        let asked = body(&mut run);
        assert_eq!([run.seen.0, asked].concat(), told, "{}", bed.url);
    }
    told
}

#[test]
fn rows_are_added_joined_and_looked_for() {
    let app = "
        define stream Add (id string, n int, price double);
        define stream Ask (id string, least int);
        define stream Out (id string, n int, price double);
        STORE define table T (id string, n int, price double);
        from Add insert into T;
        from Ask[T.id == id in T] select id, least as n, 0.0 as price insert into Out;
        from Ask join T on T.id == Ask.id and T.n >= Ask.least
        select T.id as id, T.n as n, T.price as price insert into Out;";
    let told = same(app, |run| {
        run.send("Ask", &[&[text("a"), Value::Int(0)]]);
        let (a, b) = (
            [text("a"), Value::Int(1), Value::Double(0.1)],
            [text("b"), Value::Int(2), Value::Null],
        );
        run.send("Add", &[&a, &b, &[text("a"), Value::Int(3), Value::Double(2.5)]]);
        run.send("Ask", &[&[text("a"), Value::Int(2)], &[text("b"), Value::Int(2)]]);
        run.send("Ask", &[&[text("c"), Value::Int(0)], &[Value::Null, Value::Int(0)]]);
        run.ask("from T select id, n, price")
    });
    assert_eq!(
        told,
        [
            "a, 2, 0.0",
            "b, 2, 0.0",
            "a, 3, 2.5",
            "b, 2, null",
            "a, 1, 0.1",
            "a, 3, 2.5",
            "b, 2, null"
        ]
    );
}

#[test]
fn a_join_without_a_condition_and_outer_joins_see_all_rows() {
    let app = "
        define stream Add (id int);
        define stream Ask (id int);
        define stream Out (a int, b int);
        STORE define table T (id int);
        from Add insert into T;
        from Ask join T select Ask.id as a, T.id as b insert into Out;
        from Ask left outer join T on T.id == Ask.id
        select Ask.id as a, T.id as b insert into Out;";
    let told = same(app, |run| {
        run.send("Ask", &[&[Value::Int(1)]]);
        run.send("Add", &[&[Value::Int(1)]]);
        run.send("Ask", &[&[Value::Int(1)], &[Value::Int(2)]]);
        Vec::new()
    });
    assert_eq!(told, ["1, null", "1, 1", "2, 1", "1, 1", "2, null"]);
}

#[test]
fn rows_are_changed_by_what_they_hold() {
    let app = "
        define stream Pay (id string, amount long);
        define stream Drop (least long);
        STORE @PrimaryKey('id') define table T (id string, total long, count int);
        from Pay select id, amount as total, 1 as count
        update or insert into T set T.total = T.total + total, T.count = T.count + 1
        on T.id == id and T.total >= 0L;
        from Drop delete T on T.total - 1L < least and not (T.id == 'kept');
        from Drop select least update T set T.total = T.total * 2L on T.count > 1;";
    let told = same(app, |run| {
        let pay = |id: &str, amount: i64| [text(id), Value::Long(amount)];
        run.send("Pay", &[&pay("a", 5), &pay("b", 7), &pay("a", 6), &pay("kept", 0)]);
        run.send("Pay", &[&pay("a", 1)]);
        let mut seen = run.ask("from T select id, total, count");
        run.send("Drop", &[&[Value::Long(8)]]);
        seen.extend(run.ask("from T select id, total, count"));
        seen
    });
    assert_eq!(told, ["a, 12, 3", "b, 7, 1", "kept, 0, 1", "a, 24, 3", "kept, 0, 1"]);
}

#[test]
fn on_demand_queries_ask_and_change_the_store() {
    let app = "
        define stream Add (id int, name string);
        STORE define table T (id int, name string);
        from Add insert into T;";
    let told = same(app, |run| {
        run.send("Add", &[&[Value::Int(1), text("x")], &[Value::Int(2), text("y")]]);
        let mut seen = run.ask("select 3 as id, 'z' as name insert into T");
        seen.extend(
            run.ask("select 2 as id, 'w' as name update T set T.name = name on T.id == id"),
        );
        seen.extend(run.ask("delete T on T.id == 1"));
        seen.extend(run.ask("select 9 as id, 'n' as name update or insert into T on T.id == id"));
        seen.extend(run.ask("from T on id > 2 select name"));
        seen.extend(run.ask("from T select count() as n, max(id) as id"));
        seen
    });
    assert_eq!(told, ["n", "z", "3, 9"]);
}

#[test]
fn every_type_comes_back_as_it_went() {
    let app = "
        define stream Add (a string, b int, c long, d float, e double, f bool, g object);
        define stream Ask (b int);
        define stream Out (a string, b int, c long, d float, e double, f bool, g object);
        STORE define table T (a string, b int, c long, d float, e double, f bool, g object);
        from Add insert into T;
        from Ask join T on T.b == Ask.b and T.f
        select T.a as a, T.b as b, T.c as c, T.d as d, T.e as e, T.f as f, T.g as g
        insert into Out;
        from Ask join T on T.a is null and T.c is null and not (T.f)
        select T.a as a, T.b as b, T.c as c, T.d as d, T.e as e, T.f as f, T.g as g
        insert into Out;";
    let told = same(app, |run| {
        let list = Value::object(weir_event::Object::List(vec![Value::Int(1), text("x")]));
        run.send(
            "Add",
            &[&[
                text("it's \"\u{1f600}\" \\ ?"),
                Value::Int(i32::MIN),
                Value::Long(i64::MAX),
                Value::Float(0.1),
                Value::Double(1e-9),
                Value::Bool(true),
                list,
            ]],
        );
        let null = Value::Null;
        let rest = [null.clone(), null.clone(), null.clone(), Value::Bool(false), null.clone()];
        run.send("Add", &[&[&[null.clone(), Value::Int(i32::MIN)][..], &rest].concat()]);
        run.send("Ask", &[&[Value::Int(i32::MIN)]]);
        Vec::new()
    });
    assert_eq!(told.len(), 2);
    assert!(
        told[0].contains(
            "it's \"\u{1f600}\" \\ ?, -2147483648, 9223372036854775807, 0.1, 1.0E-9, true"
        )
    );
    assert_eq!(told[1], "null, -2147483648, null, null, null, false, null");
}

#[test]
fn many_rows_of_one_chunk_are_added_in_order() {
    let app = "
        define stream Add (id int);
        STORE define table T (id int);
        from Add insert into T;";
    let told = same(app, |run| {
        let rows: Vec<[Value; 1]> = (0..237).map(|id| [Value::Int(id)]).collect();
        let rows: Vec<&[Value]> = rows.iter().map(|row| &row[..]).collect();
        run.send("Add", &rows);
        run.ask("from T select count() as n, sum(id) as total")
    });
    assert_eq!(told, ["237, 27966"]);
}
