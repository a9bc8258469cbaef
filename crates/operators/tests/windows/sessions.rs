//! The session window.
//!
//! told by: reference 5.1.30, 2026-11-24, in playback.

use crate::player::{Asked, Player, attribute, event, ms, window};

/// A window with sessions by the key attribute.
fn by_key(latency_ms: i64) -> Asked {
    window("session", [ms(1_000), attribute(1), ms(latency_ms)])
}

fn send_all(player: &mut Player, events: &[(i64, &str, i32)]) {
    for (at, key, number) in events {
        player.send(&[event(*at, key, *number)]);
    }
}

#[test]
fn each_key_has_its_sessions() {
    let mut player = Player::new(&window("session", [ms(1_000), attribute(1)]));
    send_all(&mut player, &[(1_000, "a", 1), (1_500, "b", 2), (1_900, "a", 3)]);
    player.jump(2_000);
    player.jump(2_600);
    send_all(&mut player, &[(2_700, "b", 4)]);
    player.jump(3_000);
    player.jump(4_000);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1500/0: +2@1500",
            "1900/0: +3@1900",
            "2600/0: -2@1500",
            "2700/0: +4@2700",
            "3000/0: -1@1000 -3@1900",
            "4000/0: -4@2700",
        ]
    );
}

#[test]
fn late_events_join_what_is_still_there() {
    let mut player = Player::new(&by_key(500));
    send_all(
        &mut player,
        &[(1_000, "a", 1), (1_500, "b", 2), (1_900, "a", 3), (3_000, "a", 4), (2_600, "a", 5)],
    );
    send_all(&mut player, &[(900, "a", 6)]);
    for at in [3_600, 4_400, 4_500, 6_000] {
        player.jump(at);
    }
    assert_eq!(
        player.lines[3..],
        [
            "3000/0: -2@1500",
            "3000/0: +4@3000",
            "3000/0: +5@2600",
            "3000/0: +6@900",
            "4500/0: -5@2600 -1@1000 -3@1900 -6@900 -4@3000",
        ]
    );
}

#[test]
fn an_event_later_than_every_session_is_dropped() {
    let mut player = Player::new(&by_key(1_000));
    send_all(
        &mut player,
        &[(5_000, "a", 1), (6_500, "a", 2), (5_800, "a", 3), (4_100, "a", 4), (3_000, "a", 5)],
    );
    player.jump(9_000);
    assert_eq!(
        player.lines,
        [
            "5000/0: +1@5000",
            "6500/0: +2@6500",
            "6500/0: +3@5800",
            "6500/0: +4@4100",
            "9000/0: -3@5800 -1@5000 -4@4100 -2@6500",
        ]
    );
}

/// Without latency, event 6 comes after the end of a session that no wake-up has closed yet.
#[test]
fn an_event_before_the_wake_up_is_not_stored() {
    let mut player = Player::new(&window("session", [ms(1_000)]));
    send_all(&mut player, &[(5_000, "a", 1), (4_500, "a", 2), (3_000, "a", 3), (6_000, "a", 4)]);
    // The reference moves its clock to the last event of an array, not the newest.
    player.receive(&[(
        6_200,
        0,
        &[event(6_500, "a", 5), event(8_000, "a", 6), event(6_200, "a", 7)],
    )]);
    player.jump(9_500);
    assert_eq!(
        player.lines,
        [
            "5000/0: +1@5000",
            "5000/0: +2@4500",
            "6000/0: -2@4500 -1@5000",
            "6000/0: +4@6000",
            "6200/0: +5@6500 +6@8000 +7@6200",
            "9500/0: -4@6000 -5@6500 -7@6200",
        ]
    );
}
