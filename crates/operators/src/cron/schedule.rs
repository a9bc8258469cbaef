//! When a cron expression fires.

use super::calendar::{date, day_number, day_of_week, days_in_month};
use super::field::{Numbers, YEAR_MAX};
use super::parse::parse;

const SECOND_MS: i64 = 1_000;
const DAY_S: i64 = 86_400;

/// A cron expression: seconds, minutes, hours, day of month, month, day of week and perhaps year,
/// with `*`, `?`, lists, ranges, steps, names, `L`, `W` and `#` as Quartz has them. Times are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    pub(super) seconds: Numbers,
    pub(super) minutes: Numbers,
    pub(super) hours: Numbers,
    pub(super) days: Days,
    pub(super) months: Numbers,
    pub(super) years: Numbers,
}

/// Which days of a month are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    /// These.
    OfMonth(Numbers),
    /// The last one, or so many before it; or the weekday nearest to that.
    Last { before: u32, weekday: bool },
    /// The weekday nearest to a day, within the month.
    Nearest(u32),
    /// These days of each week.
    OfWeek(Numbers),
    /// A day of the week, the last time it comes.
    LastOfWeek(u32),
    /// A day of the week, the n-th time it comes.
    Nth { day: u32, nth: u32 },
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// It is none; the sentence says why.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    /// The first moment after `time` at which it fires, in epoch milliseconds; `None` when it never
    /// does again.
    #[must_use]
    pub fn next_after(&self, time: i64) -> Option<i64> {
        self.next_from(time.div_euclid(SECOND_MS) + 1)
    }

    /// The first moment at which one who starts at `time` is served: the second that runs counts.
    #[must_use]
    pub fn first_for(&self, time: i64) -> Option<i64> {
        self.next_from(time.div_euclid(SECOND_MS))
    }

    /// The first firing at or after a second.
    fn next_from(&self, second: i64) -> Option<i64> {
        let (day, of_day) = (second.div_euclid(DAY_S), second.rem_euclid(DAY_S) as u32);
        let (year, month, of_month) = date(day);
        if self.is_day(year, month, of_month)
            && let Some(of_day) = self.time_from(of_day)
        {
            return Some((day * DAY_S + i64::from(of_day)) * SECOND_MS);
        }
        let day = self.day_from(day + 1)?;
        let of_day = self.time_from(0)?;
        Some((day * DAY_S + i64::from(of_day)) * SECOND_MS)
    }

    /// The first second of a day at or after one.
    fn time_from(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let at = |hour, minute, second| hour * 3_600 + minute * 60 + second;
        if self.hours.has(hour) {
            if self.minutes.has(minute)
                && let Some(second) = self.seconds.from(second)
            {
                return Some(at(hour, minute, second));
            }
            if let Some(minute) = self.minutes.from(minute + 1) {
                return Some(at(hour, minute, self.seconds.first()?));
            }
        }
        Some(at(self.hours.from(hour + 1)?, self.minutes.first()?, self.seconds.first()?))
    }

    /// The first day at or after one.
    fn day_from(&self, day: i64) -> Option<i64> {
        let (mut year, mut month, mut first) = date(day);
        while year <= i64::from(YEAR_MAX) {
            if self.years.has(u32::try_from(year).ok()?) && self.months.has(month) {
                let days = first..=days_in_month(year, month);
                if let Some(found) = days.into_iter().find(|it| self.is_day(year, month, *it)) {
                    return Some(day_number(year, month, found));
                }
            }
            first = 1;
            month += 1;
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        None
    }

    fn is_day(&self, year: i64, month: u32, day: u32) -> bool {
        let known = u32::try_from(year).is_ok_and(|year| self.years.has(year));
        if !known || !self.months.has(month) {
            return false;
        }
        let last = days_in_month(year, month);
        let week_day = || day_of_week(day_number(year, month, day));
        match &self.days {
            Days::OfMonth(days) => days.has(day),
            Days::OfWeek(days) => days.has(week_day()),
            Days::Last { before, weekday } => {
                let wanted = last.saturating_sub(*before).max(1);
                day == if *weekday { nearest_weekday(year, month, wanted) } else { wanted }
            }
            Days::Nearest(wanted) => {
                *wanted <= last && day == nearest_weekday(year, month, *wanted)
            }
            Days::LastOfWeek(wanted) => week_day() == *wanted && day + 7 > last,
            Days::Nth { day: wanted, nth } => week_day() == *wanted && (day - 1) / 7 + 1 == *nth,
        }
    }
}

/// The day from Monday to Friday nearest to a day, within its month.
fn nearest_weekday(year: i64, month: u32, day: u32) -> u32 {
    const SUNDAY: u32 = 1;
    const SATURDAY: u32 = 7;
    match day_of_week(day_number(year, month, day)) {
        SATURDAY if day == 1 => day + 2,
        SATURDAY => day - 1,
        SUNDAY if day == days_in_month(year, month) => day - 2,
        SUNDAY => day + 1,
        _ => day,
    }
}
