//! `weir run`.

use expect_test::{Expect, expect};

use crate::desk::Desk;

const APP: &str = "\
define stream Trades (symbol string, price double, volume int);
from Trades[price > 70.0] select symbol, price insert into Alerts;
from Trades#window.timeBatch(1 sec) select sum(volume) as volume insert into Volumes;
";

fn desk() -> Desk {
    Desk::with(&[("app.siddhi", APP)])
}

#[test]
fn events_go_in_and_outputs_come_out_as_json_lines() {
    let input = r#"{"stream": "Trades", "ts": 1000, "data": ["IBM", 75.6, 100]}

{"stream": "Trades", "ts": 1500, "events": [["IBM", 69, 10], ["WSO2", 80.5, null]]}
{"stream": "Trades", "ts": 2000, "data": {"symbol": "IBM", "price": 71}}
"#;
    let args = ["run", "app.siddhi", "--time", "events"];
    expect![[r#"
        exit code 0
        --- out
        {"stream":"Alerts","ts":1000,"data":["IBM",75.6]}
        {"stream":"Alerts","ts":1500,"data":["WSO2",80.5]}
        {"stream":"Volumes","ts":1500,"data":[110]}
        {"stream":"Alerts","ts":2000,"data":["IBM",71.0]}
    "#]]
    .assert_eq(&desk().weir_reads(&args, input));
    let args = ["run", "app.siddhi", "--time", "events", "--out", "Volumes"];
    expect![[r#"
        exit code 0
        --- out
        {"stream":"Volumes","ts":1500,"data":[110]}
    "#]]
    .assert_eq(&desk().weir_reads(&args, input));
}

#[track_caller]
fn refused(line: &str, expected: Expect) {
    let input = format!("{{\"stream\":\"Trades\",\"data\":[\"A\",1.0,1]}}\n{line}\n");
    let seen = desk().weir_reads(&["run", "app.siddhi", "--time", "events"], &input);
    expected.assert_eq(&seen);
}

#[test]
fn a_line_that_is_no_event_is_named_with_what_to_write() {
    refused(
        "Trades, IBM, 75.6",
        expect![[r#"
            exit code 1
            --- err
            error: line 2 of the input was refused
              because it is not JSON
              because expected value at line 1 column 1
            hint: write a line as `{"stream": "NAME", "data": [VALUE, ...]}`
        "#]],
    );
    refused(
        r#"{"data": ["IBM", 75.6, 100]}"#,
        expect![[r#"
        exit code 1
        --- err
        error: line 2 of the input was refused
          because `stream` is missing
        hint: write a line as `{"stream": "NAME", "data": [VALUE, ...]}`
    "#]],
    );
    refused(
        r#"{"stream": "Trade", "data": ["IBM", 75.6, 100]}"#,
        expect![[r#"
        exit code 1
        --- err
        error: line 2 of the input was refused
          because the app has no stream `Trade`
        hint: its streams are `Alerts`, `Trades`, `Volumes`
    "#]],
    );
    refused(
        r#"{"stream": "Trades"}"#,
        expect![[r#"
            exit code 1
            --- err
            error: line 2 of the input was refused
              because `data` is missing
            hint: write `"data": [...]`, for `Trades (symbol string, price double, volume int)`
        "#]],
    );
}

#[test]
fn an_event_that_does_not_fit_is_named_with_its_attribute() {
    refused(
        r#"{"stream": "Trades", "data": ["IBM", 75.6]}"#,
        expect![[r#"
            exit code 1
            --- err
            error: line 2 of the input was refused
              because the event has 2 values, the stream 3
            hint: it is `Trades (symbol string, price double, volume int)`
        "#]],
    );
    refused(
        r#"{"stream": "Trades", "data": ["IBM", "dear", 1]}"#,
        expect![[r#"
        exit code 1
        --- err
        error: line 2 of the input was refused
          because `price` is of type `double`, not "dear"
    "#]],
    );
    refused(
        r#"{"stream": "Trades", "data": ["IBM", 75.6, 3000000000]}"#,
        expect![[r#"
        exit code 1
        --- err
        error: line 2 of the input was refused
          because `volume` is of type `int`, not 3000000000
    "#]],
    );
    refused(
        r#"{"stream": "Trades", "data": {"symbl": "IBM"}}"#,
        expect![[r#"
            exit code 1
            --- err
            error: line 2 of the input was refused
              because the stream has no attribute `symbl`
            hint: it is `Trades (symbol string, price double, volume int)`
        "#]],
    );
    refused(
        r#"{"stream": "Trades", "events": [["A", 1.0, 1], ["B", 1.0, 1.5]]}"#,
        expect![[r#"
            exit code 1
            --- err
            error: line 2 of the input was refused
              because event 1 of `events` does not fit
              because `volume` is of type `int`, not 1.5
        "#]],
    );
    refused(
        r#"{"stream": "Trades", "data": 3}"#,
        expect![[r#"
        exit code 1
        --- err
        error: line 2 of the input was refused
          because an event is an array of values or an object
    "#]],
    );
}

#[test]
fn an_unknown_stream_to_print_is_refused_before_anything_is_read() {
    expect![[r#"
        exit code 1
        --- err
        error: the app has no stream `Alert`
        hint: its streams are `Alerts`, `Trades`, `Volumes`
    "#]]
    .assert_eq(&desk().weir(&["run", "app.siddhi", "--out", "Alert"]));
}

#[test]
fn an_app_with_problems_does_not_run() {
    let desk = Desk::with(&[("app.siddhi", "define stream In (a int);\nfrom I insert into O;\n")]);
    expect![[r#"
        exit code 1
        --- err
        error[unknown-stream]: no stream, table, window or aggregation `I` is defined
         --> app.siddhi:2:6
          |
        2 | from I insert into O;
          |      ^
        hint: did you mean `In`
    "#]]
    .assert_eq(&desk.weir(&["run", "app.siddhi"]));
    expect![[r#"
        exit code 1
        --- err
        error: could not read `nothing.siddhi`
          because No such file or directory (os error 2)
    "#]]
    .assert_eq(&desk.weir(&["run", "nothing.siddhi"]));
    expect![[r#"
        exit code 1
        --- err
        error: `.` is a folder
        hint: name a file in it
    "#]]
    .assert_eq(&desk.weir(&["run", "."]));
}
