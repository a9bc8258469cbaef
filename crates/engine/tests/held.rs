//! An app says how much it holds, and what it is that holds the most.

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, Epoch, Seq, Value};

struct Nobody;

impl Outputs for Nobody {
    fn rows(&mut self, _tap: TapId, _emitted: &Emitted<'_>) {}

    fn note(&mut self, _level: Level, _text: &str) {}
}

fn head(seq: u64, time: i64, end: u32) -> EntryHead {
    EntryHead { seq: Seq(seq), epoch: Epoch(1), time, end }
}

fn fed(body: &str, rows: u32) -> App {
    let text = format!("define stream S (k string, v int); {body}");
    let mut app = App::create(&text, &Options { name: "test".into() }).expect("a right app");
    let stream = app.stream("S").expect("it is defined");
    let mut builder = BatchBuilder::new(app.schema(stream));
    for row in 0..rows {
        let key = format!("a key of more than fifteen bytes, number {row}");
        builder.push_row(1_000, [Value::text(key), Value::Int(row as i32)]);
    }
    app.apply(stream, &builder.finish(), &[head(1, 1_000, rows)], &mut Nobody);
    app
}

#[test]
fn a_window_without_end_is_named_with_what_it_holds() {
    let mut app =
        fed("from S#window.time(10 years) select k, v insert all events into Out;", 20_000);
    let held = app.held();
    assert!((1_000_000..2_000_000).contains(&held.bytes), "{held:?}");
    assert_eq!(app.too_much(10_000_000), None);
    let said = app.too_much(1_000_000).expect("it holds more than that");
    assert!(said.contains("app `test` holds 2 MiB of state and may hold 1 MiB"), "{said}");
    assert!(said.contains("hint: bound it in the app"), "{said}");
    let later = 1_000 + 11 * 365 * 24 * 3_600_000;
    app.tick(head(2, later, 0), &mut Nobody);
    app.tick(head(3, later + 1, 0), &mut Nobody);
    assert_eq!(app.too_much(1_000_000), None, "what left is not held");
}

#[test]
fn patterns_tables_groups_and_keys_count_too() {
    for body in [
        "from every a=S[v >= 0] -> b=S[v == -1] select a.k as k insert into Out;",
        "@PrimaryKey('k') define table T (k string, v int); from S select k, v insert into T;",
        "from S select k, sum(v) as s group by k insert into Out;",
        "partition with (k of S) begin from S select k, v insert into Out; end;",
    ] {
        let held = fed(body, 10_000).held();
        assert!(held.bytes > 500_000, "{body}: {held:?}");
        assert!(held.most_bytes > held.bytes / 2, "{body}: {held:?}");
    }
}
