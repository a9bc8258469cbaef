//! What the reference takes and refuses, text by text; and every taken one back from print.

use weir_query::{
    format_source, parse_app, parse_on_demand, print_app, print_on_demand, render_problems,
};

const TOLD: &str = include_str!("told.txt");
const APART: &str = include_str!("apart.txt");

/// A line of a list.
struct Line {
    taken: bool,
    query: bool,
    text: String,
}

fn lines(list: &str) -> Vec<Line> {
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let read = lines.map(|line| {
        let (verdict, rest) = line.split_at(8);
        let (kind, text) = rest.split_at(7);
        let text = text.replace("\\n", "\n");
        let text = match kind.trim() {
            "app" | "query" => text,
            "body" => format!("define stream Q (a int); {text}"),
            "filter" => format!("define stream Q (a int); from Q[{text}] insert into O;"),
            other => unreachable!("`{other}` is no kind of text"),
        };
        let taken = match verdict.trim() {
            "taken" => true,
            "refused" => false,
            other => unreachable!("`{other}` is no verdict"),
        };
        Line { taken, query: kind.trim() == "query", text }
    });
    read.collect()
}

fn is_taken(line: &Line) -> (bool, String) {
    let problems = if line.query { parse_on_demand(&line.text).1 } else { parse_app(&line.text).1 };
    (problems.is_empty(), render_problems("text", &line.text, &problems))
}

#[test]
fn a_text_is_taken_where_the_reference_takes_it() {
    let lines = lines(TOLD);
    assert!(lines.len() > 1_000, "the list is cut");
    for line in lines {
        let (taken, problems) = is_taken(&line);
        assert_eq!(taken, line.taken, "{}\n{problems}", line.text);
    }
}

#[test]
fn we_part_from_the_reference_where_we_say_so() {
    for line in lines(APART) {
        let (taken, problems) = is_taken(&line);
        assert_ne!(taken, line.taken, "this is told now\n{}\n{problems}", line.text);
    }
}

#[test]
fn a_taken_text_comes_back_from_print() {
    for line in lines(TOLD).into_iter().filter(|line| line.taken) {
        if line.query {
            let (query, _) = parse_on_demand(&line.text);
            let printed = print_on_demand(query.as_ref().unwrap());
            assert_eq!(parse_on_demand(&printed), (query, Vec::new()), "{printed}");
        } else {
            let (app, _) = parse_app(&line.text);
            let printed = print_app(&app);
            assert_eq!(parse_app(&printed), (app, Vec::new()), "{}\n{printed}", line.text);
        }
    }
}

#[test]
fn a_taken_text_laid_out_is_the_same_and_stays_as_it_is() {
    for line in lines(TOLD).into_iter().filter(|line| line.taken && !line.query) {
        let laid_out = format_source(&line.text).unwrap();
        assert_eq!(parse_app(&laid_out), parse_app(&line.text), "{}\n{laid_out}", line.text);
        assert_eq!(format_source(&laid_out).as_ref(), Ok(&laid_out), "{}", line.text);
    }
}
