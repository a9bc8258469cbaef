//! Three ways to feed the same entries give the same outputs: one by one, many at a time, and cut
//! anywhere with the state saved, loaded into a new app, and gone on with.

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{Batch, BatchBuilder, Epoch, OutputNo, Seq, Value};

const STREAM: &str = "define stream S (k string, v int, p double, ts long);";

/// Apps over `S`, each inserting into `Out`; those with `playback` take time from the events.
/// One app after the other, with an empty line between.
const APPS: &str = include_str!("invisible.siddhi");

fn apps() -> Vec<&'static str> {
    APPS.split("\n\n").map(str::trim).collect()
}

/// The app that has this in its text.
fn app_with(part: &str) -> &'static str {
    apps().into_iter().find(|body| body.contains(part)).expect("there is such an app")
}

/// A small generator, so that each run is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Default)]
struct Rows {
    seen: Vec<(u64, i64, Vec<Value>)>,
}

impl Outputs for Rows {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        for (row, no) in emitted.range().zip(emitted.first.0..) {
            self.seen.push((no, emitted.batch.timestamps[row], emitted.batch.row(row)));
        }
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

struct Entry {
    batch: Batch,
    time: i64,
}

fn app(body: &str, playback: bool) -> App {
    let start = if playback { "@app:playback " } else { "" };
    let text = format!("{start}{STREAM} {body}");
    let mut app =
        App::create(&text, &Options::named("test")).expect("the reference takes this app too");
    let out = app.stream("Out").expect("every app inserts into Out");
    app.listen(out);
    app
}

fn entries(seed: u64, count: usize) -> Vec<Entry> {
    let schema = app("from S select * insert into Out;", false);
    let schema = schema.schema(schema.stream("S").expect("every app reads S")).clone();
    let mut dice = Dice(seed);
    let mut time = 1_000;
    (0..count)
        .map(|_| {
            let mut builder = BatchBuilder::new(&schema);
            let rows = if dice.roll(3) == 0 { dice.roll(4) + 1 } else { 1 };
            for _ in 0..rows {
                time += dice.roll(3) as i64;
                if dice.roll(25) == 0 {
                    time += 300;
                }
                let k = Value::text(["a", "b", "c"][dice.roll(3) as usize]);
                let v = Value::Int(dice.roll(9) as i32);
                let p = Value::Double(dice.roll(10) as f64);
                builder.push_row(time, [k, v, p, Value::Long(time)]);
            }
            Entry { batch: builder.finish(), time }
        })
        .collect()
}

fn head(at: usize, time: i64, end: usize) -> EntryHead {
    EntryHead { seq: Seq(at as u64 + 1), epoch: Epoch(1), time, end: end as u32 }
}

fn started(body: &str, playback: bool) -> (App, Rows) {
    let (mut app, mut rows) = (app(body, playback), Rows::default());
    app.start(head(0, 900, 0), &mut rows);
    (app, rows)
}

fn feed(app: &mut App, entries: &[Entry], from: usize, rows: &mut Rows) {
    let stream = app.stream("S").expect("every app reads S");
    for (at, entry) in entries.iter().enumerate() {
        app.apply(stream, &entry.batch, &[head(from + at, entry.time, entry.batch.len())], rows);
    }
}

fn one_by_one(body: &str, playback: bool, entries: &[Entry]) -> Rows {
    let (mut app, mut rows) = started(body, playback);
    feed(&mut app, entries, 0, &mut rows);
    rows
}

fn all_at_once(body: &str, playback: bool, entries: &[Entry]) -> Rows {
    let (mut app, mut rows) = started(body, playback);
    let stream = app.stream("S").expect("every app reads S");
    let mut builder = BatchBuilder::new(app.schema(stream));
    let mut heads = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        builder.extend(&entry.batch);
        heads.push(head(at, entry.time, builder.len()));
    }
    app.apply(stream, &builder.finish(), &heads, &mut rows);
    rows
}

fn cut_at(body: &str, playback: bool, entries: &[Entry], cut: usize) -> Rows {
    let (mut first, mut rows) = started(body, playback);
    feed(&mut first, &entries[..cut], 0, &mut rows);
    let state = first.save();
    let mut second = app(body, playback);
    second.load(&state).expect("a saved state loads");
    assert_eq!(second.save(), state, "{body}: loading and saving again changes the state");
    feed(&mut second, &entries[cut..], cut, &mut rows);
    rows
}

#[test]
fn every_app_puts_something_out() {
    let entries = entries(1, 60);
    for body in apps() {
        assert!(!one_by_one(body, true, &entries).seen.is_empty(), "nothing from {body}");
    }
}

#[test]
fn many_entries_at_a_time_say_what_one_at_a_time_says() {
    for seed in 0..20 {
        let entries = entries(seed, 60);
        for (body, playback) in apps().into_iter().flat_map(|body| [(body, false), (body, true)]) {
            let (one, all) =
                (one_by_one(body, playback, &entries), all_at_once(body, playback, &entries));
            assert_eq!(one.seen, all.seen, "seed {seed}, playback {playback}: {body}");
        }
    }
}

#[test]
fn a_restart_anywhere_is_invisible() {
    for seed in 0..4 {
        let entries = entries(seed, 40);
        for (body, playback) in apps().into_iter().flat_map(|body| [(body, false), (body, true)]) {
            let whole = one_by_one(body, playback, &entries);
            for cut in 0..=entries.len() {
                let parts = cut_at(body, playback, &entries, cut);
                assert_eq!(
                    whole.seen, parts.seen,
                    "seed {seed}, cut {cut}, playback {playback}: {body}"
                );
            }
        }
    }
}

#[test]
fn outputs_are_numbered_without_a_gap_from_one() {
    let rows = one_by_one(apps()[0], false, &entries(3, 30));
    let numbers: Vec<u64> = rows.seen.iter().map(|(no, _, _)| *no).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(OutputNo(1).0, numbers[0]);
}

#[test]
fn a_state_of_another_text_or_a_damaged_one_is_refused() {
    let (app_a, _) = started(app_with("avg(p) as a"), false);
    let mut app_b = app(app_with("partition with (k of S) begin from S#window"), false);
    assert!(app_b.load(&app_a.save()).is_err());
    let bytes = app_a.save();
    for len in 0..bytes.len() {
        assert!(app(app_with("avg(p) as a"), false).load(&bytes[..len]).is_err(), "cut at {len}");
    }
}
