//! Cases told by the reference: an app, what was sent to it, and what came out.
//!
//! A case is a name after `#`, the app up to a line `---`, then what was done and told:
//! `> Stream@time values; values` sends, `< Stream values` came out, `? query` asks, `= values`
//! was answered, `!` after a query says that it was refused.

use weir_event::{DataType, Value};

/// A case told by the reference.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// Its name.
    pub name: &'t str,
    /// The app.
    pub app: &'t str,
    steps: &'t str,
}

/// What was done at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done<'t> {
    /// Rows were sent, as one chunk that happened at a time, in milliseconds.
    Sent {
        /// To which stream.
        stream: &'t str,
        /// When they happened.
        time: i64,
        /// The rows, to be read by [`read_row`].
        rows: &'t str,
    },
    /// An on-demand query was asked.
    Asked(&'t str),
}

/// A step, and what the reference told of it.
#[derive(Debug, Clone)]
pub struct ToldStep<'t> {
    /// What was done.
    pub done: Done<'t>,
    /// What came out, as stream and row, in the words of [`write_row`].
    pub came: Vec<(&'t str, String)>,
    /// What was answered.
    pub answered: Vec<String>,
    /// Whether the query was refused.
    pub refused: bool,
}

/// The cases of a file.
pub fn told(file: &str) -> impl Iterator<Item = Told<'_>> {
    file.split("\n# ").skip(1).filter_map(|case| {
        let (name, case) = case.split_once('\n')?;
        let (app, steps) = case.split_once("\n---\n")?;
        Some(Told { name, app, steps })
    })
}

impl<'t> Told<'t> {
    /// What was done, and what came of it, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<ToldStep<'t>> {
        let mut steps: Vec<ToldStep<'t>> = Vec::new();
        for line in self.steps.lines() {
            if let Some(done) = done(line) {
                let (came, answered) = (Vec::new(), Vec::new());
                steps.push(ToldStep { done, came, answered, refused: false });
                continue;
            }
            let Some(step) = steps.last_mut() else { continue };
            if let Some((stream, row)) = line.strip_prefix("< ").and_then(|it| it.split_once(' ')) {
                step.came.push((stream, even(row)));
            } else if let Some(row) = line.strip_prefix("= ") {
                step.answered.push(even(row));
            } else if line.starts_with('!') {
                step.refused = true;
            }
        }
        steps
    }

    /// The streams of which something came out, in order.
    #[must_use]
    pub fn listened(&self) -> Vec<&'t str> {
        let mut streams = Vec::new();
        for (stream, _) in self.steps().into_iter().flat_map(|it| it.came) {
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        streams
    }
}

fn done(line: &str) -> Option<Done<'_>> {
    if let Some(query) = line.strip_prefix("? ") {
        return Some(Done::Asked(query));
    }
    let (to, rows) = line.strip_prefix("> ")?.split_once(' ')?;
    let (stream, time) = to.split_once('@')?;
    Some(Done::Sent { stream, time: time.parse().ok()?, rows })
}

/// The values of a row of these types; those that cannot be read are null.
pub fn read_row(text: &str, types: impl Iterator<Item = DataType>) -> Vec<Value> {
    text.split(',').zip(types).map(|(text, data_type)| read(text, data_type)).collect()
}

fn read(text: &str, data_type: DataType) -> Value {
    let text = text.trim();
    if text == "null" {
        return Value::Null;
    }
    let number = text.trim_end_matches(['L', 'f']);
    let value = match data_type {
        DataType::String => Some(Value::text(text.trim_matches('\''))),
        DataType::Bool => Some(Value::Bool(text == "true")),
        DataType::Int => number.parse().ok().map(Value::Int),
        DataType::Long => number.parse().ok().map(Value::Long),
        DataType::Float => number.parse().ok().map(Value::Float),
        DataType::Double => number.parse().ok().map(Value::Double),
        DataType::Object => None,
    };
    value.unwrap_or_default()
}

/// A row in words: numbers that are not whole with six digits.
#[must_use]
pub fn write_row(row: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Str(text) => format!("'{text}'"),
        Value::Long(number) => format!("{number}L"),
        Value::Float(number) => format!("{:.6e}f", f64::from(*number)),
        Value::Double(number) => format!("{number:.6e}"),
        other @ (Value::Bool(_) | Value::Int(_) | Value::Object(_)) => other.to_string(),
    };
    row.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The told values as [`write_row`] writes them.
fn even(text: &str) -> String {
    let one = |it: &str| {
        let it = it.trim();
        let number = it.trim_end_matches('f');
        let real = number.contains(['.', 'e', 'N', 'I']) && !it.starts_with('\'');
        match number.parse::<f64>() {
            Ok(parsed) if real && it.ends_with('f') => format!("{parsed:.6e}f"),
            Ok(parsed) if real => format!("{parsed:.6e}"),
            _ => it.to_owned(),
        }
    };
    text.split(',').map(one).collect::<Vec<_>>().join(", ")
}
