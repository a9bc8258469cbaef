//! What the original does not do, or does by halves, and Weir does as the app asks
//! (docs/differences.md); and what operators of the server may do to an app.

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, Epoch, Seq, Value};

#[derive(Default)]
struct Seen {
    rows: Vec<String>,
    notes: Vec<String>,
}

impl Outputs for Seen {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        for row in emitted.range() {
            let values: Vec<String> = emitted.batch.row(row).iter().map(Value::to_string).collect();
            self.rows.push(values.join(" "));
        }
    }

    fn note(&mut self, _level: Level, text: &str) {
        self.notes.push(text.to_owned());
    }
}

/// An app with a listener on `Out`, fed one event an entry.
struct Fed {
    app: App,
    seen: Seen,
    seq: u64,
}

fn head(seq: u64, time: i64) -> EntryHead {
    EntryHead { seq: Seq(seq), epoch: Epoch(1), time, end: 1 }
}

impl Fed {
    fn new(text: &str) -> Self {
        let mut app = App::create(text, &Options::named("test")).expect("the app is right");
        let out = app.stream("Out").expect("every app has a stream Out");
        app.listen(out);
        let mut fed = Self { app, seen: Seen::default(), seq: 1 };
        fed.app.start(head(1, 0), &mut fed.seen);
        fed
    }

    fn send(&mut self, stream: &str, time: i64, row: impl IntoIterator<Item = Value>) -> &mut Self {
        let stream = self.app.stream(stream).expect("the stream is there");
        let mut builder = BatchBuilder::new(self.app.schema(stream));
        builder.push_row(time, row);
        self.seq += 1;
        self.app.apply(stream, &builder.finish(), &[head(self.seq, time)], &mut self.seen);
        self
    }

    fn ask(&mut self, text: &str) -> Vec<String> {
        let rows = self.app.query(text, head(self.seq, 0)).expect("the query is right").rows;
        rows.iter()
            .map(|row| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn restart(&mut self, text: &str) {
        let state = self.app.save();
        let mut other = Self::new(text);
        other.app.load(&state).expect("the state is one of this app");
        self.app = other.app;
    }
}

fn kv(key: &str, number: i32) -> [Value; 2] {
    [key.into(), number.into()]
}

const STORED: &str = "@OnError(action='STORE') define stream S (k string, t long);
    from S#window.externalTime(t, 1 sec) select k, t insert into Out;";

#[test]
fn events_that_failed_wait_in_the_error_store_over_a_restart() {
    let mut fed = Fed::new(STORED);
    fed.send("S", 5, ["a".into(), Value::Long(1)]);
    fed.send("S", 6, ["b".into(), Value::Null]);
    fed.restart(STORED);
    let errors: Vec<_> = fed.app.stored_errors().cloned().collect();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].id, errors[0].time), (1, 6));
    assert_eq!(errors[0].class, "java.lang.NullPointerException");
    assert_eq!(errors[0].events.row(0), [Value::from("b"), Value::Null]);
    // What fails again is stored again, under a new number.
    assert!(fed.app.replay_stored(1, head(9, 7), &mut fed.seen));
    assert!(!fed.app.replay_stored(1, head(10, 7), &mut fed.seen));
    assert_eq!(fed.app.stored_errors().map(|it| it.id).collect::<Vec<_>>(), [2]);
    assert!(fed.app.discard_stored(2));
    assert_eq!(fed.app.stored_errors().len(), 0);
    assert_eq!(fed.seen.rows, ["a 1"]);
}

#[test]
fn a_full_error_store_says_so_and_keeps_what_it_has() {
    let mut fed = Fed::new(STORED);
    for _ in 0..=weir_engine::STORED_EVENTS_MAX {
        fed.send("S", 6, ["b".into(), Value::Null]);
    }
    assert_eq!(fed.app.stored_errors().len(), weir_engine::STORED_EVENTS_MAX);
    let last = fed.seen.notes.last().expect("it was noted");
    assert!(last.contains("hint: replay or discard stored errors"), "{last}");
}

#[test]
fn what_a_window_cannot_take_goes_to_the_fault_stream_and_to_no_later_query() {
    let mut fed = Fed::new(
        "@OnError(action='STREAM') define stream S (k string, t long);
         define stream Out (k string);
         from S#window.externalTime(t, 1 sec) select k insert into Out;
         from S select convert(t, 'string') as k insert into Out;
         from !S select k insert into Out;",
    );
    fed.send("S", 5, ["a".into(), Value::Long(1)]);
    fed.send("S", 6, ["b".into(), Value::Null]);
    assert_eq!(fed.seen.rows, ["a", "1", "b"]);
}

const ALLOWED: &str = "define stream S (k string, v int); define stream A (k string);
    define stream D (k string); define stream Out (k string);
    define table T (k string, v int); define table Allowed (k string);
    from A select k insert into Allowed;
    from S[v < 10] select k, v insert into T;
    from S[v >= 10] select k, v update T set T.v = v
        on T.k == k and ((Allowed.k == T.k) in Allowed);
    from D delete T on T.k == k and not((k == Allowed.k) in Allowed);";

#[test]
fn a_change_of_a_table_may_ask_what_is_in_another() {
    let mut fed = Fed::new(ALLOWED);
    fed.send("A", 1, ["a".into()]);
    fed.send("S", 2, kv("a", 1)).send("S", 3, kv("b", 2));
    fed.send("S", 4, kv("a", 11)).send("S", 5, kv("b", 12));
    assert_eq!(fed.ask("from T select k, v"), ["a 11", "b 2"]);
    fed.send("D", 6, ["a".into()]).send("D", 7, ["b".into()]);
    assert_eq!(fed.ask("from T select k, v"), ["a 11"]);
}

#[test]
fn a_change_that_would_give_two_rows_one_key_changes_nothing() {
    let mut fed = Fed::new(
        "define stream S (k string, v int); define stream U (k string, v int);
         define stream Out (k string);
         @PrimaryKey('v') define table T (k string, v int);
         from S insert into T;
         from U update T on T.v <= v;",
    );
    fed.send("S", 1, kv("a", 2)).send("S", 2, kv("b", 1)).send("U", 3, kv("c", 2));
    assert_eq!(fed.ask("from T select k, v"), ["b 1", "a 2"]);
    fed.send("U", 4, kv("c", 1));
    assert_eq!(fed.ask("from T select k, v"), ["c 1", "a 2"]);
}

#[test]
fn first_of_every_one_event_is_every_event() {
    let mut fed = Fed::new(
        "define stream S (k string, v int);
         from S select k, v output first every 1 events insert into Out;",
    );
    fed.send("S", 1, kv("a", 1)).send("S", 2, kv("a", 2));
    assert_eq!(fed.seen.rows, ["a 1", "a 2"]);
}

#[test]
fn rounds_of_playback_are_reckoned_from_its_first_event() {
    let mut fed = Fed::new(
        "@app:playback define stream S (k string, v int);
         from S select k, v output last every 10 millisec insert into Out;",
    );
    fed.send("S", 1_005, kv("a", 1)).send("S", 1_014, kv("a", 2)).send("S", 1_015, kv("a", 3));
    fed.send("S", 1_030, kv("a", 4));
    assert_eq!(fed.seen.rows, ["a 2", "a 3"]);
}

#[test]
fn every_problem_of_an_app_is_told_at_once_and_at_its_place() {
    let text = "define stream S (k string, v int);
        define trigger T at 'now and then';
        define window W (k string) expression('k');
        from S#window.length('a') select k insert into A;
        from S#window.cron('often') select nothing insert into B;
        from S#window.expression('count() < x') select k insert into Out;";
    let problems = App::create(text, &Options::default()).expect_err("nothing is right in it");
    let lines: Vec<String> = problems
        .iter()
        .map(|it| {
            let before = text.bytes().take(it.span.start as usize);
            let line = 1 + before.filter(|byte| *byte == b'\n').count();
            format!("{line} {}", it.message.lines().next().unwrap_or_default())
        })
        .collect();
    assert_eq!(lines.len(), 6, "{lines:#?}");
    for (line, part) in lines.iter().zip([
        "2 `now and then` is no cron expression",
        "3 `k` is no condition for a window",
        "4 the window `length` cannot be given (string)",
        "5 `often` is no cron expression",
        "5 no attribute `nothing` here",
        "6 `count() < x` is no condition for a window: no attribute `x` here",
    ]) {
        assert!(line.starts_with(part), "`{line}` instead of `{part}`");
    }
}
