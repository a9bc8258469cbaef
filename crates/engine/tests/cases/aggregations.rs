//! Aggregations where Weir parts from the original, and their purge.

use crate::player::Player;

const ALL: &str = "0L, 2795459806965L";

fn app(define: &str, rest: &str) -> String {
    format!("@app:playback define stream S (symbol string, price double); {define} {rest}")
}

#[test]
fn a_filter_before_an_aggregation_lets_events_through() {
    let text = app(
        "define aggregation A from S[price > 1.0] select symbol, sum(price) as p group by symbol \
         aggregate every sec...hour;",
        "",
    );
    let mut player = Player::new(&text, &[]);
    player.send("S@1000000 'a',1.0; 'a',2.0; 'b',4.0");
    let mut answer = player.ask(&format!("from A within {ALL} per 'hour' select symbol, p"));
    answer.sort();
    assert_eq!(answer, ["= 'a', 2.000000e0", "= 'b', 4.000000e0"]);
}

#[test]
fn a_join_in_a_partition_sees_the_periods_going_on() {
    let text = app(
        "define stream T (k string); define aggregation A from S select symbol, sum(price) as p \
         group by symbol aggregate every sec...hour;",
        "partition with (k of T) begin from T as t join A as a on t.k == a.symbol \
         within 0L, 2795459806965L per 'sec' select t.k, a.p insert into O; end;",
    );
    let mut player = Player::new(&text, &["O"]);
    player.send("S@1000000 'a',1.0; 'b',4.0");
    assert_eq!(player.send("T@1000100 'b'"), ["< O 'b', 4.000000e0"]);
}

#[test]
fn closed_periods_go_when_they_are_kept_no_longer() {
    let text = app(
        "@purge(enable='true', interval='10 sec', @retentionPeriod(sec='120 sec', min='all')) \
         define aggregation A from S select sum(price) as p aggregate every sec, min;",
        "",
    );
    let ask = format!("from A within {ALL} per 'sec' select AGG_TIMESTAMP, p");
    let mut player = Player::new(&text, &[]);
    player.send("S@1000000 'a',1.0");
    player.send("S@1061000 'a',2.0");
    player.send("S@1125000 'a',4.0");
    player.wall = 1_125_000;
    // The purges due until then run one after the other; the last lets the first second go.
    player.send("S@1126000 'a',8.0");
    let kept = ["= 1061000L, 2.000000e0", "= 1125000L, 4.000000e0", "= 1126000L, 8.000000e0"];
    let mut answer = player.ask(&ask);
    answer.sort();
    assert_eq!(answer, kept);
    player.restart();
    let mut answer = player.ask(&format!("from A within {ALL} per 'min' select p"));
    answer.sort();
    assert_eq!(answer, ["= 1.000000e0", "= 1.200000e1", "= 2.000000e0"]);
}

#[test]
fn a_purge_that_would_lose_totals_stops_for_good() {
    let text = app(
        "@purge(enable='true', interval='10 sec', @retentionPeriod(sec='120 sec')) \
         define aggregation A from S select sum(price) as p aggregate every sec, hour;",
        "",
    );
    let mut player = Player::new(&text, &[]);
    player.send("S@1000000 'a',1.0");
    player.send("S@1061000 'a',2.0");
    // The hour is still going on, so the table of hours has nothing for these seconds.
    player.wall = 2_000_000;
    player.send("S@2000000 'a',4.0");
    let answer = player.ask(&format!("from A within {ALL} per 'sec' select p"));
    assert_eq!(answer.len(), 3, "{answer:?}");
}
