//! Two nodes, one of which is killed or stopped.

use std::fs;
use std::io::Write;

use serde_json::{Value as Json, json};

use crate::node::{ACTIVE, Node, PASSIVE};
use crate::stage::{Stage, expected};

/// An active node `a` and a passive node `b` that is in sync.
fn pair(stage: &Stage) -> (Node, Node) {
    let mut a = stage.node("a");
    a.until(ACTIVE);
    let mut b = stage.node("b");
    b.until(PASSIVE);
    a.until("in sync: 2 logs");
    (a, b)
}

fn events(status: &Json) -> u64 {
    status["apps"][0]["events"].as_u64().unwrap_or_default()
}

#[test]
fn a_killed_active_is_replaced_and_comes_back_as_the_passive_one() {
    let stage = Stage::new();
    let (a, mut b) = pair(&stage);
    assert_eq!((a.health("/health/live"), a.health("/health/ready")), (200, 200));
    assert_eq!((b.health("/health/live"), b.health("/health/ready")), (200, 503));
    for n in 1..=25 {
        stage.send(n);
    }
    a.kill();
    b.until(ACTIVE);
    for n in 26..=50 {
        stage.send(n);
    }
    let mut a = stage.node("a");
    a.until(PASSIVE);
    b.until("in sync: 2 logs");
    b.kill();
    a.until(ACTIVE);
    for n in 51..=60 {
        stage.send(n);
    }
    assert_eq!(stage.outputs(60), expected(60));
}

#[test]
fn a_passive_node_executes_the_log_and_takes_over_where_it_is() {
    let stage = Stage::new();
    let (a, mut b) = pair(&stage);
    for n in 1..=25 {
        stage.send(n);
    }
    let applied = |it: &Json| it["apps"][0]["applied"].as_u64().unwrap_or_default();
    let reached = applied(&a.status_when(|it| events(it) == 25));
    b.status_when(|it| applied(it) >= reached);
    a.kill();
    b.until("has followed the log to entry");
    b.until(ACTIVE);
    for n in 26..=30 {
        stage.send(n);
    }
    assert_eq!(stage.outputs(30), expected(30));
}

#[test]
fn a_clean_stop_hands_over_and_nothing_comes_twice() {
    let stage = Stage::new();
    let (a, mut b) = pair(&stage);
    for n in 1..=20 {
        stage.send(n);
    }
    a.ask_to_end();
    assert!(a.ended().success());
    b.until(ACTIVE);
    for n in 21..=30 {
        stage.send(n);
    }
    assert_eq!(stage.outputs(30), expected(30));
    assert_eq!(stage.lines(), 30, "none came twice");
}

#[test]
fn a_rolling_upgrade_stands_by_with_the_queue_and_replays_nothing_of_the_other_release() {
    let stage = Stage::new();
    let mut a = stage.node_of("a", Some("1.0"));
    a.until(ACTIVE);
    let mut b = stage.node_of("b", Some("2.0"));
    b.until("standby: queue for now");
    a.until("in sync: 2 logs");
    for n in 1..=10 {
        stage.send(n);
    }
    let standing = b.status_when(|it| it["standby"] == "queue");
    assert_eq!(standing["standbyWhy"], "node-a runs release 1.0");
    assert_eq!(
        (&standing["release"], &standing["peers"][0]["release"]),
        (&json!("2.0"), &json!("1.0"))
    );

    a.ask_to_end();
    assert!(a.ended().success());
    b.until(ACTIVE);
    assert!(!b.has_said("Successfully playback all the events"), "there is nothing to replay");
    let mut a = stage.node_of("a", Some("2.0"));
    a.until(PASSIVE);
    b.until("in sync: 2 logs");
    stage.send(11);
    let again = a.status_when(|it| it["apps"][0]["applied"].as_u64() > Some(0));
    assert_eq!((&again["standby"], &again["standbyWhy"]), (&json!("hot"), &Json::Null));
    assert_eq!(stage.outputs(11), expected(11));
}

#[test]
fn a_passive_that_dies_is_struck_off_and_found_again() {
    let stage = Stage::new();
    let (mut a, b) = pair(&stage);
    stage.send(1);
    b.kill();
    stage.send(2);
    a.until("in sync: 1 logs");
    stage.send(3);
    let mut b = stage.node("b");
    b.until(PASSIVE);
    a.until("in sync: 2 logs");
    stage.send(4);
    let status = a.status_when(|it| it["peers"][0]["lag"] == 0);
    assert_eq!(status["peers"][0]["connected"], true);
    let page = a.page("/metrics");
    assert!(
        page.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"),
        "{page}"
    );
    for line in [
        "weir_role{role=\"active\"} 1",
        "weir_in_sync_logs 2",
        "weir_peer_lag_entries{peer=\"node-b\"} 0",
        "weir_source_events_total{app=\"Sums\",source=\"In.1\",stream=\"In\"} 4",
    ] {
        assert!(page.lines().any(|it| it == line), "no line `{line}` in\n{page}");
    }
    assert!(b.page("/metrics").contains("weir_role{role=\"passive\"} 1"));
    assert_eq!(stage.outputs(4), expected(4));
}

#[test]
fn both_killed_at_once_lose_nothing() {
    let stage = Stage::new();
    let (a, b) = pair(&stage);
    for n in 1..=20 {
        stage.send(n);
    }
    a.kill();
    b.kill();
    let (_a, _b) = (stage.node("a"), stage.node("b"));
    for n in 21..=30 {
        stage.send(n);
    }
    assert_eq!(stage.outputs(30), expected(30));
}

#[test]
fn a_file_is_read_on_where_the_killed_node_stood() {
    const LINES: u64 = 3_000;
    let stage = Stage::new();
    let input = stage.path("in.jsonl");
    stage.write_app(&format!(
        "@source(type='file', file.uri='{}', mode='line', tailing='true', \
         @map(type='json'))",
        input.display()
    ));
    let mut file = fs::File::create(&input).unwrap();
    let mut write = |from: u64, to: u64| {
        for n in from..=to {
            writeln!(file, r#"{{"event":{{"id":"e{n}","n":{n}}}}}"#).unwrap();
        }
        file.flush().unwrap();
    };
    write(1, LINES / 2);
    let (a, mut b) = pair(&stage);
    a.status_when(|it| events(it) > LINES / 6);
    a.kill();
    write(LINES / 2 + 1, LINES);
    b.until(ACTIVE);
    assert_eq!(stage.outputs(LINES), expected(LINES));
}

#[test]
fn the_loss_of_the_disk_of_a_node_alone_loses_nothing_that_the_database_keeps() {
    let stage = Stage::new();
    let mut a = stage.keeping_node("a");
    a.until(ACTIVE);
    for n in 1..=20 {
        stage.send(n);
    }
    a.kill();
    stage.lose_disk("a");
    let mut b = stage.keeping_node("b");
    b.until("took the log over from the database, up to entry");
    b.until(ACTIVE);
    for n in 21..=25 {
        stage.send(n);
    }
    // A second node joins and goes: what was acknowledged meanwhile is kept again.
    let mut a = stage.keeping_node("a");
    a.until(PASSIVE);
    b.until("in sync: 2 logs");
    for n in 26..=35 {
        stage.send(n);
    }
    a.kill();
    b.until("in sync: 1 logs");
    for n in 36..=40 {
        stage.send(n);
    }
    b.kill();
    stage.lose_disk("b");
    let mut a = stage.keeping_node("a");
    a.until("took the log over from the database, up to entry");
    a.until(ACTIVE);
    stage.send(41);
    assert_eq!(stage.outputs(41), expected(41));
}
