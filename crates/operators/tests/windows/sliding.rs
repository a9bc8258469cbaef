//! Windows whose rows leave one by one.
//!
//! told by: reference 5.1.30, 2026-11-24, in playback; RESET rows, which it shows nobody, by
//! `siddhi-core.md` 3.2.

use crate::player::{Event, Player, attribute, event, int, ms, real, text, window};

#[test]
fn a_full_length_window_emits_the_oldest_before_the_newest() {
    let mut player = Player::new(&window("length", [int(2)]));
    player.send(&[event(1_000, "a", 1)]).send(&[event(1_100, "a", 2)]).send(&[
        event(1_200, "a", 3),
        event(1_300, "a", 4),
        event(1_400, "a", 5),
    ]);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1100/0: +2@1100",
            "1400/0: -1@1400 +3@1200 -2@1400 +4@1300 -3@1400 +5@1400",
        ]
    );
    assert_eq!(player.find(0), [4, 5]);
}

#[test]
fn a_length_window_of_nothing_resets_after_each_event() {
    for length in [0, -3] {
        let mut player = Player::new(&window("length", [int(length)]));
        player.send(&[event(1_000, "a", 1)]).send(&[event(1_100, "a", 2)]);
        assert_eq!(player.lines, ["1000/0: +1@1000 -1@1000 R", "1100/0: +2@1100 -2@1100 R"]);
    }
}

#[test]
fn keys_of_a_length_window_do_not_meet() {
    let mut player = Player::new(&window("length", [int(1)]));
    player
        .send_to(0, &[event(1_000, "a", 1)])
        .send_to(2, &[event(1_100, "b", 2)])
        .send_to(0, &[event(1_200, "a", 3)]);
    assert_eq!(player.lines, ["1000/0: +1@1000", "1100/2: +2@1100", "1200/0: -1@1200 +3@1200"]);
    assert_eq!((player.find(0), player.find(1), player.find(2)), (vec![3], vec![], vec![2]));
}

/// A late event (3) waits behind those before it; one that is older than what asked for the newest
/// wake-up (7) asks for none and leaves with it.
#[test]
fn a_time_window_holds_in_order_of_arrival() {
    let mut player = Player::new(&window("time", [ms(1_000)]));
    player
        .send(&[event(1_000, "a", 1)])
        .send(&[event(1_500, "a", 2)])
        .send(&[event(1_200, "a", 3)])
        .jump(2_000);
    player
        .send(&[event(2_400, "a", 4), event(2_600, "a", 5)])
        .send(&[event(5_000, "a", 6)])
        .send(&[event(4_000, "a", 7)])
        .jump(5_500);
    player.jump(6_100);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1500/0: +2@1500",
            "1500/0: +3@1200",
            "2000/0: -1@2000",
            "2600/0: -2@2600 -3@2600",
            "2600/0: +4@2400 +5@2600",
            "5000/0: -4@5000 -5@5000",
            "5000/0: +6@5000",
            "5000/0: +7@4000",
            "6100/0: -6@6100 -7@6100",
        ]
    );
}

#[test]
fn one_wake_up_is_pending_a_key() {
    let mut player = Player::new(&window("time", [ms(1_000)]));
    for i in 0..100 {
        player.send(&[event(1_000 + i, "a", 1)]);
    }
    assert_eq!(player.wakes(), 1);
}

#[test]
fn an_external_time_window_goes_by_what_events_tell() {
    let telling = |at, number, time: Option<i64>| -> Event {
        let mut event = event(at, "a", number);
        event.values[0] = time.map_or(weir_event::Value::Null, Into::into);
        event
    };
    let mut player = Player::new(&window("externalTime", [attribute(0), ms(1_000)]));
    player
        .send(&[telling(1_000, 1, Some(1_000))])
        .send(&[telling(1_100, 2, Some(1_500))])
        .send(&[telling(1_200, 3, Some(1_200))])
        .send(&[telling(1_300, 4, Some(2_000))])
        .send(&[telling(1_400, 5, Some(2_500)), telling(1_500, 6, Some(2_600))])
        .send(&[telling(1_600, 7, None)])
        .send(&[telling(1_700, 8, Some(4_000))]);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1100/0: +2@1100",
            "1200/0: +3@1200",
            "1300/0: -1@2000 +4@1300",
            "1500/0: -2@2500 -3@2500 +5@1400 +6@1500",
            "1700/0: -4@4000 -5@4000 -6@4000 +8@1700",
        ]
    );
    assert_eq!(player.faults, 1);
}

/// Sends these events one at a time and gives what each let out.
fn one_at_a_time(player: &mut Player, events: &[(i64, &str, i32)]) {
    for (at, key, number) in events {
        player.send(&[event(*at, key, *number)]);
    }
}

#[test]
fn a_time_length_window_is_limited_both_ways() {
    let mut player = Player::new(&window("timeLength", [ms(1_000), int(2)]));
    one_at_a_time(&mut player, &[(1_000, "a", 1), (1_100, "a", 2), (1_200, "a", 3)]);
    player.jump(2_150);
    player
        .send(&[event(2_300, "a", 4), event(2_400, "a", 5), event(2_500, "a", 6)])
        .send(&[event(2_200, "a", 7)])
        .jump(4_000);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1100/0: +2@1100",
            "1200/0: -1@1200 +3@1200",
            "2150/0: -2@2150",
            "2500/0: -3@2500",
            "2500/0: +4@2300 +5@2400 -4@2500 +6@2500",
            "2500/0: -5@2500 +7@2200",
            "4000/0: -6@4000 -7@4000",
        ]
    );
}

#[test]
fn a_time_length_window_of_nothing_only_passes() {
    let mut player = Player::new(&window("timeLength", [ms(1_000), int(0)]));
    one_at_a_time(&mut player, &[(1_000, "a", 1), (1_100, "a", 2)]);
    player.jump(2_150);
    assert_eq!(player.lines, ["1000/0: +1@1000", "1100/0: +2@1100"]);
}

#[test]
fn a_delay_lets_events_out_as_current_ones() {
    let mut player = Player::new(&window("delay", [ms(1_000)]));
    one_at_a_time(&mut player, &[(1_000, "a", 1), (1_500, "a", 2), (1_200, "a", 3)]);
    player.jump(2_000);
    let later = [(2_400, "a", 4), (2_600, "a", 5), (5_000, "a", 6), (4_000, "a", 7)];
    one_at_a_time(&mut player, &later);
    assert_eq!(player.find(0), [6, 7]);
    player.jump(5_500);
    player.jump(6_100);
    assert_eq!(
        player.lines,
        [
            "2000/0: +1@2000",
            "2600/0: +2@2600 +3@2600",
            "5000/0: +4@5000 +5@5000",
            "6100/0: +6@6100 +7@6100",
        ]
    );
}

#[test]
fn a_sort_window_lets_the_last_in_order_go() {
    let mut player = Player::new(&window("sort", [int(2), attribute(2)]));
    one_at_a_time(&mut player, &[(1_000, "a", 3), (1_100, "b", 1), (1_200, "c", 2)]);
    player.send(&[event(1_300, "d", 2), event(1_400, "e", 0)]);
    assert_eq!(
        player.lines,
        [
            "1000/0: +3@1000",
            "1100/0: +1@1100",
            "1200/0: +2@1200 -3@1200",
            "1400/0: +2@1300 -2@1400 +0@1400 -2@1400",
        ]
    );
    let mut unknown = event(1_450, "x", 0);
    unknown.values[2] = weir_event::Value::Null;
    player.send(&[unknown]);
    assert_eq!((player.lines.len(), player.faults, player.find(0)), (4, 1, vec![0, 1]));
}

#[test]
fn a_sort_window_sorts_by_several_attributes() {
    let params = [int(2), attribute(1), text("desc"), attribute(2), text("asc")];
    let mut player = Player::new(&window("sort", params));
    one_at_a_time(&mut player, &[(1_000, "a", 3), (1_100, "b", 1), (1_200, "b", 2)]);
    player.send(&[event(1_300, "b", 0), event(1_400, "a", 0)]).send(&[event(1_500, "c", 9)]);
    assert_eq!(
        player.lines[2..],
        [
            "1200/0: +2@1200 -3@1200",
            "1400/0: +0@1300 -2@1400 +0@1400 -0@1400",
            "1500/0: +9@1500 -1@1500"
        ]
    );
}

#[test]
fn a_frequent_window_counts_down_when_it_is_full() {
    let mut player = Player::new(&window("frequent", [int(2), attribute(1)]));
    one_at_a_time(
        &mut player,
        &[
            (1_000, "a", 1),
            (1_100, "b", 2),
            (1_200, "a", 3),
            (1_300, "c", 4),
            (1_400, "c", 5),
            (1_500, "d", 6),
        ],
    );
    player.send(&[event(1_600, "d", 7), event(1_700, "a", 8)]);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1100/0: +2@1100",
            "1200/0: +3@1200",
            "1300/0: -2@1300 +4@1300",
            "1400/0: +5@1400",
            "1500/0: -3@1500 +6@1500",
            "1700/0: +7@1600 -5@1700 +8@1700",
        ]
    );
}

#[test]
fn a_lossy_frequent_window_lets_rare_kinds_go() {
    let mut player = Player::new(&window("lossyFrequent", [real(0.3), real(0.2), attribute(1)]));
    let kinds = ["a", "b", "a", "c", "c", "d", "d", "a", "e", "e", "f"];
    for (number, kind) in (1..).zip(kinds) {
        player.send(&[event(1_000 + i64::from(number), kind, number)]);
    }
    assert_eq!(
        player.lines,
        [
            "1001/0: +1@1001",
            "1002/0: +2@1002",
            "1003/0: +3@1003",
            "1004/0: +4@1004",
            "1005/0: +5@1005 -2@1005",
            "1006/0: +6@1006",
            "1007/0: +7@1007",
            "1008/0: +8@1008",
            "1009/0: +9@1009",
            "1010/0: +10@1010 -5@1010",
        ]
    );
}
