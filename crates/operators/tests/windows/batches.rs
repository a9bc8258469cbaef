//! Windows that emit whole batches.
//!
//! told by: reference 5.1.30, 2026-11-24, in playback; RESET rows, which it shows nobody, by
//! `siddhi-core.md` 3.2.

use crate::player::{Event, Player, attribute, event, int, ms, truth, window};

/// An event that tells another time than its timestamp.
fn telling(at: i64, number: i32, time: i64) -> Event {
    let mut event = event(at, "a", number);
    event.values[0] = time.into();
    event
}

#[test]
fn a_full_length_batch_expires_the_one_before() {
    let mut player = Player::new(&window("lengthBatch", [int(2)]));
    player.send(&[event(1_000, "a", 1)]).send(&[event(1_100, "a", 2)]).send(&[
        event(1_200, "a", 3),
        event(1_300, "a", 4),
        event(1_400, "a", 5),
        event(1_500, "a", 6),
        event(1_600, "a", 7),
    ]);
    assert_eq!(
        player.lines,
        [
            "1100/0: R +1@1000 +2@1100",
            "1600/0: -1@1600 -2@1600 R +3@1200 +4@1300",
            "1600/0: -3@1600 -4@1600 R +5@1400 +6@1500",
        ]
    );
}

#[test]
fn a_streaming_length_batch_expires_with_the_next_event() {
    let mut player = Player::new(&window("lengthBatch", [int(2), truth(true)]));
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
            "1400/0: -1@1400 -2@1400 R +3@1200",
            "1400/0: +4@1300",
            "1400/0: -3@1400 -4@1400 R +5@1400",
        ]
    );
}

#[test]
fn a_length_batch_of_nothing_resets_after_each_event() {
    let mut player = Player::new(&window("lengthBatch", [int(0)]));
    player.send(&[event(1_000, "a", 1), event(1_100, "a", 2)]);
    assert_eq!(player.lines, ["1100/0: +1@1000 -1@1100 R", "1100/0: +2@1100 -2@1100 R"]);
}

/// Recording `gotchas/61`: without expired rows a find sees every batch completed so far.
#[test]
fn a_find_sees_the_last_batch_or_all_of_them() {
    let asked = window("lengthBatch", [int(2)]);
    let mut last = Player::new(&asked.clone().searched());
    let mut all = Player::new(&asked.current_only().searched());
    for number in 1..=5 {
        let at = 1_000 + i64::from(number);
        last.send(&[event(at, "a", number)]);
        all.send(&[event(at, "a", number)]);
    }
    assert_eq!(last.find(0), [3, 4]);
    assert_eq!(all.find(0), [1, 2, 3, 4]);
}

/// What was found keeps its own timestamps when it expires.
#[test]
fn a_searched_batch_expires_with_its_own_timestamps() {
    let mut player = Player::new(&window("lengthBatch", [int(2)]).searched());
    player.send(&[event(1_000, "a", 1)]).send(&[event(1_100, "a", 2)]);
    assert_eq!(player.find(0), [1, 2]);
    player.restart();
    player.send(&[event(1_200, "a", 3)]).send(&[event(1_300, "a", 4)]);
    assert_eq!(player.lines[1], "1300/0: -1@1000 -2@1100 R +3@1200 +4@1300");
    player.send(&[event(1_400, "a", 5)]).send(&[event(1_500, "a", 6)]);
    assert_eq!(player.lines[2], "1500/0: -3@1500 -4@1500 R +5@1400 +6@1500");
}

#[test]
fn a_time_batch_ticks_for_ever_and_one_step_at_a_time() {
    let mut player = Player::new(&window("timeBatch", [ms(1_000)]));
    player
        .send(&[event(1_000, "a", 1)])
        .send(&[event(1_200, "a", 2), event(2_100, "a", 3)])
        .send(&[event(2_500, "a", 4)])
        .jump(5_000);
    player.send(&[event(5_100, "a", 5)]).jump(6_200);
    player.jump(7_500);
    assert_eq!(
        player.lines,
        [
            "2100/0: R +1@1000",
            "5000/0: -1@5000 R +2@1200 +3@2100 +4@2500",
            "5000/0: -2@5000 -3@5000 -4@5000",
            "6200/0: R +5@5100",
            "7500/0: -5@7500",
        ]
    );
}

#[test]
fn a_time_batch_is_aligned_to_its_start() {
    let mut player = Player::new(&window("timeBatch", [ms(1_000), int(300)]));
    player
        .send(&[event(1_000, "a", 1)])
        .send(&[event(1_200, "a", 2)])
        .send(&[event(1_500, "a", 3)])
        .send(&[event(2_500, "a", 4)])
        .jump(5_000);
    assert_eq!(
        player.lines,
        [
            "1500/0: R +1@1000 +2@1200",
            "2500/0: -1@2500 -2@2500 R +3@1500",
            "5000/0: -3@5000 R +4@2500",
            "5000/0: -4@5000",
        ]
    );
}

#[test]
fn a_streaming_time_batch_expires_at_the_tick() {
    let mut player = Player::new(&window("timeBatch", [ms(1_000), truth(true)]));
    player
        .send(&[event(1_000, "a", 1)])
        .send(&[event(1_200, "a", 2)])
        .send(&[event(2_000, "a", 3)])
        .jump(5_000);
    assert_eq!(
        player.lines,
        [
            "1000/0: +1@1000",
            "1200/0: +2@1200",
            "2000/0: -1@2000 -2@2000 R",
            "2000/0: +3@2000",
            "5000/0: -3@5000 R",
        ]
    );
}

/// The reference emits the batches of the first key alone (`gotchas/24`), which loses events; here
/// every key has its own ticks. The rows of the first key are as the reference told them.
#[test]
fn every_key_of_a_time_batch_has_its_ticks() {
    let mut player = Player::new(&window("timeBatch", [ms(1_000)]).current_only());
    player
        .send_to(0, &[event(1_000, "a", 1)])
        .send_to(1, &[event(1_500, "b", 2)])
        .send_to(1, &[event(2_600, "b", 3)])
        .send_to(0, &[event(2_700, "a", 4)])
        .send_to(1, &[event(3_600, "b", 5)]);
    assert_eq!(
        player.lines,
        ["2600/0: R +1@1000", "2600/1: R +2@1500", "3600/0: R +4@2700", "3600/1: R +3@2600"]
    );
}

#[test]
fn an_external_time_batch_skips_empty_ones_and_takes_late_events() {
    let mut player = Player::new(&window("externalTimeBatch", [attribute(0), ms(1_000)]));
    let mut lost = telling(1_700, 9, 0);
    lost.values[0] = weir_event::Value::Null;
    player
        .send(&[telling(1_000, 1, 1_000)])
        .send(&[telling(1_100, 2, 1_500)])
        .send(&[telling(1_200, 3, 900)])
        .send(&[telling(1_300, 4, 2_000)])
        .send(&[
            telling(1_400, 5, 2_500),
            telling(1_500, 6, 5_600),
            telling(1_550, 7, 5_500),
            telling(1_560, 8, 6_100),
        ])
        .send(&[lost])
        .send(&[telling(1_800, 10, 9_000)]);
    assert_eq!(
        player.lines,
        [
            "1300/0: R +1@1000 +2@1100 +3@1200",
            "1560/0: -1@5600 -2@5600 -3@5600 R +4@1300 +5@1400",
            "1560/0: -4@6100 -5@6100 R +6@1500 +7@1550",
            "1800/0: -6@9000 -7@9000 R +8@1560",
        ]
    );
    assert_eq!(player.faults, 1, "an event that tells no time cannot be computed");
    assert_eq!(player.find(0), [8]);
}

#[test]
fn an_external_time_batch_is_aligned_to_its_start() {
    let mut player = Player::new(&window("externalTimeBatch", [attribute(0), ms(1_000), int(300)]));
    player
        .send(&[telling(1_000, 1, 1_000)])
        .send(&[telling(1_100, 2, 1_299)])
        .send(&[telling(1_300, 4, 1_300)])
        .send(&[telling(1_400, 5, 2_500)])
        .send(&[telling(1_500, 6, 5_600)]);
    assert_eq!(
        player.lines,
        [
            "1300/0: R +1@1000 +2@1100",
            "1400/0: -1@2500 -2@2500 R +4@1300",
            "1500/0: -4@5600 R +5@1400",
        ]
    );
}

#[test]
fn a_timeout_emits_the_open_batch_and_again_what_follows() {
    let params = [attribute(0), ms(1_000), attribute(0), int(100), truth(true)];
    let mut player = Player::new(&window("externalTimeBatch", params));
    player.send(&[telling(1_000, 1, 1_000)]).send(&[telling(1_050, 2, 1_299)]).jump(1_200);
    player.send(&[telling(1_300, 4, 1_300)]).jump(1_500);
    player.jump(1_700);
    player.send(&[telling(1_750, 5, 2_500)]).send(&[telling(1_760, 6, 5_600)]).jump(2_000);
    player.jump(2_100);
    assert_eq!(
        player.lines,
        [
            "1200/0: R +1@1000 +2@1050",
            "1500/0: -1@1300 -2@1300 R +1@1000 +2@1050 +4@1300",
            "1760/0: -1@5600 -2@5600 -4@5600 R +5@1750",
            "2000/0: -5@5600 R +6@1760",
        ]
    );
}

#[test]
fn each_chunk_is_a_batch() {
    let mut player = Player::new(&window("batch", []));
    player
        .send(&[event(1_000, "a", 1), event(1_100, "a", 2)])
        .send(&[event(1_200, "a", 3)])
        .send(&[event(1_300, "a", 4), event(1_400, "a", 5), event(1_500, "a", 6)]);
    assert_eq!(
        player.lines,
        [
            "1100/0: +1@1000 +2@1100",
            "1200/0: -1@1200 -2@1200 R +3@1200",
            "1500/0: -3@1500 R +4@1300 +5@1400 +6@1500",
        ]
    );
}

#[test]
fn a_chunk_is_cut_in_pieces() {
    let mut player = Player::new(&window("batch", [int(2)]));
    player
        .send(&[event(1_000, "a", 1), event(1_100, "a", 2), event(1_150, "a", 3)])
        .send(&[event(1_200, "a", 4)])
        .send(&[event(1_300, "a", 5), event(1_400, "a", 6), event(1_500, "a", 7)]);
    assert_eq!(
        player.lines,
        [
            "1150/0: +1@1000 +2@1100",
            "1150/0: R +3@1150",
            "1200/0: -1@1200 -2@1200 -3@1200 R +4@1200",
            "1500/0: -4@1500 R +5@1300 +6@1400",
            "1500/0: R +7@1500",
        ]
    );
}
