//! The text of a cron expression, as Quartz reads it.

use super::field::{FIELDS, Field, Numbers};
use super::schedule::{Cron, Days};

/// Reads a cron expression of six or seven fields.
pub(super) fn parse(text: &str) -> Result<Cron, String> {
    let upper = text.to_ascii_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    if !(6..=7).contains(&words.len()) {
        return Err(format!(
            "`{text}` is no cron expression: it has {} fields, not seconds, minutes, hours, day of \
             month, month, day of week and perhaps a year",
            words.len()
        ));
    }
    let mut read: Vec<Reading> = Vec::with_capacity(FIELDS.len());
    for (at, field) in FIELDS.iter().enumerate() {
        let word = words.get(at).copied().unwrap_or("*");
        let reading = Reading::of(*field, word).map_err(|why| {
            format!("`{text}` is no cron expression: the field {} `{word}` {why}", field.name())
        })?;
        read.push(reading);
    }
    let Ok([second, minute, hour, of_month, month, of_week, year]) = <[Reading; 7]>::try_from(read)
    else {
        return Err(format!("`{text}` is no cron expression"));
    };
    let days = match (of_month.open, of_week.open) {
        (false, true) => of_month.days_of_month(),
        (true, false) => of_week.days_of_week(),
        (true, true) | (false, false) => {
            return Err(format!(
                "`{text}` is no cron expression: exactly one of day of month and day of week has \
                 to be `?`"
            ));
        }
    };
    Ok(Cron {
        seconds: second.numbers,
        minutes: minute.numbers,
        hours: hour.numbers,
        days,
        months: month.numbers,
        years: year.numbers,
    })
}

/// What a field says.
struct Reading {
    field: Field,
    numbers: Numbers,
    /// `?`: the other field of days decides.
    open: bool,
    /// `L` in the day of month, so many days before the last.
    before_last: Option<u32>,
    /// `W`: the weekday nearest to the day.
    nearest_weekday: bool,
    /// `6L`: the last such weekday of the month.
    last_of_week: bool,
    /// `6#3`: the n-th such weekday of the month.
    nth: Option<u32>,
}

impl Reading {
    fn of(field: Field, word: &str) -> Result<Self, String> {
        let mut reading = Self {
            field,
            numbers: Numbers::none(field),
            open: false,
            before_last: None,
            nearest_weekday: false,
            last_of_week: false,
            nth: None,
        };
        let parts: Vec<&str> = word.split(',').collect();
        for part in &parts {
            reading.part(part)?;
        }
        let alone = reading.open
            || parts.contains(&"L")
            || reading.before_last.is_some()
            || reading.nearest_weekday
            || reading.last_of_week
            || reading.nth.is_some();
        if parts.len() > 1 && alone {
            return Err("mixes `?`, `L`, `W` or `#` with other days".to_owned());
        }
        Ok(reading)
    }

    fn part(&mut self, part: &str) -> Result<(), String> {
        let days = matches!(self.field, Field::DayOfMonth | Field::DayOfWeek);
        if part == "?" {
            self.open = true;
            return if days { Ok(()) } else { Err("cannot be `?`".to_owned()) };
        }
        if self.field == Field::DayOfMonth && self.day_of_month(part)? {
            return Ok(());
        }
        if self.field == Field::DayOfWeek && self.day_of_week(part)? {
            return Ok(());
        }
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(range, step)?)),
            None => (part, None),
        };
        let (least, most) = self.field.range();
        let (from, to) = match range {
            "*" => (least, most),
            "" if step.is_some() => (least, most),
            range => match range.split_once('-') {
                Some((from, to)) => (self.number(from)?, self.number(to)?),
                None => {
                    let from = self.number(range)?;
                    // `5/15` goes on to the end of the field, `5/0` is `5`.
                    (from, if step.is_some_and(|step| step > 0) { most } else { from })
                }
            },
        };
        self.add(from, to, step.unwrap_or(1))
    }

    /// The numbers of a range; one that ends before it starts goes round.
    fn add(&mut self, from: u32, to: u32, step: u32) -> Result<(), String> {
        let (least, most) = self.field.range();
        let span = most - least + 1;
        if to < from && self.field == Field::Year {
            return Err("ends before it starts".to_owned());
        }
        let to = if to < from { to + span } else { to };
        for number in (from..=to).step_by(step.max(1) as usize) {
            self.numbers.add(if number > most { number - span } else { number });
        }
        Ok(())
    }

    /// A step; one over all numbers of the field has to be among them.
    fn step(&self, range: &str, text: &str) -> Result<u32, String> {
        let (_, most) = self.field.range();
        let step = whole(text)?;
        if matches!(range, "*" | "") && step > most {
            return Err(format!("takes no step of {step}"));
        }
        Ok(step)
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        if let Some(number) = self.field.word(text) {
            return Ok(number);
        }
        let number = whole(text)?;
        let (least, most) = self.field.range();
        if number < least || number > most {
            return Err(format!("takes numbers from {least} to {most}, not {number}"));
        }
        Ok(number)
    }

    /// `L`, `L-3`, `LW`, `15W`; whether it was one of these.
    fn day_of_month(&mut self, part: &str) -> Result<bool, String> {
        let (day, weekday) = match part.strip_suffix('W') {
            Some(day) => (day, true),
            None => (part, false),
        };
        if let Some(rest) = day.strip_prefix('L') {
            let before = match rest.strip_prefix('-') {
                Some(before) => whole(before)?,
                None if rest.is_empty() => 0,
                None => return Err("has letters after `L`".to_owned()),
            };
            if before > 30 {
                return Err("goes back more than 30 days".to_owned());
            }
            self.before_last = Some(before);
            self.nearest_weekday = weekday;
            return Ok(true);
        }
        if weekday {
            let number = self.number(day)?;
            self.numbers.add(number);
            self.nearest_weekday = true;
        }
        Ok(weekday)
    }

    /// `L` (Saturday), `6L`, `FRIL`, `6#3`, `FRI#3`; whether it was one of these.
    fn day_of_week(&mut self, part: &str) -> Result<bool, String> {
        if part == "L" {
            self.numbers.add(7);
            return Ok(true);
        }
        if let Some(day) = part.strip_suffix('L') {
            let number = self.number(day)?;
            self.numbers.add(number);
            self.last_of_week = true;
            return Ok(true);
        }
        let Some((day, nth)) = part.split_once('#') else { return Ok(false) };
        let nth = whole(nth)?;
        if !(1..=5).contains(&nth) {
            return Err("names a week that is not from 1 to 5".to_owned());
        }
        let number = self.number(day)?;
        self.numbers.add(number);
        self.nth = Some(nth);
        Ok(true)
    }

    fn days_of_month(self) -> Days {
        let weekday = self.nearest_weekday;
        match self.before_last {
            Some(before) => Days::Last { before, weekday },
            None if weekday => Days::Nearest(self.numbers.first().unwrap_or(1)),
            None => Days::OfMonth(self.numbers),
        }
    }

    fn days_of_week(self) -> Days {
        let day = self.numbers.first().unwrap_or(1);
        match self.nth {
            Some(nth) => Days::Nth { day, nth },
            None if self.last_of_week => Days::LastOfWeek(day),
            None => Days::OfWeek(self.numbers),
        }
    }
}

fn whole(text: &str) -> Result<u32, String> {
    if text.is_empty() || !text.bytes().all(|it| it.is_ascii_digit()) {
        return Err(format!("has `{text}` where a number belongs"));
    }
    text.parse().map_err(|_| format!("has a number that is too large, `{text}`"))
}
