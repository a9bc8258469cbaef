//! What `weir` says about itself.

use expect_test::expect;

use crate::desk::Desk;

/// Every command that a person may type.
const COMMANDS: [&str; 8] = ["bench", "check", "demo", "errors", "fmt", "replay", "run", "serve"];

#[test]
fn a_mistyped_command_is_met_with_the_nearest() {
    expect![[r#"
        exit code 2
        --- err
        error: unrecognized subcommand 'chek'

          tip: a similar subcommand exists: 'check'

        Usage: weir <COMMAND>

        For more information, try '--help'.
    "#]]
    .assert_eq(&Desk::with(&[]).weir(&["chek"]));
}

#[test]
fn every_command_is_listed_and_shows_examples() {
    let desk = Desk::with(&[]);
    let overview = desk.weir(&["--help"]);
    for command in COMMANDS {
        assert!(overview.contains(&format!("\n  {command} ")), "{command}:\n{overview}");
        let help = desk.weir(&["help", command]);
        assert!(help.starts_with("exit code 0\n"), "{help}");
        assert!(help.contains(&format!("Examples:\n  weir {command}")), "{help}");
        let wide = help.lines().find(|it| it.chars().count() > 100);
        assert_eq!(wide, None, "a line of `weir help {command}` is too long");
    }
}
