//! `@app:statistics`: what an app tells of itself, and how often.

use weir_query::{Annotation, Problem};

/// How often the original tells without `interval`, in seconds.
const INTERVAL_DEFAULT_S: u64 = 60;

/// `@app:statistics(reporter='console', interval='5', include='*.*')`, as the original reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatisticsPlan {
    /// Where they are told; nothing stands for where all metrics are.
    pub reporter: Option<String>,
    /// How often, in seconds.
    pub interval_s: u64,
    /// Which metrics are meant: names in which `*` stands for anything.
    pub include: Vec<String>,
    /// Options that the original passes over too.
    pub unknown: Vec<String>,
}

/// What the annotation says; `None` where it turns them off, or has problems.
pub(crate) fn statistics(
    annotation: &Annotation,
    problems: &mut Vec<Problem>,
) -> Option<StatisticsPlan> {
    let mut plan = StatisticsPlan {
        reporter: None,
        interval_s: INTERVAL_DEFAULT_S,
        include: vec!["*".to_owned()],
        unknown: Vec::new(),
    };
    let mut on = true;
    for element in &annotation.elements {
        let value = element.value.trim();
        match element.key.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("enable") => on = value.eq_ignore_ascii_case("true"),
            Some("reporter") => plan.reporter = Some(value.to_ascii_lowercase()),
            Some("interval") => match value.parse() {
                Ok(seconds) if seconds > 0 => plan.interval_s = seconds,
                Ok(_) | Err(_) => {
                    let message = format!("`{value}` is not a number of seconds");
                    problems.push(
                        Problem::new("statistics", element.span, message)
                            .with_hint("write interval='5'"),
                    );
                    return None;
                }
            },
            Some("include") => {
                plan.include = value.split(',').map(|it| it.trim().to_owned()).collect();
            }
            Some(key) => plan.unknown.push(key.to_owned()),
        }
    }
    on.then_some(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &str) -> (Option<StatisticsPlan>, Vec<Problem>) {
        let text = format!("@app:statistics({options}) define stream In (n int);");
        let (app, wrong) = weir_query::parse_app(&text);
        assert_eq!(wrong, []);
        let mut problems = Vec::new();
        let annotation = app.annotation("statistics").expect("it is written");
        (statistics(annotation, &mut problems), problems)
    }

    #[test]
    fn options_are_those_of_the_original() {
        let (plan, problems) = of("reporter='Console', interval='5', include='*.a, b', x='y'");
        let expected = StatisticsPlan {
            reporter: Some("console".to_owned()),
            interval_s: 5,
            include: vec!["*.a".to_owned(), "b".to_owned()],
            unknown: vec!["x".to_owned()],
        };
        assert_eq!((plan, problems), (Some(expected), vec![]));
        assert_eq!(of("'true'").0.map(|it| it.interval_s), Some(60));
        assert_eq!(of("'false'"), (None, vec![]));
        assert_eq!(of("reporter='console', enable='false'"), (None, vec![]));
    }

    #[test]
    fn an_interval_is_a_number_of_seconds() {
        for wrong in ["5 sec", "0", "-1", ""] {
            let (plan, problems) = of(&format!("reporter='console', interval='{wrong}'"));
            assert_eq!((plan, problems.len()), (None, 1), "{wrong}");
        }
    }
}
