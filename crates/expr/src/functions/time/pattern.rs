//! Date formats: runs of letters and text between them.

/// Characters a format may have.
const PATTERN_CHARS_MAX: usize = 1_000;

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A letter and how often it stands there.
    Field(char, usize),
    /// Text as it is.
    Literal(String),
}

/// Takes a format apart.
///
/// # Errors
///
/// It is not one; the text says why.
pub(super) fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    if pattern.len() > PATTERN_CHARS_MAX {
        return Err("the date format is too long".into());
    }
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut quoted = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            if chars.next_if_eq(&'\'').is_some() {
                literal.push('\'');
            } else {
                quoted = !quoted;
            }
        } else if quoted || !c.is_ascii_alphabetic() {
            literal.push(c);
        } else {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            if !"GyYMdhHmsSDEuFwWakKXzZ".contains(c) || (c == 'X' && count > 3) {
                return Err(format!(
                    "`{pattern}` is not a date format: `{c}` has no meaning in it"
                ));
            }
            pieces.push(Piece::Field(c, count));
        }
    }
    if quoted {
        return Err(format!("`{pattern}` is not a date format: a quote is not closed"));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The months in English, from January.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days of the week in English, from Sunday.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The short form of a name.
pub(super) fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}
