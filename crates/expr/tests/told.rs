//! What each built-in function answers, told by the reference (5.1.30, with its extensions of
//! 2026-11-24) unless a file says otherwise. `json.txt` is told by siddhi-execution-json
//! 2.0.11-SNAPSHOT, since the reference of that day has no such extension.
//!
//! A case is a line `call => answer`. In the call, literals are constants and `@literal` is an
//! attribute of the event (`@null:string` one that is null); calls may be nested. A call of a
//! stream function starts with `#`. The answer is `refused` where the app may not be created, or
//! the declared type, then the value, or `fault` and the kind of error, or `nothing`.

mod case;

use case::{Case, answer};

/// Every case of a file has to be met; all that are not are shown together.
fn check(cases: &str) {
    let mut wrong = String::new();
    let mut count = 0;
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        let (call, told) = line.split_once(" => ").expect("a case has an answer");
        let got = answer(&Case::parse(call));
        count += 1;
        if got != told {
            wrong += &format!("{call}\n  told {told}\n  got  {got}\n");
        }
    }
    assert!(count > 0, "the file holds cases");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn core_functions_answer_as_told() {
    check(include_str!("told/core.txt"));
}

#[test]
fn regex_functions_answer_as_told() {
    check(include_str!("told/regex.txt"));
}

#[test]
fn str_functions_answer_as_told() {
    check(include_str!("told/str.txt"));
}

#[test]
fn math_functions_answer_as_told() {
    check(include_str!("told/math.txt"));
}

#[test]
fn time_functions_answer_as_told() {
    check(include_str!("told/time.txt"));
}

#[test]
fn list_functions_answer_as_told() {
    check(include_str!("told/list.txt"));
}

#[test]
fn json_functions_answer_as_told() {
    check(include_str!("told/json.txt"));
}

#[test]
fn map_functions_answer_as_told() {
    check(include_str!("told/map.txt"));
}
