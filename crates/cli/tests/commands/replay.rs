//! `weir replay`.

use expect_test::expect;

use crate::desk::Desk;

/// The scenario that the command's help shows.
fn from_help() -> String {
    let help = Desk::with(&[]).weir(&["replay", "--help"]);
    let start = help.find("  {\"test\"").unwrap();
    help.split_at(start).1.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_scenario_of_the_help_plays() {
    let desk = Desk::with(&[("scenario.json", &from_help())]);
    let seen = desk.weir(&["replay", "scenario.json"]);
    let printed = seen.strip_prefix("exit code 0\n--- out\n").unwrap();
    let played: serde_json::Value = serde_json::from_str(printed).unwrap();
    let received: Vec<String> = played["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["op"] == "recv")
        .map(ToString::to_string)
        .collect();
    expect![[
        r#"{"at":1000,"op":"recv","cb":0,"events":[{"ts":1600000001000,"data":[{"double":75.6}]}]}"#
    ]]
    .assert_eq(&received.join("\n"));
}

#[test]
fn what_is_no_scenario_is_told_why() {
    let desk = Desk::with(&[("text.json", "events"), ("empty.json", "{}")]);
    expect![[r#"
        exit code 1
        --- err
        error: could not read `nothing.json`
          because No such file or directory (os error 2)
    "#]]
    .assert_eq(&desk.weir(&["replay", "nothing.json"]));
    expect![[r#"
        exit code 1
        --- err
        error: could not play `text.json`
          because the scenario is not JSON
          because expected value at line 1 column 1
    "#]]
    .assert_eq(&desk.weir(&["replay", "text.json"]));
    expect![[r#"
        exit code 1
        --- err
        error: could not play `empty.json`
          because the scenario is not well formed: `steps` is missing
    "#]]
    .assert_eq(&desk.weir(&["replay", "empty.json"]));
}
