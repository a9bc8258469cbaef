//! `weir fmt`.

use expect_test::expect;

use crate::desk::Desk;

const PLAIN: &str = "\
define stream In (price double); -- what comes
from In[price>70.0] select price, 'a' as kind insert into Out;
";

#[test]
fn an_app_is_laid_out_once_and_then_left_alone() {
    let desk = Desk::with(&[("a.siddhi", PLAIN)]);
    expect![[r#"
        exit code 1
        --- out
        a.siddhi would change
    "#]]
    .assert_eq(&desk.weir(&["fmt", "--check", "a.siddhi"]));
    assert_eq!(desk.read("a.siddhi"), PLAIN, "`--check` changes nothing");
    expect![[r#"
        exit code 0
        --- out
        a.siddhi changed
    "#]]
    .assert_eq(&desk.weir(&["fmt", "a.siddhi"]));
    expect![[r#"
        define stream In (price double); -- what comes

        from In[price > 70.0]
        select price, 'a' as kind
        insert into Out;
    "#]]
    .assert_eq(&desk.read("a.siddhi"));
    expect![[r#"
        exit code 0
    "#]]
    .assert_eq(&desk.weir(&["fmt", "a.siddhi"]));
    expect![[r#"
        exit code 0
    "#]]
    .assert_eq(&desk.weir(&["fmt", "--check", "a.siddhi"]));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let desk = Desk::with(&[]);
    expect![[r#"
        exit code 0
        --- out
        define stream In (price double); -- what comes

        from In[price > 70.0]
        select price, 'a' as kind
        insert into Out;
    "#]]
    .assert_eq(&desk.weir_reads(&["fmt", "-"], PLAIN));
}

#[test]
fn an_app_with_a_syntax_error_is_left_as_it_is() {
    let broken = "define stream In price double);\n";
    let desk = Desk::with(&[("a.siddhi", broken)]);
    expect![[r#"
        exit code 1
        --- err
        error[unexpected]: expected `(` and the attributes, found `price`
         --> a.siddhi:1:18
          |
        1 | define stream In price double);
          |                  ^^^^^
    "#]]
    .assert_eq(&desk.weir(&["fmt", "a.siddhi"]));
    assert_eq!(desk.read("a.siddhi"), broken);
}
