//! A node without a group.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::node::{ACTIVE, post};
use crate::stage::{Stage, expected};

#[test]
fn what_is_acknowledged_survives_a_kill_and_a_key_is_taken_once() {
    let stage = Stage::new();
    let mut node = stage.alone();
    node.until(ACTIVE);
    assert_eq!((node.health("/health/live"), node.health("/health/ready")), (200, 200));
    assert_eq!(node.health("/siddhi-apps/ha/is-active-node"), 200);
    for n in 1..=20 {
        stage.send(n);
    }
    node.kill();
    let mut node = stage.alone();
    node.until(ACTIVE);
    // The client heard no answer and sends again.
    stage.send(20);
    for n in 21..=30 {
        stage.send(n);
    }
    assert_eq!(stage.outputs(30), expected(30));
    let status = node.status_when(|it| it["role"] == "active");
    assert_eq!(status["apps"][0]["name"], "Sums");
    node.ask_to_end();
    assert!(node.ended().success());
}

#[test]
fn a_clean_stop_leaves_nothing_to_replay() {
    let stage = Stage::new();
    for round in 0..3 {
        let mut node = stage.alone();
        node.until(ACTIVE);
        for n in round * 10 + 1..=round * 10 + 10 {
            stage.send(n);
        }
        node.ask_to_end();
        assert!(node.ended().success());
    }
    assert_eq!(stage.outputs(30), expected(30));
    assert_eq!(stage.lines(), 30, "none came twice");
}

#[test]
fn only_the_owner_may_open_the_socket_and_it_goes_with_the_node() {
    let stage = Stage::new();
    let mut node = stage.alone();
    node.until(ACTIVE);
    let socket = stage.path("a/weir.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    node.ask_to_end();
    assert!(node.ended().success());
    assert!(!socket.exists());
}

#[test]
fn a_home_in_use_is_refused() {
    let stage = Stage::new();
    let mut node = stage.alone();
    node.until(ACTIVE);
    let mut second = stage.alone();
    second.until("is in use by another process");
    assert_eq!(second.ended().code(), Some(1));
    assert_eq!(node.health("/health/ready"), 200, "the first one goes on");
    drop(node);
}

#[test]
fn a_message_that_cannot_be_read_is_refused_and_nothing_else_is_hurt() {
    let stage = Stage::new();
    let mut node = stage.alone();
    node.until(ACTIVE);
    stage.send(1);
    assert_eq!(post(stage.source, "/in", None, r#"{"event":{"id":"#), Some(400));
    assert_eq!(post(stage.source, "/elsewhere", None, r#"{"event":{}}"#), Some(404));
    stage.send(2);
    assert_eq!(stage.outputs(2), expected(2));
}

#[test]
fn a_broken_app_is_named_and_the_others_run() {
    let stage = Stage::new();
    fs::write(stage.path("apps").join("Bad.siddhi"), "define stream In (id strin);").unwrap();
    let mut node = stage.alone();
    node.until("Bad.siddhi:1:22");
    node.until(ACTIVE);
    stage.send(1);
    let status = node.status_when(|it| it["apps"].as_array().is_some_and(|it| it.len() == 2));
    let failed = |name: &str| {
        let app = status["apps"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap();
        app["failed"].clone()
    };
    assert!(failed("Sums").is_null());
    assert!(failed("Bad").as_str().unwrap().contains("Bad.siddhi:1:22"));
}

#[test]
fn an_app_with_other_queries_starts_with_an_empty_state_and_loses_no_output() {
    let stage = Stage::new();
    let mut node = stage.alone();
    node.until(ACTIVE);
    for n in 1..=5 {
        stage.send(n);
    }
    node.ask_to_end();
    assert!(node.ended().success());
    let app = stage.path("apps/Sums.siddhi");
    let text = fs::read_to_string(&app).unwrap();
    let other = text.replace("from In select", "from In#window.length(2) select");
    fs::write(&app, format!("{other} from In select id insert into Other;")).unwrap();
    fs::remove_file(stage.path("out.jsonl")).unwrap();
    let mut node = stage.alone();
    node.until("starts with an empty state");
    node.until(ACTIVE);
    // The keys it has taken are not of its queries' state.
    stage.send(5);
    for n in 6..=7 {
        stage.send(n);
    }
    let made: Vec<_> = stage.outputs(2).into_iter().map(|it| it.0).collect();
    assert_eq!(made, ["e6", "e7"]);
}
