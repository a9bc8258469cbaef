//! No input panics, hangs or overflows the stack, and what is said about it is in bounds.

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};
use weir_query::{
    App, NESTING_MAX, PROBLEMS_MAX, format_source, parse_app, parse_expression, parse_on_demand,
    print_app, print_expr, print_on_demand, render_problems, substitute_variables,
};

const TOLD: &str = include_str!("told.txt");

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "from",
    "select",
    "insert",
    "into",
    "every",
    "not",
    "and",
    "or",
    "as",
    "for",
    "within",
    "of",
    "partition",
    "with",
    "begin",
    "end",
    "define",
    "stream",
    "table",
    "window",
    "trigger",
    "function",
    "aggregation",
    "aggregate",
    "by",
    "at",
    "return",
    "output",
    "all",
    "events",
    "first",
    "last",
    "snapshot",
    "group",
    "having",
    "order",
    "desc",
    "limit",
    "offset",
    "join",
    "left",
    "outer",
    "unidirectional",
    "on",
    "per",
    "update",
    "delete",
    "set",
    "in",
    "is",
    "null",
    "true",
    "int",
    "string",
    "sec",
    "min",
    "a",
    "S",
    "T",
    "`q`",
    "5",
    "1.5",
    "2L",
    "'x'",
    "\"y\"",
    "\"\"\"z\"\"\"",
    "{ js }",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "<=",
    "==",
    "!=",
    "=",
    "->",
    ",",
    ";",
    ":",
    ".",
    "...",
    "+",
    "-",
    "*",
    "/",
    "%",
    "@",
    "@app:name('x')",
    "@info(name='q')",
    "#",
    "!",
    "?",
    "#window.length(5)",
    "'",
    "\"",
    "`",
    "{",
    "}",
    "${V}",
    "é",
    "\u{0}",
    "--",
    "/*",
    "*/",
    "\n",
];

/// Everything that is promised about any text.
fn check(text: &str) {
    let (app, problems) = parse_app(text);
    assert!(problems.len() <= PROBLEMS_MAX);
    for problem in &problems {
        let spans = problem.labels.iter().map(|label| label.span);
        for span in spans.chain([problem.span]) {
            assert!(span.start <= span.end, "{problem:?}");
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{problem:?}");
        }
    }
    let shown = render_problems("text", text, &problems);
    assert_eq!(shown.is_empty(), problems.is_empty());
    match format_source(text) {
        Ok(laid_out) => {
            assert!(problems.is_empty());
            check_read(&app, &laid_out);
            check_read(&app, &print_app(&app));
            assert_eq!(format_source(&laid_out).as_ref(), Ok(&laid_out));
        }
        Err(found) => assert_eq!(found, problems),
    }
    let (query, problems) = parse_on_demand(text);
    if let (Some(query), true) = (query, problems.is_empty()) {
        let printed = print_on_demand(&query);
        assert_eq!(parse_on_demand(&printed), (Some(query), Vec::new()), "{printed}");
    }
    let (expr, problems) = parse_expression(text);
    if let (Some(expr), true) = (expr, problems.is_empty()) {
        let printed = print_expr(&expr);
        assert_eq!(parse_expression(&printed), (Some(expr), Vec::new()), "{printed}");
    }
    substitute_variables(text, &|name| (name == "V").then(|| "value".to_owned()));
}

fn check_read(app: &App, printed: &str) {
    let (again, problems) = parse_app(printed);
    assert!(problems.is_empty(), "{}", render_problems("printed", printed, &problems));
    assert_eq!(&again, app, "{printed}");
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(WORDS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from)
    ]
}

/// A text that the reference was asked about.
fn told() -> impl Strategy<Value = &'static str> {
    let lines: Vec<_> = TOLD.lines().filter(|line| !line.starts_with('#')).collect();
    select(lines).prop_map(|line| line.split_at(15).1)
}

/// A change to a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, String),
    Remove(Index, Index),
    Repeat(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), token()).prop_map(|(at, token)| Change::Insert(at, token)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Remove(from, to)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

/// The pieces of a text, to change it between words and not inside them.
fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(|it: char| !it.is_alphanumeric()).map(str::to_owned).collect()
}

fn apply(pieces: &mut Vec<String>, change: Change) {
    let place = |index: Index, pieces: &[String]| index.index(pieces.len() + 1);
    match change {
        Change::Insert(at, token) => pieces.insert(place(at, pieces), format!(" {token} ")),
        Change::Remove(from, to) => {
            let (from, to) = (place(from, pieces), place(to, pieces));
            pieces.drain(from.min(to)..from.max(to).min(from.min(to) + 4));
        }
        Change::Repeat(from, to) => {
            let (from, to) = (place(from, pieces), place(to, pieces));
            let copy = pieces[from.min(to)..from.max(to)].to_vec();
            let at = from.min(to);
            pieces.splice(at..at, copy);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_soup_of_tokens_is_read(tokens in vec(token(), 0..60)) {
        check(&tokens.join(" "));
        check(&tokens.concat());
        check(&format!("define stream S (a int); from S {}", tokens.join(" ")));
    }

    #[test]
    fn any_text_is_read(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn a_changed_app_is_read(
        text in told(),
        also in told(),
        changes in vec(change(), 1..4),
        head in prop_oneof![Just(""), Just("define stream Q (a int); ")],
    ) {
        let mut parts = pieces(&format!("{head}{text};\n{also}"));
        for change in changes {
            apply(&mut parts, change);
        }
        check(&parts.concat());
    }
}

/// Texts that a careless reader would follow down for ever.
#[test]
fn deep_and_long_texts_are_read() {
    let query = "define stream S (a int); from S";
    for repeated in [
        "(",
        "[",
        "{",
        "@a(",
        "not ",
        "a+",
        "a->",
        "S,",
        "(from ",
        "every (",
        "not (",
        "f(",
        "-",
        "'",
        "\"\"\"",
        "/*",
        "`",
        "begin ",
        "partition with (a of S) begin ",
        "define ",
        ";",
        "@",
        "a.",
        "a[",
        "${",
    ] {
        for count in [NESTING_MAX as usize - 1, NESTING_MAX as usize + 1, 40_000] {
            let many = repeated.repeat(count);
            for text in [many.clone(), format!("{query}[{many}"), format!("{query} {many}")] {
                let (app, problems) = parse_app(&text);
                assert!(!problems.is_empty(), "{repeated}");
                drop((app, format_source(&text), render_problems("text", &text, &problems)));
                drop((parse_on_demand(&text), parse_expression(&text)));
            }
        }
    }
}

/// What is allowed in full can be read, printed, laid out and dropped on a small stack.
#[test]
fn the_deepest_expressions_come_back_from_print() {
    let deep = NESTING_MAX as usize - 1;
    let chain = "a - ".repeat(weir_query::EXPRESSION_HEIGHT_MAX as usize - 1);
    for text in [
        format!("{}a{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}a{}", "f(".repeat(deep), ")".repeat(deep)),
        format!("{}a", "not ".repeat(deep)),
        format!("{}a{}", "a - (".repeat(deep / 2), ")".repeat(deep / 2)),
        format!("{chain}a"),
        format!("{}{chain}a{}", "a or (".repeat(deep / 4), ")".repeat(deep / 4)),
    ] {
        let (expr, problems) = parse_expression(&text);
        if problems.is_empty() {
            let printed = print_expr(&expr.clone().unwrap());
            assert_eq!(parse_expression(&printed), (expr, Vec::new()));
        } else {
            assert_eq!(problems[0].code, "expression-too-long", "{text}");
        }
    }
}
