//! File sources and sinks against real files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_event::DataType;

use crate::annotation::Annotation;
use crate::courier::Courier;
use crate::sink::DeliverError;
use crate::source::{Intake, Position, Refused, SourceError, SourceState, Stopper, stopper};
use crate::testing::{FeedBook, encoded, stocks, stream};
use crate::{Inlet, Outlet, Site};

/// A source that runs, and its host.
struct Running {
    book: Arc<FeedBook>,
    stopper: Stopper,
    task: tokio::task::JoinHandle<Result<(), SourceError>>,
}

/// One attribute, filled with the whole of each line by a pattern that takes all of it.
fn annotation(options: &[(&str, &str)]) -> Annotation {
    let mut all =
        vec![("type", "file"), ("file.polling.interval", "10"), ("dir.polling.interval", "10")];
    all.extend_from_slice(options);
    let map = Annotation::new("map", &[("type", "json")])
        .with(Annotation::new("attributes", &[("line", "$")]));
    Annotation::new("source", &all).with(map)
}

fn start(annotation: &Annotation, from: Option<Position>) -> Running {
    let lines = stream(&[("line", DataType::String)]);
    let inlet = Inlet::new(annotation, &lines, &Site::default()).unwrap();
    assert_eq!(inlet.warnings, [""; 0]);
    let book = Arc::new(FeedBook::default());
    let (stopper, stop) = stopper();
    let intake = Intake::new(Arc::clone(&inlet.decoder), Arc::clone(&book) as _);
    let task = tokio::spawn(async move { inlet.source.run(intake, from, stop).await });
    Running { book, stopper, task }
}

impl Running {
    async fn end(self) -> Option<Position> {
        self.stopper.stop();
        self.task.await.unwrap().unwrap();
        assert_eq!(self.book.states().last(), Some(&SourceState::Closed));
        self.book.received().last().and_then(|it| it.position.clone())
    }

    async fn until_lines(&self, count: usize) -> Vec<String> {
        let mut hand_overs = 1;
        while self.book.rows().len() < count {
            self.book.until_received(hand_overs).await;
            hand_overs += 1;
        }
        self.book.firsts()
    }
}

fn uri(path: &Path) -> String {
    format!("file:{}", path.display())
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn workspace() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.log");
    (dir, path)
}

#[tokio::test]
async fn a_tailed_file_is_followed_and_an_unfinished_line_waits() {
    let (_dir, path) = workspace();
    append(&path, "1\n2\n3");
    let source = start(&annotation(&[("file.uri", &uri(&path))]), None);
    assert_eq!(source.until_lines(2).await, ["1", "2"]);
    append(&path, "4\n\n5\r\n");
    assert_eq!(source.until_lines(4).await, ["1", "2", "34", "5"]);
    source.end().await;
}

#[tokio::test]
async fn a_source_resumes_at_each_position_without_loss_or_repetition() {
    let (_dir, path) = workspace();
    let all: Vec<String> = (0..500).map(|it| it.to_string()).collect();
    append(&path, &(all.join("\n") + "\n"));
    let annotation = annotation(&[("file.uri", &uri(&path))]);
    let (mut seen, mut from) = (Vec::new(), None);
    for end in [500, 501, 502] {
        let source = start(&annotation, from.clone());
        let missing = end - seen.len();
        seen.extend(source.until_lines(missing).await);
        from = source.end().await.or(from);
        append(&path, &format!("{end}\n"));
    }
    let expected: Vec<String> = (0..502).map(|it| it.to_string()).collect();
    assert_eq!(seen, expected);
    let other = start(&annotation, Some(Position("nonsense".into())));
    assert!(matches!(other.task.await.unwrap(), Err(SourceError::Unusable { .. })));
}

#[tokio::test]
async fn a_file_that_is_rotated_is_read_to_its_end_and_then_the_new_one() {
    let (dir, path) = workspace();
    append(&path, "1\n2\n");
    let annotation = annotation(&[("file.uri", &uri(&path))]);
    let source = start(&annotation, None);
    source.until_lines(2).await;
    append(&path, "3\nnoend");
    fs::rename(&path, dir.path().join("in.log.1")).unwrap();
    append(&path, "4\n5\n");
    assert_eq!(source.until_lines(6).await, ["1", "2", "3", "noend", "4", "5"]);
    let position = source.end().await;
    // Replaced while the source was down: known by its start, so it is read from there.
    fs::remove_file(&path).unwrap();
    append(&path, "other\nfile\nandmore\n");
    let source = start(&annotation, position);
    assert_eq!(source.until_lines(3).await, ["other", "file", "andmore"]);
    source.end().await;
}

#[tokio::test]
async fn a_file_that_is_truncated_is_read_from_its_start() {
    let (_dir, path) = workspace();
    append(&path, "111\n222\n");
    let source = start(&annotation(&[("file.uri", &uri(&path))]), None);
    source.until_lines(2).await;
    fs::write(&path, "3\n").unwrap();
    assert_eq!(source.until_lines(3).await, ["111", "222", "3"]);
    source.end().await;
}

#[tokio::test]
async fn what_the_host_cannot_take_now_is_offered_again() {
    let (_dir, path) = workspace();
    let source = start(&annotation(&[("file.uri", &uri(&path))]), None);
    source.book.refuse_once(Refused::NotActive);
    source.book.refuse_once(Refused::Busy { reason: "the database is away".into() });
    append(&path, "1\n2\n");
    assert_eq!(source.until_lines(2).await, ["1", "2"]);
    source.end().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named_and_waited_for() {
    let (_dir, path) = workspace();
    let source = start(&annotation(&[("file.uri", &uri(&path))]), None);
    let cause = format!("could not open `{}`: ", path.display());
    let named = |it: &SourceState| match it {
        SourceState::Retrying { cause: told, .. } => told.starts_with(&cause),
        SourceState::Open { .. } | SourceState::Closed => false,
    };
    source.book.until(named).await;
    append(&path, "1\n");
    assert_eq!(source.until_lines(1).await, ["1"]);
    source.end().await;
}

#[tokio::test]
async fn header_and_trailer_are_read_or_left_out() {
    let header = ("header.present", "true");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 5] = [
        (&[header], &["a", "b", "t"]),
        (&[header, ("header.line.count", "2")], &["b", "t"]),
        (&[("read.only.header", "true")], &["h"]),
        (&[("read.only.trailer", "true")], &["t"]),
        (&[header, ("skip.trailer", "true")], &["a", "b"]),
    ];
    for (options, expected) in cases {
        let (_dir, path) = workspace();
        append(&path, " h \na\n\n b\nt");
        let mut all = vec![("tailing", "false")];
        let place = uri(&path);
        all.push(("file.uri", &place));
        all.extend_from_slice(options);
        let source = start(&annotation(&all), None);
        assert_eq!(source.until_lines(expected.len()).await, expected, "{options:?}");
        source.end().await;
    }
}

#[tokio::test]
async fn files_of_a_directory_are_read_in_order_and_moved_away() {
    let (dir, _) = workspace();
    let (inbox, done) = (dir.path().join("in"), dir.path().join("done"));
    fs::create_dir(&inbox).unwrap();
    for (name, text) in [("b.txt", "3\n4"), ("a.txt", "1\n2\n"), ("c.no", "x\n"), ("e.txt", "")] {
        append(&inbox.join(name), text);
    }
    let (from, to) = (uri(&inbox), uri(&done));
    let options = [
        ("dir.uri", from.as_str()),
        ("file.name.pattern", r".*\.txt"),
        ("tailing", "false"),
        ("action.after.process", "MOVE"),
        ("move.after.process", to.as_str()),
    ];
    let source = start(&annotation(&options), None);
    assert_eq!(source.until_lines(4).await, ["1", "2", "3", "4"]);
    append(&inbox.join("a.txt"), "5\n");
    assert_eq!(source.until_lines(5).await.last().unwrap(), "5");
    source.end().await;
    let mut left: Vec<_> =
        fs::read_dir(&inbox).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.retain(|it| it != "a.txt");
    assert_eq!(left, ["c.no"]);
    assert_eq!(fs::read_to_string(done.join("b.txt")).unwrap(), "3\n4");
}

#[tokio::test]
async fn files_that_are_kept_are_read_once_even_after_a_restart_or_a_new_name() {
    let (dir, path) = workspace();
    append(&path, "1\n");
    let from = uri(dir.path());
    let annotation = annotation(&[("dir.uri", from.as_str())]);
    let source = start(&annotation, None);
    source.until_lines(1).await;
    append(&dir.path().join("z.log"), "2\n");
    assert_eq!(source.until_lines(2).await, ["1", "2"]);
    let position = source.end().await;
    fs::rename(&path, dir.path().join("in.log.1")).unwrap();
    append(&path, "3\n");
    let source = start(&annotation, position);
    assert_eq!(source.until_lines(1).await, ["3"]);
    append(&dir.path().join("in.log.1"), "4\n");
    assert_eq!(source.until_lines(2).await, ["3", "4"]);
    source.end().await;
}

#[tokio::test]
async fn a_line_that_cannot_be_read_moves_the_position_on() {
    let (_dir, path) = workspace();
    append(&path, "1\n{\n2\n");
    let source = start(&annotation(&[("file.uri", &uri(&path))]), None);
    assert_eq!(source.until_lines(2).await, ["1", "2"]);
    let received = source.book.received();
    assert_eq!(received.iter().map(|it| it.failures.len()).sum::<usize>(), 1);
    assert!(received[0].raw.is_some());
    let (_stop, position) = ((), source.end().await);
    append(&path, "3\n");
    let source = start(&annotation(&[("file.uri", &uri(&path))]), position);
    assert_eq!(source.until_lines(1).await, ["3"]);
    source.end().await;
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let lines = stream(&[("line", DataType::String)]);
    let file = ("file.uri", "file:/a");
    let cases: [&[(&str, &str)]; 9] = [
        &[],
        &[file, ("dir.uri", "file:/b")],
        &[file, ("mode", "TEXT.FULL"), ("tailing", "true")],
        &[file, ("mode", "WORD")],
        &[file, ("tailing", "false"), ("action.after.process", "MOVE")],
        &[file, ("action.after.process", "DELETE")],
        &[file, ("tailing", "false"), ("skip.trailer", "true"), ("read.only.header", "true")],
        &[("file.uri", "sftp://host/a")],
        &[file, ("mode", "REGEX"), ("begin.regex", "(")],
    ];
    for options in cases {
        let problem = Inlet::new(&annotation(options), &lines, &Site::default()).err();
        assert!(problem.is_some(), "{options:?}");
    }
}

fn outlet(uri: &str, options: &[(&str, &str)]) -> Outlet {
    let mut all = vec![("type", "file"), ("file.uri", uri)];
    all.extend_from_slice(options);
    let map = Annotation::new("map", &[("type", "json")])
        .with(Annotation::new("payload", &[]).with_value("{{symbol}} {{volume}}"));
    let annotation = Annotation::new("sink", &all).with(map);
    Outlet::new(&annotation, &stocks(), &Site::default()).unwrap()
}

#[tokio::test]
async fn messages_are_appended_a_line_each_to_the_file_their_event_names() {
    let (dir, _) = workspace();
    let mut outlet = outlet(&format!("file:{}/new/{{{{symbol}}}}.txt", dir.path().display()), &[]);
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 1.5, 2), ("A", 1.5, 3)]);
    outlet.sink.deliver(&messages).await.unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join("new").join(name)).unwrap();
    assert_eq!((read("A.txt").as_str(), read("B.txt").as_str()), ("A 1\nA 3\n", "B 2\n"));
    // A file that was moved away is written anew.
    fs::rename(dir.path().join("new/A.txt"), dir.path().join("new/A.1")).unwrap();
    outlet.sink.deliver(&messages).await.unwrap();
    assert_eq!(read("A.txt"), "A 1\nA 3\n");
    assert_eq!(read("B.txt"), "B 2\nB 2\n");
}

#[tokio::test]
async fn without_append_a_file_holds_the_last_message_alone() {
    let (dir, path) = workspace();
    let options = [("append", "false"), ("add.line.separator", "false")];
    let mut outlet = outlet(&uri(&path), &options);
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 1.5, 2)]);
    outlet.sink.deliver(&messages).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "B 2");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something was left beside it");
}

#[tokio::test]
async fn a_full_disk_is_named_and_waited_for() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: this machine has no /dev/full");
        return;
    }
    let outlet = outlet("file:/dev/full", &[]);
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 1.5, 2)]);
    let mut courier = Courier::new(outlet.sink, outlet.on_error);
    let (stopper, mut stop) = stopper();
    let mut told = Vec::new();
    let carried = courier
        .carry(&messages, &mut stop, |error, _| {
            told.push(error.to_string());
            stopper.stop();
        })
        .await;
    assert_eq!(carried.done, 0, "nothing is given up");
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("`/dev/full`") && told[0].contains("No space left"), "{told:?}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_away_and_not_a_refusal() {
    let (dir, path) = workspace();
    fs::write(&path, "a file where a directory should be").unwrap();
    let mut outlet = outlet(&uri(&path.join("x.txt")), &[]);
    let messages = encoded(&outlet, &[("A", 1.5, 1)]);
    let undelivered = outlet.sink.deliver(&messages).await.unwrap_err();
    assert!(matches!(undelivered.error, DeliverError::Unreachable { .. }), "{undelivered}");
    fs::remove_file(&path).unwrap();
    outlet.sink.deliver(&messages).await.unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("in.log/x.txt")).unwrap(), "A 1\n");
}
