//! Moments as text.

use std::fmt::Write;

use super::calendar::Moment;
use super::pattern::{MONTHS, Piece, WEEKDAYS, short};

/// The moment in a format.
pub(super) fn format(moment: Moment, pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Field(letter, count) => field(&mut out, moment, *letter, *count),
        }
    }
    out
}

fn field(out: &mut String, moment: Moment, letter: char, count: usize) {
    let hour = moment.day_ms / 3_600_000;
    let number = match letter {
        'G' => return out.push_str(if moment.year > 0 { "AD" } else { "BC" }),
        'a' => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'z' => return out.push_str(if count < 4 { "UTC" } else { "Coordinated Universal Time" }),
        'X' => return out.push('Z'),
        'Z' => {
            return out.push_str(match count {
                1 => "+0000",
                2 => "Z",
                _ => "+00:00",
            });
        }
        'E' => {
            let name = named(&WEEKDAYS, moment.weekday());
            return out.push_str(if count < 4 { short(name) } else { name });
        }
        'M' if count >= 3 => {
            let name = named(&MONTHS, moment.month - 1);
            return out.push_str(if count == 3 { short(name) } else { name });
        }
        'y' => return year(out, moment.year, count),
        'Y' => return year(out, moment.week().1, count),
        'M' => moment.month,
        'd' => moment.day,
        'h' => {
            if hour % 12 == 0 {
                12
            } else {
                hour % 12
            }
        }
        'H' => hour,
        'k' => {
            if hour == 0 {
                24
            } else {
                hour
            }
        }
        'K' => hour % 12,
        'm' => moment.day_ms / 60_000 % 60,
        's' => moment.day_ms / 1_000 % 60,
        'S' => moment.day_ms % 1_000,
        'D' => moment.day_of_year(),
        'F' => (moment.day - 1) / 7 + 1,
        'w' => moment.week().0,
        'W' => moment.week_of_month(),
        'u' => (moment.weekday() + 6) % 7 + 1,
        _ => return,
    };
    padded(out, number, count);
}

/// The name of a weekday or month.
fn named(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// The day of the week in English.
pub(super) fn weekday_name(moment: Moment) -> &'static str {
    named(&WEEKDAYS, moment.weekday())
}

/// Years before the year 1 count backwards.
fn year(out: &mut String, year: i64, count: usize) {
    let shown = if year > 0 { year } else { 1 - year };
    if count == 2 {
        padded(out, shown % 100, 2);
    } else {
        padded(out, shown, count.max(4));
    }
}

fn padded(out: &mut String, number: i64, count: usize) {
    // Writing to a string cannot fail.
    write!(out, "{number:0count$}").unwrap_or_default();
}
