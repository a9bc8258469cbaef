//! On-demand queries where Weir parts from the original.

use crate::player::Player;

const APP: &str = "@app:playback define stream S (k string, p double); \
                   @PrimaryKey('k') define table T (k string, p double); from S insert into T;";

#[test]
fn a_plain_attribute_in_a_condition_is_that_of_the_table() {
    let mut player = Player::new(APP, &[]);
    player.send("S@1000 'a',1.0; 'b',2.0");
    assert!(player.ask("delete T on k == 'a'").is_empty());
    assert_eq!(player.ask("from T select *"), ["= 'b', 2.000000e0"]);
}

#[test]
fn set_computes_with_the_row_as_it_was() {
    let mut player = Player::new(APP, &[]);
    player.send("S@1000 'a',1.0");
    assert!(player.ask("update T set T.p = T.p + 1.0 on T.k == 'a'").is_empty());
    assert_eq!(player.ask("from T select p"), ["= 2.000000e0"]);
}
