//! What holds for every window, whatever arrives.

use proptest::prelude::*;
use weir_operators::window::{processor_names, window_names};

use crate::player::{Asked, Event, Player, attribute, event, int, ms, real, text, truth, window};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A chunk arrives for a key.
    Send(u32, Vec<Event>),
    /// Only time passes.
    Wait(i64),
    /// Somebody searches.
    Find(u32),
}

/// Every kind of window, with parameters that make much happen within few events.
fn all_windows() -> Vec<Asked> {
    let mut windows = vec![
        window("batch", []),
        window("batch", [int(2)]),
        window("cron", [text("* * * * * ?")]),
        window("delay", [ms(40)]),
        window("expression", [text("at most three")]),
        window("expression", [text("within 30")]),
        window("expression", [attribute(1)]),
        window("expressionBatch", [text("at most three")]),
        window("expressionBatch", [text("at most three"), truth(true)]),
        window("expressionBatch", [attribute(1), truth(false), truth(true)]),
        window("expressionBatch", [attribute(1), truth(true), truth(true)]),
        window("expressionBatch", [attribute(1)]),
        window("externalTime", [attribute(0), ms(40)]),
        window("externalTimeBatch", [attribute(0), ms(40)]),
        window("externalTimeBatch", [attribute(0), ms(40), ms(7), ms(30)]),
        window("externalTimeBatch", [attribute(0), ms(40), attribute(0), int(25), truth(true)]),
        window("frequent", [int(2), attribute(1)]),
        window("frequent", [int(2)]),
        window("length", [int(0)]),
        window("length", [int(3)]),
        window("lengthBatch", [int(0)]),
        window("lengthBatch", [int(3)]),
        window("lengthBatch", [int(3), truth(true)]),
        window("lossyFrequent", [real(0.3), real(0.2), attribute(1)]),
        window("session", [ms(30)]),
        window("session", [ms(30), attribute(1)]),
        window("session", [ms(30), attribute(1), ms(20)]),
        window("sort", [int(2), attribute(2)]),
        window("sort", [int(3), attribute(1), text("desc"), attribute(2), text("asc")]),
        window("time", [ms(40)]),
        window("time", [ms(0)]),
        window("timeBatch", [ms(40)]),
        window("timeBatch", [int(40), int(7)]),
        window("timeBatch", [ms(40), truth(true)]),
        window("timeLength", [ms(40), int(2)]),
        window("timeLength", [ms(40), int(0)]),
    ];
    windows.extend(unique_windows());
    windows.extend(processors());
    let current: Vec<_> = windows.iter().map(|it| it.clone().current_only()).collect();
    let searched: Vec<_> = windows.iter().map(|it| it.clone().current_only().searched()).collect();
    windows.extend(current);
    windows.extend(searched);
    windows
}

fn unique_windows() -> Vec<Asked> {
    let (time, key) = (attribute(0), attribute(1));
    vec![
        window("unique:ever", [key.clone()]),
        window("unique:ever", [key.clone(), attribute(2)]),
        window("unique:externalTimeBatch", [key.clone(), time.clone(), ms(40)]),
        window("unique:externalTimeBatch", [key.clone(), time.clone(), ms(40), int(7), ms(30)]),
        window(
            "unique:externalTimeBatch",
            [key.clone(), time, ms(40), int(7), int(25), truth(true)],
        ),
        window("unique:first", [key.clone()]),
        window("unique:first", [key.clone(), attribute(2)]),
        window("unique:firstLengthBatch", [key.clone(), int(3)]),
        window("unique:firstTimeBatch", [key.clone(), ms(40)]),
        window("unique:length", [key.clone(), int(2)]),
        window("unique:length", [key.clone(), int(0)]),
        window("unique:lengthBatch", [key.clone(), int(3)]),
        window("unique:time", [key.clone(), ms(40)]),
        window("unique:timeBatch", [key.clone(), ms(40)]),
        window("unique:timeBatch", [key.clone(), int(40), int(7)]),
        window("unique:timeLengthBatch", [key.clone(), ms(40), int(3)]),
        window("unique:timeLengthBatch", [key, ms(40), ms(7), int(2)]),
    ]
}

fn processors() -> Vec<Asked> {
    let (time, key, number) = (attribute(0), attribute(1), attribute(2));
    vec![
        window("reorder:akslack", [time.clone(), number.clone(), ms(3)]),
        window("reorder:akslack", [time.clone(), number, ms(3), ms(20), ms(50), truth(true)]),
        window("reorder:kslack", [time.clone()]),
        window("reorder:kslack", [time.clone(), truth(true)]),
        window("reorder:kslack", [time.clone(), ms(20)]),
        window("reorder:kslack", [time, ms(20), ms(30), truth(true)]),
        window("unique:deduplicate", [key, ms(40)]),
    ]
}

#[test]
fn every_window_is_tried() {
    let tried: Vec<_> = all_windows().iter().map(|it| it.name).collect();
    for name in window_names().chain(processor_names()) {
        assert!(tried.contains(&name), "`{name}` wants a place in `all_windows`");
    }
}

/// Steps with a clock that rises, now and then by much, and events that are late now and then.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let late = prop_oneof![6 => Just(0_i64), 1 => 1..60_i64];
    let gap = prop_oneof![4 => 0..12_i64, 1 => 0..120_i64];
    let arriving = prop::collection::vec((gap.clone(), late, 0..4_u8, 0..5_i32), 1..5);
    let step = prop_oneof![
        8 => (0..3_u32, arriving).prop_map(|(key, events)| (0, key, events, 0)),
        1 => gap.prop_map(|gap| (1, 0, Vec::new(), gap)),
        1 => (0..3_u32).prop_map(|key| (2, key, Vec::new(), 0)),
    ];
    prop::collection::vec(step, 1..30).prop_map(|steps| {
        let mut now = 1_000;
        steps
            .into_iter()
            .map(|(what, key, events, gap)| match what {
                0 => {
                    let events = events
                        .into_iter()
                        .map(|(gap, late, word, number)| {
                            now += gap;
                            event(now - late, ["a", "b", "c", "d"][usize::from(word)], number)
                        })
                        .collect();
                    Step::Send(key, events)
                }
                1 => {
                    now += gap;
                    Step::Wait(now)
                }
                _ => Step::Find(key),
            })
            .collect()
    })
}

fn play(player: &mut Player, step: &Step) {
    match step {
        Step::Send(key, events) => {
            player.send_to(*key, events);
        }
        Step::Wait(until) => player.jump(*until),
        Step::Find(key) => {
            let line = format!("find {key}: {:?}", player.find(*key));
            player.lines.push(line);
        }
    }
}

/// Plays all steps, each chunk in a call of its own; saved and loaded before step `cut`.
fn one_by_one(asked: &Asked, steps: &[Step], cut: Option<usize>) -> Player {
    let mut player = Player::new(asked);
    for (i, step) in steps.iter().enumerate() {
        if cut == Some(i) {
            player.restart();
        }
        play(&mut player, step);
    }
    player.jump(player.now + 500);
    player
}

/// Plays all steps with as many chunks a call as the contract of `min_wait_ms` allows.
fn together(asked: &Asked, steps: &[Step]) -> Player {
    let mut player = Player::new(asked);
    let mut waiting: Vec<(i64, u32, &[Event])> = Vec::new();
    let mut now = 0;
    for step in steps {
        let Step::Send(key, events) = step else {
            player.receive_all(&mut waiting);
            play(&mut player, step);
            now = player.now;
            continue;
        };
        now = now.max(events.last().map_or(now, |event| event.at));
        let wait = player.window.min_wait_ms();
        let asked_by_waiting = waiting.iter().flat_map(|(now, _, events)| {
            events.iter().map(|event| event.at.min(*now)).map(|from| from + wait.unwrap_or(0))
        });
        let soon = asked_by_waiting.min().filter(|_| wait.is_some());
        if soon.into_iter().chain(player.next_wake()).any(|due| due <= now) {
            player.receive_all(&mut waiting);
            player.jump(now);
        }
        waiting.push((now, *key, events));
    }
    player.receive_all(&mut waiting);
    player.jump(player.now + 500);
    player
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A node that restarts anywhere says what one that never stopped says.
    #[test]
    fn a_restart_is_invisible(steps in steps(), cut in 0_usize..30) {
        for asked in all_windows() {
            let mut whole = one_by_one(&asked, &steps, None);
            let mut parts = one_by_one(&asked, &steps, Some(cut % steps.len()));
            prop_assert_eq!(&whole.lines, &parts.lines, "{:?}", asked);
            whole.receive(&[]);
            parts.receive(&[]);
            prop_assert_eq!(whole.window.store().len(), parts.window.store().len());
        }
    }

    /// Many chunks in one call give what one call a chunk gives.
    #[test]
    fn batching_is_invisible(steps in steps()) {
        for asked in all_windows() {
            let single = one_by_one(&asked, &steps, None);
            let joined = together(&asked, &steps);
            prop_assert_eq!(&single.lines, &joined.lines, "{:?}", asked);
            prop_assert_eq!(single.faults, joined.faults);
        }
    }

    /// A key that was dropped leaves no row behind, and starts afresh.
    #[test]
    fn dropped_keys_leave_nothing(steps in steps()) {
        for asked in all_windows() {
            let mut player = one_by_one(&asked, &steps, None);
            for key in 0..3 {
                player.window.drop_key(weir_event::Key(key));
                prop_assert_eq!(player.find(key), Vec::<i64>::new());
            }
            let lines = player.lines.len();
            player.jump(player.now + 500);
            prop_assert_eq!(player.lines.len(), lines, "{:?}", asked);
            player.receive(&[]);
            prop_assert_eq!(player.window.store().len(), 0, "{:?}", asked);
        }
    }
}
