//! The pair under load while it is disturbed: a short run of what `weir demo` does at length.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

/// Runs a demo to its end, in which nothing may be broken.
fn demo(args: &[&str]) -> Json {
    // Each has six processes and measures times: one after the other.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let args = [&["demo", "--json"], args].concat();
    let ran = Command::new(env!("CARGO_BIN_EXE_weir")).args(args).output().expect("`weir` runs");
    let said = String::from_utf8(ran.stderr).expect("it writes text");
    let found: Json = serde_json::from_slice(&ran.stdout).expect(&said);
    assert_eq!(found["broken"], serde_json::json!([]), "{found}\n{said}");
    assert_eq!(ran.status.code(), Some(0), "{said}");
    for none in ["lost", "repeated_by_id", "differing", "two_active"] {
        assert_eq!(found[none], 0, "{none}: {found}");
    }
    assert_eq!(found["acknowledged"], found["events"]);
    assert!(found["events"].as_u64() >= Some(26_499), "{found}");
    found
}

#[test]
fn two_kills_of_the_active_and_one_of_both_lose_and_double_nothing() {
    let found = demo(&["--kills", "2", "--both", "1", "--array", "100", "--rate", "0"]);
    assert_eq!((&found["kills_of_active"], &found["kills_of_both"]), (&2.into(), &1.into()));
}

#[test]
fn a_stopped_node_a_hand_over_and_a_cut_link_lose_and_double_nothing() {
    let args = ["--kills", "0", "--stops", "1", "--terms", "1", "--cuts", "1", "--array", "100"];
    let found = demo(&args);
    assert_eq!(
        (&found["stops"], &found["terms"], &found["cuts"]),
        (&1.into(), &1.into(), &1.into())
    );
}

/// A pair that shares a database of a server, where one was started for the tests.
fn on_server(url: &str, restart: &str, change: impl Fn(String) -> String) {
    let (Ok(url), Ok(restart)) = (std::env::var(url), std::env::var(restart)) else { return };
    let url = change(url);
    let mut args = vec!["--kills", "1", "--both", "1", "--terms", "1", "--array", "100"];
    args.extend(["--restarts", "1", "--restart-command", &restart, "--database", &url]);
    let found = demo(&args);
    for kind in ["kills_of_active", "kills_of_both", "terms", "restarts"] {
        assert_eq!(found[kind], 1, "{kind}: {found}");
    }
}

#[test]
fn a_pair_on_postgresql_loses_and_doubles_nothing() {
    on_server("WEIR_TEST_POSTGRES", "WEIR_TEST_POSTGRES_RESTART", |url| url);
}

#[test]
fn a_pair_on_mariadb_loses_and_doubles_nothing() {
    let named = |url: String| url.replace("/?", "/weir?");
    on_server("WEIR_TEST_MARIADB", "WEIR_TEST_MARIADB_RESTART", named);
}
