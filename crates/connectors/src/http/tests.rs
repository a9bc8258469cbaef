//! HTTP sources and sinks against real sockets of this machine.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::annotation::{Annotation, StreamInfo};
use crate::courier::Courier;
use crate::sink::{DeliverError, OnError};
use crate::site::{Doorkeeper, Site};
use crate::source::{Intake, Refused, SourceError, SourceState, Stopper, stopper};
use crate::testing::{FeedBook, encoded, stocks};
use crate::{Inlet, Outlet};

/// A source that runs, and its host.
pub(super) struct Running {
    pub(super) book: Arc<FeedBook>,
    pub(super) at: String,
    stopper: Stopper,
    pub(super) task: tokio::task::JoinHandle<Result<(), SourceError>>,
}

pub(super) fn annotation(url: &str, options: &[(&str, &str)]) -> Annotation {
    let mut all = vec![("type", "http"), ("receiver.url", url)];
    all.extend_from_slice(options);
    Annotation::new("source", &all).with(Annotation::new("map", &[("type", "json")]))
}

pub(super) fn started(site: &Site, annotation: &Annotation, stream: &StreamInfo) -> Running {
    let inlet = Inlet::new(annotation, stream, site).unwrap();
    assert_eq!(inlet.warnings, [""; 0]);
    let book = Arc::new(FeedBook::default());
    let (stopper, stop) = stopper();
    let intake = Intake::new(Arc::clone(&inlet.decoder), Arc::clone(&book) as _);
    let task = tokio::spawn(async move { inlet.source.run(intake, None, stop).await });
    Running { book, at: String::new(), stopper, task }
}

async fn running(options: &[(&str, &str)]) -> Running {
    running_at(&Site::default(), "http://127.0.0.1:0/in", options).await
}

pub(super) async fn running_at(site: &Site, url: &str, options: &[(&str, &str)]) -> Running {
    let mut running = started(site, &annotation(url, options), &stocks());
    running.at = running.book.opened().await;
    running
}

impl Running {
    fn authority(&self) -> &str {
        self.at.split("://").nth(1).unwrap().split('/').next().unwrap()
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.authority()).await.unwrap()
    }

    async fn post(&self, body: &str) -> Answer {
        self.ask(&request("POST", "/in", "", body)).await
    }

    async fn ask(&self, request: &str) -> Answer {
        let mut connection = self.connect().await;
        connection.write_all(request.as_bytes()).await.unwrap();
        read_answer(&mut connection).await
    }

    pub(super) async fn end(self) {
        self.stopper.stop();
        self.task.await.unwrap().unwrap();
        assert_eq!(self.book.states().last(), Some(&SourceState::Closed));
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Reads one answer, leaving the connection open.
async fn read_answer(connection: &mut TcpStream) -> Answer {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap().to_ascii_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .map_or(0, |it| it.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            let body = &read[end + 4..];
            if body.len() >= length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                return Answer { status, head, body };
            }
        }
        let mut buffer = [0; 4096];
        let count = connection.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the connection ended before the answer: {read:?}");
        read.extend_from_slice(&buffer[..count]);
    }
}

const IBM: &str = r#"{"event":{"symbol":"IBM","price":5.5,"volume":1}}"#;

#[tokio::test]
async fn ok_is_answered_only_once_the_host_has_acknowledged() {
    let source = running(&[]).await;
    let acknowledge = source.book.hold();
    let mut connection = source.connect().await;
    connection.write_all(request("POST", "/in", "", IBM).as_bytes()).await.unwrap();
    source.book.until_received(1).await;
    let mut byte = [0];
    assert!(connection.try_read(&mut byte).is_err(), "answered before the acknowledgement");
    acknowledge.notify_one();
    let answer = read_answer(&mut connection).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(source.book.firsts(), ["IBM"]);
    source.end().await;
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_many_connections_one_source() {
    let source = running(&[("worker.count", "4")]).await;
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(source.connect().await);
    }
    for round in 0..5 {
        for (nth, connection) in connections.iter_mut().enumerate() {
            let body = IBM.replace("IBM", &format!("{round}-{nth}"));
            connection.write_all(request("POST", "/in", "", &body).as_bytes()).await.unwrap();
        }
        for connection in &mut connections {
            assert_eq!(read_answer(connection).await.status, 200);
        }
    }
    let mut firsts = source.book.firsts();
    firsts.sort();
    firsts.dedup();
    assert_eq!(firsts.len(), 40);
    drop(connections);
    source.end().await;
}

#[tokio::test]
async fn each_truncation_of_a_body_is_refused_with_its_place() {
    let source = running(&[]).await;
    let mut connection = source.connect().await;
    for end in 1..IBM.len() {
        let body = IBM.get(..end).unwrap();
        connection.write_all(request("POST", "/in", "", body).as_bytes()).await.unwrap();
        let answer = read_answer(&mut connection).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains(r#""line":1,"column":"#), "{}", answer.body);
        assert!(answer.body.contains("not JSON: expected"), "{}", answer.body);
    }
    assert_eq!(source.book.firsts(), [""; 0]);
    assert!(source.book.received().iter().all(|it| it.failures.len() == 1 && it.raw.is_some()));
    source.end().await;
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_by_name() {
    let source = running(&[]).await;
    let answer = source.post(&IBM.replace("\"volume\":1", "\"volume\":1.5")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("`volume` is of type `long`"), "{}", answer.body);
    let answer = source.post(&format!("[{IBM},{{\"event\":{{\"symbol\":\"x\"}}}}]")).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains(r#""taken":1,"failures":[{"reason":"event 1 "#),
        "{}",
        answer.body
    );
    source.end().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_however_it_is_sent() {
    let source = running(&[("max.body.bytes", "60")]).await;
    assert_eq!(source.post(IBM).await.status, 200);
    let long = format!("{IBM}{}", " ".repeat(60));
    let answer = source.post(&long).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("larger than 60 bytes"), "{}", answer.body);
    let chunked = format!(
        "POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    assert_eq!(source.ask(&chunked).await.status, 413);
    assert_eq!(source.book.firsts(), ["IBM"]);
    source.end().await;
    let options = "'request.size.validation.maximum.value:9',\
                   'request.size.validation.reject.status.code:400'";
    let source = running(&[("request.size.validation.configurations", options)]).await;
    assert_eq!(source.post(IBM).await.status, 400);
    source.end().await;
}

#[tokio::test]
async fn requests_that_are_no_events_get_the_status_of_the_original() {
    let source = running(&[]).await;
    assert_eq!(source.ask(&request("GET", "/in", "", "")).await.status, 400);
    assert_eq!(source.ask(&request("POST", "/in", "", "")).await.status, 405);
    let missing = source.ask(&request("POST", "/other", "", IBM)).await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("`/other`"), "{}", missing.body);
    let preflight = source.ask(&request("OPTIONS", "/in", "Origin: http://a\r\n", "")).await;
    assert_eq!(preflight.status, 200);
    assert!(preflight.head.contains("access-control-allow-origin: http://a"));
    let query = source.ask(&request("POST", "/in?x=1", "", IBM)).await;
    assert_eq!(query.status, 200);
    source.end().await;
}

#[tokio::test]
async fn a_node_that_is_not_active_says_503_and_when_to_come_back() {
    let source = running(&[]).await;
    source.book.refuse_once(Refused::NotActive);
    let answer = source.post(IBM).await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert!(answer.body.contains("not active"), "{}", answer.body);
    assert_eq!(source.post(IBM).await.status, 200);
    source.end().await;
}

#[tokio::test]
async fn an_idempotency_key_is_passed_on_and_a_repeat_is_ok() {
    let source = running(&[]).await;
    for _ in 0..2 {
        let answer = source.ask(&request("POST", "/in", "Idempotency-Key: k-1\r\n", IBM)).await;
        assert_eq!(answer.status, 200);
    }
    let received = source.book.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].idempotency_key.as_deref(), Some("k-1"));
    let long = format!("Idempotency-Key: {}\r\n", "k".repeat(256));
    assert_eq!(source.ask(&request("POST", "/in", &long, IBM)).await.status, 400);
    source.end().await;
}

#[tokio::test]
async fn headers_and_query_parameters_fill_attributes() {
    let map = Annotation::new("map", &[("type", "json")]).with(Annotation::new(
        "attributes",
        &[("symbol", "trp:X-User"), ("price", "$.p"), ("volume", "trp:_n")],
    ));
    let options = [("type", "http"), ("receiver.url", "http://127.0.0.1:0/in")];
    let annotation = Annotation::new("source", &options).with(map);
    let mut source = started(&Site::default(), &annotation, &stocks());
    source.at = source.book.opened().await;
    let asked = request("POST", "/in?m=3&n=42", "x-user: ann\r\n", r#"{"p":"1.5"}"#);
    assert_eq!(source.ask(&asked).await.status, 200);
    assert_eq!(source.book.rows(), [vec!["ann".into(), 1.5f32.into(), 42i64.into()]]);
    let without = source.ask(&request("POST", "/in?m=3", "x-user: ann\r\n", r#"{"p":1}"#)).await;
    assert_eq!(without.status, 400);
    assert!(without.body.contains("transport property"), "{}", without.body);
    source.end().await;
}

struct OnlyAnn;

impl Doorkeeper for OnlyAnn {
    fn allows(&self, authorization: &str) -> bool {
        authorization == "Basic YW5uOnM="
    }
}

#[tokio::test]
async fn a_source_with_authentication_lets_in_whom_the_host_knows() {
    let open = Site::default();
    let site = Site { doorkeeper: Some(Arc::new(OnlyAnn)), ..Site::default() };
    let options = [("basic.auth.enabled", "true")];
    let source = running_at(&site, "http://127.0.0.1:0/in", &options).await;
    let known = request("POST", "/in", "Authorization: Basic YW5uOnM=\r\n", IBM);
    assert_eq!(source.ask(&known).await.status, 200);
    let answer = source.post(IBM).await;
    assert_eq!(answer.status, 401);
    assert!(answer.head.contains("www-authenticate: basic"), "{}", answer.head);
    source.end().await;
    let source = running_at(&open, "http://127.0.0.1:0/in", &options).await;
    assert_eq!(source.ask(&known).await.status, 401, "without users nobody is known");
    source.end().await;
}

#[tokio::test]
async fn two_sources_share_a_port_and_not_a_path() {
    let site = Site::default();
    let first = running_at(&site, "http://127.0.0.1:0/in", &[]).await;
    let base = format!("http://{}", first.authority());
    let second = running_at(&site, &format!("{base}/other"), &[]).await;
    assert_eq!(second.ask(&request("POST", "/other", "", IBM)).await.status, 200);
    assert_eq!(first.post(IBM).await.status, 200);
    assert_eq!((first.book.rows().len(), second.book.rows().len()), (1, 1));
    let twice = started(&site, &annotation(&format!("{base}/other"), &[]), &stocks());
    assert!(matches!(twice.task.await.unwrap(), Err(SourceError::Taken { .. })));
    let authority = first.authority().to_owned();
    first.end().await;
    // It may have gone to another node, or come back.
    assert_eq!(second.ask(&request("POST", "/in", "", IBM)).await.status, 503);
    assert_eq!(second.ask(&request("POST", "/no", "", IBM)).await.status, 404);
    let soon = annotation(&format!("{base}/soon"), &[]);
    let soon = Inlet::new(&soon, &stocks(), &site).unwrap();
    assert_eq!(second.ask(&request("POST", "/soon", "", IBM)).await.status, 503);
    drop(soon);
    assert_eq!(second.ask(&request("POST", "/soon", "", IBM)).await.status, 404);
    second.end().await;
    assert!(TcpStream::connect(&authority).await.is_err(), "the port is still open");
}

#[tokio::test]
async fn a_port_that_is_held_is_named_and_tried_until_it_is_free() {
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = holder.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/in");
    let mut source = started(&Site::default(), &annotation(&url, &[]), &stocks());
    let names_it = |it: &SourceState| {
        matches!(it, SourceState::Retrying { cause, .. }
        if cause.starts_with(&format!("could not listen at 127.0.0.1:{port}: ")))
    };
    source.book.until(names_it).await;
    drop(holder);
    source.at = source.book.opened().await;
    assert_eq!(source.post(IBM).await.status, 200);
    source.end().await;
}

#[tokio::test]
async fn a_source_that_stops_lets_requests_in_hand_end() {
    let source = running(&[]).await;
    let acknowledge = source.book.hold();
    let mut idle = source.connect().await;
    let mut busy = source.connect().await;
    busy.write_all(request("POST", "/in", "", IBM).as_bytes()).await.unwrap();
    source.book.until_received(1).await;
    source.stopper.stop();
    let mut byte = [0];
    assert_eq!(idle.read(&mut byte).await.unwrap_or(0), 0, "an idle connection is closed");
    acknowledge.notify_one();
    assert_eq!(read_answer(&mut busy).await.status, 200);
    source.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stopped_source_runs_again_on_the_same_port() {
    let site = Site::default();
    let first = running_at(&site, "http://127.0.0.1:0/in", &[]).await;
    let url = format!("http://{}/in", first.authority());
    first.end().await;
    let again = running_at(&site, &url, &[]).await;
    assert_eq!(again.post(IBM).await.status, 200);
    again.end().await;
}

#[test]
fn urls_that_cannot_work_are_refused_when_the_app_is_created() {
    let cases = [
        ("https://127.0.0.1:1/in", "no certificate"),
        ("127.0.0.1/in", "http://"),
        ("http://", "URL"),
    ];
    for (url, cause) in cases {
        let problem = Inlet::new(&annotation(url, &[]), &stocks(), &Site::default()).err().unwrap();
        assert!(problem.to_string().contains(cause), "{url}: {problem}");
    }
    for bad in [("worker.count", "0"), ("worker.count", "x"), ("max.body.bytes", "-1")] {
        let annotation = annotation("http://127.0.0.1:0/in", &[bad]);
        assert!(Inlet::new(&annotation, &stocks(), &Site::default()).is_err(), "{bad:?}");
    }
}

/// A server that answers each request as told, and keeps what it was asked.
async fn server(answers: Vec<&'static str>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sink?x=1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut asked = Vec::new();
        let mut connection: Option<TcpStream> = None;
        for answer in answers {
            let mut stream = match connection.take() {
                Some(stream) => stream,
                None => listener.accept().await.unwrap().0,
            };
            let request = read_request(&mut stream).await;
            if request.is_empty() {
                stream = listener.accept().await.unwrap().0;
                asked.push(read_request(&mut stream).await);
            } else {
                asked.push(request);
            }
            if answer == "hang up" {
                continue;
            }
            let closes = answer.contains("Connection: close");
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !closes {
                connection = Some(stream);
            }
        }
        asked
    });
    (url, task)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .split("content-length: ")
                .nth(1)
                .map_or(0, |it| it.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return String::new(),
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

pub(super) fn outlet(url: &str, options: &[(&str, &str)]) -> Outlet {
    let mut all = vec![("type", "http"), ("publisher.url", url)];
    all.extend_from_slice(options);
    let annotation =
        Annotation::new("sink", &all).with(Annotation::new("map", &[("type", "json")]));
    Outlet::new(&annotation, &stocks(), &Site::default()).unwrap()
}

#[tokio::test]
async fn messages_are_sent_in_order_with_their_ids_over_one_connection() {
    let (url, server) = server(vec![OK, OK, OK]).await;
    let headers = [("headers", "'X-Who:{{symbol}}','Accept:*/*'"), ("method", "PUT")];
    let mut outlet = outlet(&url, &headers);
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 2.5, 2), ("C", 3.5, 3)]);
    outlet.sink.deliver(&messages).await.unwrap();
    let asked = server.await.unwrap();
    for (nth, (request, who)) in asked.iter().zip(["A", "B", "C"]).enumerate() {
        assert!(request.starts_with("PUT /sink?x=1 HTTP/1.1\r\n"), "{request}");
        let lower = request.to_ascii_lowercase();
        assert!(
            lower.contains(&format!("weir-output-id: 7-app-stocks.1-{}", 100 + nth)),
            "{lower}"
        );
        assert!(lower.contains(&format!("x-who: {}", who.to_lowercase())), "{lower}");
        assert!(lower.contains("content-type: application/json"), "{lower}");
        assert!(request.ends_with(&format!("\"volume\":{}}}}}", nth + 1)), "{request}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_made_again() {
    let close = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, server) = server(vec![OK, close, OK, OK]).await;
    let mut outlet = outlet(&url, &[]);
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 2.5, 2), ("C", 3.5, 3), ("D", 4.5, 4)]);
    for message in &messages {
        outlet.sink.deliver(std::slice::from_ref(message)).await.unwrap();
    }
    assert_eq!(server.await.unwrap().len(), 4);
}

#[tokio::test]
async fn answers_tell_whether_to_try_again() {
    let cases = [
        ("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nwhy", false),
        ("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", false),
        ("hang up", true),
    ];
    for (answer, again) in cases {
        let (url, server) = server(vec![OK, answer]).await;
        let mut outlet = outlet(&url, &[]);
        let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 2.5, 2), ("C", 3.5, 3)]);
        let undelivered = outlet.sink.deliver(&messages);
        let (undelivered, asked) = tokio::join!(undelivered, server);
        let undelivered = undelivered.unwrap_err();
        assert_eq!(undelivered.delivered, 1, "{answer}");
        assert!(asked.unwrap().len() >= 2);
        match undelivered.error {
            DeliverError::Unreachable { retry_after, .. } => {
                assert!(again, "{answer}");
                let seconds = retry_after.map(|it| it.as_secs());
                assert_eq!(seconds, answer.contains("Retry-After").then_some(7));
            }
            DeliverError::Refused { reason, .. } => {
                assert!(!again, "{answer}");
                assert!(answer.contains(reason.get(..3).unwrap()), "{reason}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_courier_waits_for_a_server_that_is_away_and_loses_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outlet = outlet(&format!("http://{address}/"), &[]);
    assert_eq!(outlet.on_error, OnError::Wait, "what is acknowledged is not dropped");
    let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 2.5, 2)]);
    let mut courier = Courier::new(outlet.sink, outlet.on_error);
    let (stopper, mut stop) = stopper();
    let mut waits = Vec::new();
    let carried = courier
        .carry(&messages, &mut stop, |error, wait| {
            assert!(error.to_string().starts_with("could not reach `http://127.0.0.1:"), "{error}");
            waits.push(wait.as_secs());
            if waits.len() == 4 {
                stopper.stop();
            }
        })
        .await;
    assert_eq!(waits, [5, 10, 15, 30]);
    assert_eq!((carried.done, carried.failed.len()), (0, 0));
}

#[tokio::test]
async fn a_courier_hands_on_what_a_server_refuses_and_goes_on() {
    for (on_error, then) in [
        (OnError::Wait, OnError::Log),
        (OnError::Log, OnError::Log),
        (OnError::Stream, OnError::Stream),
        (OnError::Store, OnError::Store),
    ] {
        let bad = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n";
        let (url, server) = server(vec![OK, bad, OK]).await;
        let outlet = outlet(&url, &[]);
        let messages = encoded(&outlet, &[("A", 1.5, 1), ("B", 2.5, 2), ("C", 3.5, 3)]);
        let mut courier = Courier::new(outlet.sink, on_error);
        let (_stopper, mut stop) = stopper();
        let carried = courier.carry(&messages, &mut stop, |_, _| ()).await;
        assert_eq!(server.await.unwrap().len(), 3);
        assert_eq!(carried.done, 3);
        let failed: Vec<_> = carried.failed.iter().map(|it| (it.index, it.then)).collect();
        assert_eq!(failed, [(1, then)]);
    }
}
