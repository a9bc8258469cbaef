//! The table at the end: what was sent, what came out, and whether that is all and nothing twice.

use std::time::Duration;

/// A number with its thousands apart.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in seconds, to the millisecond.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// Rows of a name and a value each.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<(String, String)>,
}

impl Table {
    pub(super) fn row(&mut self, name: &str, value: String) {
        self.rows.push((name.to_owned(), value));
    }

    pub(super) fn count(&mut self, name: &str, value: u64) {
        self.row(name, thousands(value));
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.row("", String::new());
    }

    /// Names on the left, values right-aligned beside them.
    pub(super) fn text(&self) -> String {
        let width = |of: fn(&(String, String)) -> &String| {
            self.rows.iter().map(|it| of(it).chars().count()).max().unwrap_or(0)
        };
        let (names, values) = (width(|it| &it.0), width(|it| &it.1));
        let line = |(name, value): &(String, String)| {
            format!("  {name:names$}  {value:>values$}").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The value below which so many percent of them are.
pub(super) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_rows_line_up() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        let mut table = Table::default();
        table.count("sent", 26_499);
        table.gap();
        table.count("lost, for ever", 0);
        assert_eq!(table.text(), "  sent            26,499\n\n  lost, for ever       0");
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_secs).collect();
        let at = |percent| percentile(&times, percent).as_secs();
        assert_eq!((at(50), at(90), at(100), percentile(&[], 50).as_secs()), (10, 18, 20, 0));
    }
}
