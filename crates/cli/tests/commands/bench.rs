//! `weir bench`.

use expect_test::expect;

use crate::desk::Desk;

const APP: &str = "\
define stream Src (symbol string, price double, volume int);
from Src[volume >= 0] select symbol, price insert into Out;
";

#[test]
fn one_json_line_says_how_fast_it_was() {
    let desk = Desk::with(&[("pass.siddhi", APP)]);
    let seen = desk.weir(&["bench", "pass.siddhi", "--events", "1000", "--batch", "10"]);
    let line = seen.strip_prefix("exit code 0\n--- out\n").unwrap();
    let mut figure: serde_json::Value = serde_json::from_str(line).unwrap();
    let speed = figure.as_object_mut().unwrap().remove("events_per_s").unwrap();
    assert!(speed.as_u64().unwrap() > 0, "{line}");
    expect![[r#"{"engine":"weir","workload":"pass","batch":10,"events":1000,"out":1000}"#]]
        .assert_eq(&figure.to_string());
}

#[test]
fn an_app_that_is_no_workload_is_told_what_one_is() {
    let other = "define stream In (price double);\nfrom In select price insert into Out;\n";
    let desk = Desk::with(&[("other.siddhi", other), ("pass.siddhi", APP)]);
    expect![[r#"
        exit code 1
        --- err
        error: the app has no stream `Src`
        hint: a workload reads `Src (symbol string, price double, volume int)` and fills `Out`
    "#]]
    .assert_eq(&desk.weir(&["bench", "other.siddhi"]));
    expect![[r#"
        exit code 2
        --- err
        error: invalid value '0' for '--batch <BATCH>': 0 is not in 1..18446744073709551615

        For more information, try '--help'.
    "#]]
    .assert_eq(&desk.weir(&["bench", "pass.siddhi", "--batch", "0"]));
}
