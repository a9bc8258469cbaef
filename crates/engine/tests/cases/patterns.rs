//! Patterns and sequences where Weir parts from the original.

use crate::player::Player;

const STREAMS: &str = "@app:playback define stream A (k string, v int); \
     define stream B (k string, v int); define stream C (k string, v int);";

/// Plays sends, and gives all that came out.
fn played(query: &str, sends: &[&str]) -> Vec<String> {
    let text = format!("{STREAMS} {query}");
    let mut player = Player::new(&text, &["O"]);
    let mut rows = Vec::new();
    for send in sends {
        player.restart();
        rows.extend(player.send(send));
    }
    rows
}

#[test]
fn a_sequence_may_need_several_events_of_one_element() {
    let query =
        "from every e1=A<2:3>, e2=B select e1[0].v as a, e1[1].v as b, e2.v as c insert into O;";
    let sends = ["A@10 'a', 1", "A@11 'a', 2", "B@12 'a', 3", "A@13 'a', 4", "B@14 'a', 5"];
    assert_eq!(played(query, &sends), ["< O 1, 2, 3"]);
}

#[test]
fn a_counted_element_at_the_end_of_a_sequence_is_complete_at_its_least_number() {
    let query =
        "from every e1=A, e2=B<2:3> select e1.v as a, e2[0].v as b, e2[1].v as c insert into O;";
    let sends = ["A@10 'a', 1", "B@11 'a', 2", "B@12 'a', 3", "B@13 'a', 4"];
    assert_eq!(played(query, &sends), ["< O 1, 2, 3"]);
    let query = "from every e1=A, e2=B+ select e1.v as a, e2[0].v as b insert into O;";
    assert_eq!(played(query, &sends), ["< O 1, 2"]);
}

#[test]
fn either_operand_completes_an_and_that_is_the_whole_pattern() {
    let query = "from every (e1=A and e2=B) select e1.v as a, e2.v as b insert into O;";
    let sends = ["B@10 'a', 1", "A@11 'a', 2", "A@12 'a', 3", "B@13 'a', 4"];
    assert_eq!(played(query, &sends), ["< O 2, 1", "< O 3, 4"]);
}

#[test]
fn what_may_be_left_out_at_the_end_is_left_out_of_the_match_that_got_there() {
    let query =
        "from every e1=A, e2=B, e3=C? select e1.v as a, e2.v as b, e3.v as c insert into O;";
    let query = query.replace("e3.v", "e3[0].v");
    let sends = ["A@10 'a', 1", "B@11 'a', 2", "A@12 'a', 3", "C@13 'a', 4"];
    assert_eq!(played(&query, &sends), ["< O 1, 2, null"]);
}

#[test]
fn a_match_is_not_lost_because_a_later_event_of_the_array_comes_too_late_for_it() {
    let query = "from every e1=A or e2=B within 100 milliseconds select e1.v as a, e2.v as b \
                 insert into O;";
    let text = format!("{STREAMS} {query}");
    let mut player = Player::new(&text, &["O"]);
    assert_eq!(player.send("B@1000 'a', 1; @1200 'a', 2"), ["< O null, 1", "< O null, 2"]);
}

#[test]
fn every_before_a_sequence_with_an_absent_stream_reaches_over_its_first_element_alone() {
    let query = "from every e1=A, e2=B, not C for 5 milliseconds, e3=A select e1.v as a, e3.v as b \
                 insert into O;";
    let sends = ["A@10 'a', 1", "B@11 'a', 2", "A@17 'a', 3", "B@18 'a', 4", "A@24 'a', 5"];
    assert_eq!(played(query, &sends), ["< O 1, 3", "< O 3, 5"]);
}
