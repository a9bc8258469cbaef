//! Cases told by the reference: aggregations, joins, patterns, queries and windows, each three
//! ways: straight, with the state saved and loaded at every step, and with the app killed at every
//! step and taken over from its last snapshot and the entries since.
//! All apps take their time from the events.

use weir_testkit::{Done, Told, told};

use crate::player::Player;

const CASES: [&str; 5] = [
    include_str!("told/aggregations.told"),
    include_str!("told/joins.told"),
    include_str!("told/on_demand.told"),
    include_str!("told/patterns.told"),
    include_str!("told/windows.told"),
];

/// How a case is played.
#[derive(Debug, Clone, Copy)]
enum Way {
    Straight,
    Restarts,
    TakeOvers,
}

/// The entries' time: long after what the events say, as it was when the reference told.
const WALL: i64 = 1_790_000_000_000;

/// So many steps lie between two snapshots.
const SNAPSHOT_EVERY: usize = 3;

fn check(case: Told<'_>, way: Way) {
    let mut player = Player::at(WALL, case.app, &case.listened());
    for (at, step) in case.steps().into_iter().enumerate() {
        match way {
            Way::Straight => {}
            Way::Restarts => player.restart(),
            Way::TakeOvers => {
                player.take_over();
                if at % SNAPSHOT_EVERY == 0 {
                    player.snapshot();
                }
            }
        }
        let mut expected: Vec<String> =
            step.came.iter().map(|(stream, row)| format!("< {stream} {row}")).collect();
        expected.extend(step.answered.iter().map(|row| format!("= {row}")));
        expected.extend(step.refused.then(|| "!".to_owned()));
        let (mut got, ordered) = match step.done {
            Done::Sent { stream, time, rows } => (player.send_rows(stream, time, rows), false),
            Done::Asked(query) => (player.ask(query), query.contains("order by")),
        };
        if !ordered {
            got.sort();
            expected.sort();
        }
        assert_eq!(got, expected, "{}\n{:?}\n{way:?}", case.app, step.done);
    }
}

#[test]
fn the_reference_is_followed_straight_with_restarts_and_with_takeovers() {
    let mut cases = 0;
    for case in CASES.into_iter().flat_map(told) {
        cases += 1;
        for way in [Way::Straight, Way::Restarts, Way::TakeOvers] {
            check(case, way);
        }
    }
    assert!(cases > 100, "{cases}");
}
