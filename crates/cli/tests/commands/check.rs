//! `weir check`.

use expect_test::expect;

use crate::desk::Desk;

const GOOD: &str = "define stream In (price double);\nfrom In select price insert into Out;\n";
const BROKEN: &str = "\
define stream Trades (symbol string, price double);
from Trades[price > 'a'] select symbol insert into Out;
from Trade select symbol insert into Out;
";

#[test]
fn good_apps_are_named_and_the_exit_code_is_0() {
    let desk = Desk::with(&[("apps/b.siddhi", GOOD), ("apps/a.siddhi", GOOD), ("apps/c.txt", "")]);
    expect![[r#"
        exit code 0
        --- out
        apps/a.siddhi: ok
        apps/b.siddhi: ok
    "#]]
    .assert_eq(&desk.weir(&["check", "apps"]));
}

#[test]
fn every_problem_of_every_app_is_told_at_its_place() {
    let syntax = "define stream In price double);\nfrom In[price > 70 insert into Out;\n";
    let desk = Desk::with(&[("a.siddhi", BROKEN), ("b.siddhi", syntax), ("good.siddhi", GOOD)]);
    expect![[r#"
        exit code 1
        --- out
        good.siddhi: ok

        --- err
        error[type]: `>` cannot compare `double` with `string`
         --> a.siddhi:2:13
          |
        2 | from Trades[price > 'a'] select symbol insert into Out;
          |             ^^^^^^^^^^^

        error[unknown-stream]: no stream, table, window or aggregation `Trade` is defined
         --> a.siddhi:3:6
          |
        3 | from Trade select symbol insert into Out;
          |      ^^^^^
        hint: did you mean `Trades`

        error[unexpected]: expected `(` and the attributes, found `price`
         --> b.siddhi:1:18
          |
        1 | define stream In price double);
          |                  ^^^^^

        error[unexpected]: expected `]` or an operator, found `insert`
         --> b.siddhi:2:20
          |
        2 | from In[price > 70 insert into Out;
          |                    ^^^^^^

        2 of 3 apps have problems
    "#]]
    .assert_eq(&desk.weir(&["check", "a.siddhi", "b.siddhi", "good.siddhi"]));
}

#[test]
fn a_variable_without_a_value_is_a_problem() {
    let app = "@app:name('${APP_NAME_THAT_NOBODY_SET}')\ndefine stream In (price double);\n";
    let desk = Desk::with(&[("a.siddhi", app)]);
    expect![[r#"
        exit code 1
        --- err
        error[unknown-variable]: the variable `APP_NAME_THAT_NOBODY_SET` has no value
         --> a.siddhi:1:12
          |
        1 | @app:name('${APP_NAME_THAT_NOBODY_SET}')
          |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^
        hint: set `APP_NAME_THAT_NOBODY_SET` in the environment

        1 of 1 apps have problems
    "#]]
    .assert_eq(&desk.weir(&["check", "a.siddhi"]));
}

#[test]
fn an_app_may_come_by_standard_input() {
    let desk = Desk::with(&[]);
    expect![[r#"
        exit code 0
        --- out
        -: ok
    "#]]
    .assert_eq(&desk.weir_reads(&["check", "-"], GOOD));
}

#[test]
fn a_file_that_is_not_there_and_a_folder_without_apps_are_named() {
    let desk = Desk::with(&[("empty/readme.txt", "")]);
    expect![[r#"
        exit code 1
        --- err
        error: could not read `nothing.siddhi`
          because No such file or directory (os error 2)
    "#]]
    .assert_eq(&desk.weir(&["check", "nothing.siddhi"]));
    expect![[r#"
        exit code 1
        --- err
        error: there is no `.siddhi` file in `empty`
        hint: subfolders are not looked into
    "#]]
    .assert_eq(&desk.weir(&["check", "empty"]));
    expect![[r#"
        exit code 2
        --- err
        error: the following required arguments were not provided:
          <APP>...

        Usage: weir check <APP>...

        For more information, try '--help'.
    "#]]
    .assert_eq(&desk.weir(&["check"]));
}
