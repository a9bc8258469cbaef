//! Plays an app step by step, written as text, and writes down what came out.

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{Batch, BatchBuilder, Epoch, OutputNo, Seq};
use weir_plan::StreamId;
use weir_testkit::{read_row, write_row};

/// A row that came out: where, under which number, what.
type Row = (TapId, OutputNo, String);

#[derive(Default)]
struct Rows(Vec<Row>);

/// An entry as the log keeps it, and what it made.
enum Logged {
    Events { stream: StreamId, batch: Batch, head: EntryHead, made: Vec<Row> },
    Query { query: String, head: EntryHead, answer: Vec<String> },
}

impl Outputs for Rows {
    fn rows(&mut self, tap: TapId, emitted: &Emitted<'_>) {
        for (row, number) in emitted.range().zip(emitted.first.0..) {
            self.0.push((tap, OutputNo(number), write_row(&emitted.batch.row(row))));
        }
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

pub(crate) struct Player<'a> {
    app: App,
    text: &'a str,
    taps: Vec<(TapId, &'a str)>,
    seq: u64,
    /// The last snapshot, and the entries since.
    snapshot: Vec<u8>,
    log: Vec<Logged>,
    /// The entries' time, which is not that of apps that take it from the events.
    pub wall: i64,
}

impl<'a> Player<'a> {
    pub(crate) fn new(text: &'a str, listened: &[&'a str]) -> Self {
        Self::at(1, text, listened)
    }

    /// The same, where the entries' time is `wall`.
    pub(crate) fn at(wall: i64, text: &'a str, listened: &[&'a str]) -> Self {
        let app = made(text);
        let (taps, snapshot, log) = (Vec::new(), Vec::new(), Vec::new());
        let mut player = Self { app, text, taps, seq: 0, snapshot, log, wall };
        player.listen(listened);
        let head = player.head(0);
        player.app.start(head, &mut Rows::default());
        player.snapshot();
        player
    }

    fn listen(&mut self, listened: &[&'a str]) {
        self.taps = listened
            .iter()
            .map(|name| {
                (self.app.listen(self.app.stream(name).expect("the app has the stream")), *name)
            })
            .collect();
    }

    fn head(&mut self, end: usize) -> EntryHead {
        self.seq += 1;
        let (seq, epoch) = (Seq(self.seq), Epoch(1));
        EntryHead { seq, epoch, time: self.wall, end: end as u32 }
    }

    /// A new app goes on from the state of this one.
    pub(crate) fn restart(&mut self) {
        let state = self.app.save();
        self.go_on_from(&state);
        assert!(self.app.save() == state, "{}: saving again differs", self.text);
    }

    fn go_on_from(&mut self, state: &[u8]) {
        let listened: Vec<&str> = self.taps.iter().map(|(_, name)| *name).collect();
        self.app = made(self.text);
        self.listen(&listened);
        self.app.load(state).expect("a saved state loads");
    }

    /// The state is kept, and the entries before it are not needed any more.
    pub(crate) fn snapshot(&mut self) {
        self.snapshot = self.app.save();
        self.log.clear();
    }

    /// This app is gone: another one restores the last snapshot and replays the entries since. It
    /// must make what this one made, under the same numbers, so that all of it can be dropped.
    pub(crate) fn take_over(&mut self) {
        let snapshot = std::mem::take(&mut self.snapshot);
        self.go_on_from(&snapshot);
        self.snapshot = snapshot;
        for logged in &self.log {
            match logged {
                Logged::Events { stream, batch, head, made } => {
                    let mut rows = Rows::default();
                    self.app.apply(*stream, batch, &[*head], &mut rows);
                    assert_eq!(rows.0, *made, "{}: a replay differs", self.text);
                }
                Logged::Query { query, head, answer } => {
                    let again = answered(&mut self.app, query, *head);
                    assert_eq!(again, *answer, "{}: a replay differs", self.text);
                }
            }
        }
    }

    /// `Stream@time values; values`; what came out.
    pub(crate) fn send(&mut self, what: &str) -> Vec<String> {
        let (to, rows) = what.split_once(' ').expect("values follow");
        let (name, time) = to.split_once('@').expect("a time follows");
        self.send_rows(name, time.parse().expect("a time in milliseconds"), rows)
    }

    /// Sends rows as one chunk; what came out.
    pub(crate) fn send_rows(&mut self, name: &str, time: i64, rows: &str) -> Vec<String> {
        let stream = self.app.stream(name).expect("the app has the stream");
        let schema = self.app.schema(stream).clone();
        let mut builder = BatchBuilder::new(&schema);
        for row in rows.split(';') {
            builder.push_row(time, read_row(row, schema.iter().map(|it| it.data_type)));
        }
        let batch = builder.finish();
        let head = self.head(batch.len());
        let mut rows = Rows::default();
        self.app.apply(stream, &batch, &[head], &mut rows);
        let name =
            |tap: TapId| self.taps.iter().find(|it| it.0 == tap).expect("it is listened to").1;
        let came = rows.0.iter().map(|(tap, _, row)| format!("< {} {row}", name(*tap))).collect();
        self.log.push(Logged::Events { stream, batch, head, made: rows.0 });
        came
    }

    pub(crate) fn ask(&mut self, query: &str) -> Vec<String> {
        let head = self.head(0);
        let answer = answered(&mut self.app, query, head);
        let query = query.to_owned();
        self.log.push(Logged::Query { query, head, answer: answer.clone() });
        answer
    }
}

fn answered(app: &mut App, query: &str, head: EntryHead) -> Vec<String> {
    match app.query(query, head) {
        Ok(answer) => answer.rows.iter().map(|row| format!("= {}", write_row(row))).collect(),
        Err(_) => vec!["!".to_owned()],
    }
}

fn made(text: &str) -> App {
    App::create(text, &Options::named("told")).expect("the reference takes this app too")
}
