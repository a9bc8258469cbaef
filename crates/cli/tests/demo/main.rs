//! The pair under load while its nodes are killed: a short run of what `weir demo` does at length.

use std::process::Command;

#[test]
fn two_kills_of_the_active_and_one_of_both_lose_and_double_nothing() {
    let args = ["demo", "--json", "--kills", "2", "--both", "1", "--array", "100", "--rate", "0"];
    let ran = Command::new(env!("CARGO_BIN_EXE_weir")).args(args).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).expect(&said);
    assert_eq!(found["broken"], serde_json::json!([]), "{found}\n{said}");
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert_eq!((&found["kills_of_active"], &found["kills_of_both"]), (&2.into(), &1.into()));
    for none in ["lost", "repeated_by_id", "differing", "two_active"] {
        assert_eq!(found[none], 0, "{none}: {found}");
    }
    assert_eq!(found["acknowledged"], found["events"]);
    assert!(found["events"].as_u64().unwrap() >= 26_499, "{found}");
}
