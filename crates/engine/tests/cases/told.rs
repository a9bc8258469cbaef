//! Cases told by the reference: aggregations, joins, patterns, queries and windows, each three
//! ways: straight, with the state saved and loaded at every step, and with the app killed at every
//! step and taken over from its last snapshot and the entries since.
//!
//! A case is a name after `#`, the app up to a line `---`, then what was done and told:
//! `> Stream@time values; values` sends, `< Stream values` came out, `? query` asks, `= values`
//! was answered, `!` after a query says that it was refused. All apps take their time from the
//! events.

use crate::player::{Player, told};

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

/// So many steps lie between two snapshots.
const SNAPSHOT_EVERY: usize = 3;

fn check(case: &str, way: Way) {
    let (text, steps) = case.split_once("\n---\n").expect("a line of dashes after the app");
    let mut listened: Vec<&str> = Vec::new();
    for line in steps.lines() {
        if let Some(name) = line.strip_prefix("< ").and_then(|it| it.split(' ').next())
            && !listened.contains(&name)
        {
            listened.push(name);
        }
    }
    let mut player = Player::new(text, &listened);
    let mut lines = steps.lines().peekable();
    let mut steps = 0;
    while let Some(step) = lines.next() {
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|it| it.starts_with(['<', '=', '!'])) {
            let from = if line.starts_with('<') { 2 } else { 1 };
            let head: Vec<&str> = line.splitn(from + 1, ' ').collect();
            expected.push(match head[..] {
                ["<", name, row] => format!("< {name} {}", told(row)),
                ["=", row] => format!("= {}", told(row)),
                _ => "!".to_owned(),
            });
        }
        match way {
            Way::Straight => {}
            Way::Restarts => player.restart(),
            Way::TakeOvers => {
                player.take_over();
                if steps % SNAPSHOT_EVERY == 0 {
                    player.snapshot();
                }
            }
        }
        steps += 1;
        let (mut got, ordered) = match step.split_at(2) {
            ("> ", what) => (player.send(what), false),
            ("? ", query) => (player.ask(query), query.contains("order by")),
            _ => continue,
        };
        if !ordered {
            got.sort();
            expected.sort();
        }
        assert_eq!(got, expected, "{text}\n{step}\n{way:?}");
    }
}

#[test]
fn the_reference_is_followed_straight_with_restarts_and_with_takeovers() {
    for case in CASES.iter().flat_map(|file| file.split("\n# ").skip(1)) {
        let (_, case) = case.split_once('\n').unwrap();
        for way in [Way::Straight, Way::Restarts, Way::TakeOvers] {
            check(case, way);
        }
    }
}
