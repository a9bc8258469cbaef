//! When cron expressions fire.
//!
//! told by: Quartz 2.3.2, which the reference 5.1.30 runs, 2026-11-25; times are UTC.

use weir_operators::cron::Cron;

/// Lines of `after | expression | the next moments`; `-` where there is none.
const TOLD: &str = include_str!("cron.told");

const REFUSED: &[&str] = &[
    "0 0 0 * * *",
    "0 0 0 ? * ?",
    "0 0 0 * *",
    "60 0 0 * * ?",
    "0 60 0 * * ?",
    "0 0 24 * * ?",
    "0 0 0 32 * ?",
    "0 0 0 0 * ?",
    "0 0 0 1 13 ?",
    "0 0 0 ? * 8",
    "0 0 0 ? * MON,L",
    "0 0 0 1,L * ?",
    "bad",
    "0 0 0 L-31 * ?",
    "0 0 0 ? * 2#6",
    "? * * * * ?",
    "0 0 0 1 1 ? 2030-2028",
    "1,2,x * * * * ?",
    "5- * * * * ?",
    "-5 * * * * ?",
];

#[test]
fn moments_follow_as_quartz_has_them() {
    for line in TOLD.lines() {
        let [after, text, told] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("`{line}` has three parts");
        };
        let cron = Cron::parse(text).unwrap_or_else(|why| panic!("{why}"));
        let mut time: i64 = after.parse().unwrap();
        for told in told.split(", ") {
            let next = cron.next_after(time);
            assert_eq!(next.map_or("-".to_owned(), |it| it.to_string()), told, "of `{text}`");
            time = next.unwrap_or(time);
        }
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in REFUSED {
        assert!(Cron::parse(text).is_err(), "`{text}` is no expression");
    }
}

#[test]
fn a_refusal_says_where_and_why() {
    let why = Cron::parse("0 0 0 ? * FOO").unwrap_err();
    assert_eq!(
        why,
        "`0 0 0 ? * FOO` is no cron expression: the field day of week `FOO` has `FOO` where a \
         number belongs"
    );
}

#[test]
fn a_whole_second_is_served_at_once_and_not_again() {
    let cron = Cron::parse("*/2 * * * * ?").unwrap();
    assert_eq!(cron.first_for(4_000), Some(4_000));
    assert_eq!(cron.first_for(4_999), Some(4_000));
    assert_eq!(cron.next_after(4_000), Some(6_000));
    assert_eq!(cron.first_for(5_000), Some(6_000));
}
