//! An app says how much it holds, and what it is that holds the most.

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, Epoch, Seq, Value};

struct Nobody;

impl Outputs for Nobody {
    fn rows(&mut self, _tap: TapId, _emitted: &Emitted<'_>) {}

    fn note(&mut self, _level: Level, _text: &str) {}
}

/// Each row is the only one of its group: its sum and largest are its own value.
#[derive(Default)]
struct Alone {
    rows: usize,
}

impl Outputs for Alone {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        for row in emitted.range() {
            let row = emitted.batch.row(row);
            assert_eq!(row[1], Value::Long(row[4].as_i64().unwrap_or(-1)), "{row:?}");
            assert_eq!((&row[2], &row[3]), (&row[4], &Value::Long(1)), "{row:?}");
            self.rows += 1;
        }
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

fn head(seq: u64, time: i64, end: u32) -> EntryHead {
    EntryHead { seq: Seq(seq), epoch: Epoch(1), time, end }
}

fn fed(body: &str, rows: u32) -> App {
    let text = format!("define stream S (k string, v int); {body}");
    let mut app = App::create(&text, &Options::named("test")).expect("a right app");
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
fn patterns_tables_groups_keys_processors_and_aggregations_count_too() {
    for body in [
        "from every a=S[v >= 0] -> b=S[v == -1] select a.k as k insert into Out;",
        "@PrimaryKey('k') define table T (k string, v int); from S select k, v insert into T;",
        "from S select k, sum(v) as s group by k insert into Out;",
        "partition with (k of S) begin from S select k, v insert into Out; end;",
        "define aggregation A from S select k, sum(v) as s group by k aggregate every sec...year;",
        "from S#unique:deduplicate(k, 1 hour) select k insert into Out;",
    ] {
        let held = fed(body, 10_000).held();
        assert!(held.bytes > 500_000, "{body}: {held:?}");
        assert!(held.most_bytes > held.bytes / 2, "{body}: {held:?}");
    }
}

#[test]
fn groups_that_nobody_needs_any_more_go() {
    let text = "define stream S (k string, v int); from S#window.length(10) select k, sum(v) as s, \
                max(v) as m, count() as c, v group by k insert into Out;";
    let mut app = App::create(text, &Options::named("test")).expect("a right app");
    let (out, mut alone) = (app.stream("Out").expect("it is inserted into"), Alone::default());
    app.listen(out);
    let stream = app.stream("S").expect("it is defined");
    for turn in 0..200 {
        let mut builder = BatchBuilder::new(app.schema(stream));
        for row in 0..500 {
            // Some keys come again long after they have left.
            let key = format!("{} {row}", turn % 150);
            builder.push_row(turn, [Value::text(key), Value::Int(row)]);
        }
        let entry = head(turn as u64 + 1, turn, 500);
        app.apply(stream, &builder.finish(), &[entry], &mut alone);
    }
    assert_eq!(alone.rows, 100_000);
    // Tens of thousands of keys came, ten of which are in the window.
    assert!(app.held().bytes < 2_000_000, "{:?}", app.held());
}
