//! Text as moments, as leniently as the original reads it.

use super::calendar::{Moment, day_number};
use super::pattern::{MONTHS, Piece, WEEKDAYS, short};
use super::zone;

/// A field that was set, and when: the later ones decide where fields contradict.
#[derive(Debug, Clone, Copy, Default)]
struct Set {
    value: i64,
    /// 0 when it was not set.
    stamp: u32,
}

impl Set {
    fn or(self, unset: i64) -> i64 {
        if self.stamp > 0 { self.value } else { unset }
    }
}

/// What a text said.
#[derive(Debug, Default)]
struct Fields {
    before_christ: bool,
    year: Set,
    month: Set,
    day: Set,
    day_of_year: Set,
    /// 0 is Sunday.
    weekday: Set,
    weekday_in_month: Set,
    week_of_month: Set,
    week: Set,
    hour: Set,
    half_hour: Set,
    afternoon: Set,
    minute: Set,
    second: Set,
    milli: Set,
    offset_ms: i64,
    stamps: u32,
}

/// Reads a moment from the start of a text; what follows is left alone.
///
/// Two digits of a year stand for one of the hundred years that began 80 years before `now`.
/// `None` when the text does not fit the format or is beyond what can be computed.
pub(super) fn parse(text: &str, pieces: &[Piece], now: i64) -> Option<i64> {
    let mut fields = Fields::default();
    let mut rest = text;
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
            Piece::Field(letter, count) if is_number(*letter, *count) => {
                let adjacent =
                    matches!(pieces.get(i + 1), Some(Piece::Field(l, c)) if is_number(*l, *c));
                let (value, after) = number(rest, adjacent.then_some(*count))?;
                fields.set_number(*letter, *count, value, now);
                rest = after;
            }
            Piece::Field(letter, count) => rest = fields.set_text(*letter, *count, rest)?,
        }
    }
    fields.millis()
}

fn is_number(letter: char, count: usize) -> bool {
    match letter {
        'G' | 'E' | 'a' | 'X' | 'z' | 'Z' => false,
        'M' => count < 3,
        _ => true,
    }
}

/// Digits at the start: exactly those of the field where another number follows at once.
fn number(text: &str, width: Option<usize>) -> Option<(i64, &str)> {
    let text = if width.is_none() { text.trim_start() } else { text };
    let digits = text.bytes().take(width.unwrap_or(usize::MAX));
    let len = digits.take_while(u8::is_ascii_digit).count();
    let value: i32 = text.get(..len)?.parse().ok()?;
    Some((i64::from(value), text.get(len..)?))
}

/// The place of the name that a text starts with, in full or in short, and the text after it.
fn name<'a>(text: &'a str, names: &[&str]) -> Option<(i64, &'a str)> {
    let starts = |name: &str| {
        text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).map(str::len)
    };
    let (index, len) = names
        .iter()
        .enumerate()
        .find_map(|(i, name)| Some((i, starts(name).or_else(|| starts(short(name)))?)))?;
    Some((i64::try_from(index).ok()?, text.get(len..)?))
}

impl Fields {
    fn stamp(&mut self, value: i64) -> Set {
        self.stamps += 1;
        Set { value, stamp: self.stamps }
    }

    fn set_number(&mut self, letter: char, count: usize, value: i64, now: i64) {
        let value = match letter {
            'y' | 'Y' if count <= 2 && value < 100 => century(value, now),
            'u' => value % 7,
            'h' if value == 12 => 0,
            'k' if value == 24 => 0,
            _ => value,
        };
        let set = self.stamp(value);
        match letter {
            'y' | 'Y' => self.year = set,
            'M' => self.month = set,
            'd' => self.day = set,
            'D' => self.day_of_year = set,
            'F' => self.weekday_in_month = set,
            'w' => self.week = set,
            'W' => self.week_of_month = set,
            'u' => self.weekday = set,
            'H' | 'k' => self.hour = set,
            'h' | 'K' => self.half_hour = set,
            'm' => self.minute = set,
            's' => self.second = set,
            _ => self.milli = set,
        }
    }

    fn set_text<'a>(&mut self, letter: char, count: usize, text: &'a str) -> Option<&'a str> {
        match letter {
            'G' => {
                let eras = ["AD", "BC", "Anno Domini", "Before Christ"];
                let (era, rest) = name(text, &eras)?;
                self.before_christ = era % 2 == 1;
                Some(rest)
            }
            'M' => {
                let (month, rest) = name(text, &MONTHS)?;
                self.month = self.stamp(month + 1);
                Some(rest)
            }
            'E' => {
                let (weekday, rest) = name(text, &WEEKDAYS)?;
                self.weekday = self.stamp(weekday);
                Some(rest)
            }
            'a' => {
                let (half, rest) = name(text, &["AM", "PM"])?;
                self.afternoon = self.stamp(half);
                Some(rest)
            }
            _ => {
                let (offset, len) = match letter {
                    'X' => zone::iso_at_start(text, count)?,
                    'Z' if count == 2 => zone::iso_at_start(text, 3)?,
                    _ => zone::at_start(text)?,
                };
                self.offset_ms = offset;
                text.get(len..)
            }
        }
    }

    fn millis(&self) -> Option<i64> {
        let year = self.year.or(1970);
        let year = if self.before_christ { 1 - year } else { year };
        let day = self.day_number(year)?;
        let half = self.half_hour.stamp.min(self.afternoon.stamp);
        let by_halves = if half > 0 { self.half_hour.stamp.max(self.afternoon.stamp) } else { 0 };
        let halves_only = self.hour.stamp == 0;
        let hour = if halves_only || by_halves > self.hour.stamp {
            self.half_hour.or(0) + 12 * self.afternoon.or(0)
        } else {
            self.hour.value
        };
        let minutes = hour * 60 + self.minute.or(0);
        let millis = (minutes * 60 + self.second.or(0)) * 1_000 + self.milli.or(0);
        day.checked_mul(super::calendar::DAY_MS)?.checked_add(millis)?.checked_sub(self.offset_ms)
    }

    /// The day by the fields that were set last.
    fn day_number(&self, year: i64) -> Option<i64> {
        let month = self.month.or(1);
        let both = |a: Set, b: Set| if a.stamp.min(b.stamp) > 0 { a.stamp.max(b.stamp) } else { 0 };
        let weekday = self.weekday;
        let by = [
            (self.day.stamp, 0),
            (both(self.week_of_month, weekday), 1),
            (both(self.weekday_in_month, weekday), 2),
            (self.day_of_year.stamp, 3),
            (both(self.week, weekday), 4),
        ];
        let alone = [
            (self.week_of_month.stamp, 1),
            (self.weekday_in_month.stamp.max(weekday.stamp), 2),
            (self.week.stamp, 4),
        ];
        let latest = |by: &[(u32, u32)]| {
            let mut best = (0, 0);
            for entry in by.iter().filter(|entry| entry.0 > 0) {
                best = if entry.0 > best.0 { *entry } else { best };
            }
            best
        };
        let mut best = latest(&by);
        if best.0 == 0 {
            best = latest(&alone);
        }
        let on = weekday.or(0);
        match best.1 {
            0 => day_number(year, month, self.day.or(1)),
            1 => in_week(day_number(year, month, 1)?, self.week_of_month.or(1), on),
            2 => {
                let first = day_number(year, month, 1)?;
                let ahead = (on - (first + 4)).rem_euclid(7);
                first.checked_add(ahead + (self.weekday_in_month.or(1) - 1) * 7)
            }
            3 => day_number(year, 1, self.day_of_year.value),
            _ => in_week(day_number(year, 1, 1)?, self.week.or(1), on),
        }
    }
}

/// The weekday in a week, of which the first is the one that holds `first`.
fn in_week(first: i64, week: i64, weekday: i64) -> Option<i64> {
    first.checked_sub((first + 4).rem_euclid(7))?.checked_add((week - 1) * 7 + weekday)
}

fn century(value: i64, now: i64) -> i64 {
    let start = Moment::of(now).year - 80;
    let year = start - start.rem_euclid(100) + value;
    if value >= start.rem_euclid(100) { year } else { year + 100 }
}
