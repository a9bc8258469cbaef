//! What the rules forgive, each with its reason. The list may only get shorter.

use crate::tidy::report::{Finding, Rule};

/// One place where a rule does not hold.
struct Exception {
    rule: Rule,
    path: &'static str,
    /// Part of the finding's text, such as a function's name in backquotes; empty for any.
    what: &'static str,
    #[expect(dead_code, reason = "written for the reader")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[];

/// Takes out what is forgiven, and reports exceptions that no longer forgive anything.
pub(crate) fn forgive(found: Vec<Finding>) -> Vec<Finding> {
    forgive_by(EXCEPTIONS, found)
}

fn forgive_by(exceptions: &[Exception], found: Vec<Finding>) -> Vec<Finding> {
    let mut used = vec![false; exceptions.len()];
    let mut left = Vec::new();
    for finding in found {
        match exceptions.iter().position(|it| it.covers(&finding)) {
            Some(n) => used[n] = true,
            None => left.push(finding),
        }
    }
    for (exception, _) in exceptions.iter().zip(used).filter(|(_, used)| !used) {
        let what = format!("the exception from {:?} is no longer needed", exception.rule);
        left.push(Finding::breach(Rule::UnusedException, exception.path, 1, what));
    }
    left
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.path == finding.path && finding.what.contains(self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Exception = Exception {
        rule: Rule::FunctionSize,
        path: "a.rs",
        what: "`walk`",
        reason: "a flat match over the whole tree",
    };

    #[test]
    fn an_exception_forgives_its_own_place_only() {
        let walk = Finding::breach(Rule::FunctionSize, "a.rs", 1, "`walk` is long".to_owned());
        let run = Finding::breach(Rule::FunctionSize, "a.rs", 9, "`run` is long".to_owned());
        let left = forgive_by(&[LONG], vec![walk, run]);
        assert_eq!(left.iter().map(|it| it.line).collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn an_exception_that_forgives_nothing_is_reported() {
        let left = forgive_by(&[LONG], Vec::new());
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].rule, Rule::UnusedException);
    }
}
