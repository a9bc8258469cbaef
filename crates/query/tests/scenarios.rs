//! Every text of the scenarios: taken or refused as the reference did, and back from print.

#[cfg(test)]
mod corpus;

use corpus::{Told, corpus};
use weir_query::{
    App, Problem, format_source, parse_app, parse_on_demand, print_app, print_on_demand,
    render_problems,
};

/// Whether the reference refused it for its syntax.
fn refused_for_syntax(told: &Told) -> bool {
    told.error.as_deref().is_some_and(|class| class.ends_with("SiddhiParserException"))
        || told.message.contains("Syntax error in SiddhiQL")
}

fn check(told: &Told, problems: &[Problem]) {
    let shown = render_problems(&told.place, &told.text, problems);
    if refused_for_syntax(told) {
        assert!(!problems.is_empty(), "{}: the reference refuses\n{}", told.place, told.text);
    } else if told.error.is_none() {
        assert!(problems.is_empty(), "the reference takes\n{shown}");
    }
}

fn reread(told: &Told, text: &str) -> App {
    let (app, problems) = parse_app(text);
    assert!(problems.is_empty(), "{}\n{}", told.place, render_problems("printed", text, &problems));
    app
}

#[test]
fn apps_are_taken_and_refused_as_the_reference_does() {
    let Some(corpus) = corpus() else { return };
    for told in &corpus.apps {
        check(told, &parse_app(&told.text).1);
    }
    assert!(corpus.apps.iter().filter(|it| refused_for_syntax(it)).count() >= 5);
}

#[test]
fn on_demand_queries_are_taken_and_refused_as_the_reference_does() {
    let Some(corpus) = corpus() else { return };
    for told in &corpus.queries {
        check(told, &parse_on_demand(&told.text).1);
    }
}

#[test]
fn a_printed_app_reads_as_the_same_tree() {
    let Some(corpus) = corpus() else { return };
    for told in &corpus.apps {
        let (app, problems) = parse_app(&told.text);
        if problems.is_empty() {
            let printed = print_app(&app);
            assert_eq!(reread(told, &printed), app, "{}\n{printed}", told.place);
            assert_eq!(format_source(&printed).as_ref(), Ok(&printed), "{}", told.place);
        }
    }
}

#[test]
fn a_printed_on_demand_query_reads_as_the_same_tree() {
    let Some(corpus) = corpus() else { return };
    for told in &corpus.queries {
        let (query, problems) = parse_on_demand(&told.text);
        if let (Some(query), true) = (query, problems.is_empty()) {
            let printed = print_on_demand(&query);
            let (again, problems) = parse_on_demand(&printed);
            assert!(problems.is_empty(), "{}\n{printed}", told.place);
            assert_eq!(again, Some(query), "{}\n{printed}", told.place);
        }
    }
}

#[test]
fn a_laid_out_app_is_the_same_app_and_stays_as_it_is() {
    let Some(corpus) = corpus() else { return };
    for told in &corpus.apps {
        let (app, problems) = parse_app(&told.text);
        if problems.is_empty() {
            let laid_out = format_source(&told.text).unwrap();
            assert_eq!(reread(told, &laid_out), app, "{}\n{laid_out}", told.place);
            assert_eq!(format_source(&laid_out).as_ref(), Ok(&laid_out), "{}", told.place);
        }
    }
}
