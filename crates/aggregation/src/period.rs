//! Calendar periods: where one begins and where the next one does.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Period {
    /// The period a reader's `per` stands for, in any case.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "sec" | "second" | "seconds" => Self::Second,
            "min" | "minute" | "minutes" => Self::Minute,
            "h" | "hour" | "hours" => Self::Hour,
            "day" | "days" => Self::Day,
            "month" | "months" => Self::Month,
            "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// The word of the tables that hold it.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Second => "SECONDS",
            Self::Minute => "MINUTES",
            Self::Hour => "HOURS",
            Self::Day => "DAYS",
            Self::Month => "MONTHS",
            Self::Year => "YEARS",
        }
    }

    /// The period after this one.
    #[must_use]
    pub fn longer(self) -> Option<Self> {
        match self {
            Self::Second => Some(Self::Minute),
            Self::Minute => Some(Self::Hour),
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Month),
            Self::Month => Some(Self::Year),
            Self::Year => None,
        }
    }
}

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Where periods begin in one time zone.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// `None` for GMT, where hours and days are plain numbers.
    zone: Option<TimeZone>,
}

impl Calendar {
    /// The calendar of a zone; `None` when no such zone is known.
    #[must_use]
    pub fn named(zone: &str) -> Option<Self> {
        match zone {
            "GMT" | "UTC" | "Z" => Some(Self::default()),
            name => Some(Self { zone: Some(TimeZone::get(name).ok()?) }),
        }
    }

    /// When the period that a time lies in began.
    #[must_use]
    pub fn start_of(&self, time: i64, period: Period) -> i64 {
        match (period, &self.zone) {
            (Period::Second, _) => time - time % SECOND_MS,
            (Period::Minute, _) => time - time % MINUTE_MS,
            (Period::Hour, None) => time - time.rem_euclid(HOUR_MS),
            (Period::Day, None) => time - time.rem_euclid(DAY_MS),
            (Period::Hour | Period::Day | Period::Month | Period::Year, _) => {
                let at = self.civil(time);
                let (day, hour) = (at.date(), at.hour());
                match period {
                    Period::Hour => self.instant(day, hour),
                    Period::Month => self.instant(day.first_of_month(), 0),
                    Period::Year => self.instant(day.first_of_year(), 0),
                    Period::Day | Period::Second | Period::Minute => self.instant(day, 0),
                }
            }
        }
    }

    /// When the next period begins.
    #[must_use]
    pub fn next_after(&self, time: i64, period: Period) -> i64 {
        match (period, &self.zone) {
            (Period::Second, _) => time - time % SECOND_MS + SECOND_MS,
            (Period::Minute, _) => time - time % MINUTE_MS + MINUTE_MS,
            (Period::Hour, None) => time - time.rem_euclid(HOUR_MS) + HOUR_MS,
            (Period::Day, None) => time - time.rem_euclid(DAY_MS) + DAY_MS,
            (Period::Hour | Period::Day | Period::Month | Period::Year, _) => {
                let at = self.civil(time);
                let day = at.date();
                match period {
                    Period::Hour if at.hour() < 23 => self.instant(day, at.hour() + 1),
                    Period::Month => {
                        self.instant(day.last_of_month().tomorrow().unwrap_or(Date::MAX), 0)
                    }
                    Period::Year => {
                        self.instant(day.last_of_year().tomorrow().unwrap_or(Date::MAX), 0)
                    }
                    Period::Hour | Period::Day | Period::Second | Period::Minute => {
                        self.instant(day.tomorrow().unwrap_or(Date::MAX), 0)
                    }
                }
            }
        }
    }

    fn civil(&self, time: i64) -> jiff::civil::DateTime {
        let instant = Timestamp::from_millisecond(time).unwrap_or_default();
        self.zone.as_ref().unwrap_or(&TimeZone::UTC).to_datetime(instant)
    }

    fn instant(&self, day: Date, hour: i8) -> i64 {
        let time = Time::new(hour, 0, 0, 0).unwrap_or_default();
        let gmt = TimeZone::UTC;
        let zone = self.zone.as_ref().unwrap_or(&gmt);
        let instant = zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible();
        instant.map_or(i64::MAX, Timestamp::as_millisecond)
    }
}

/// The instant of a civil time that is `offset_s` seconds ahead of GMT; `None` when there is no
/// such day or time.
pub(crate) fn instant_of(parts: [i16; 6], offset_s: i64) -> Option<i64> {
    let [year, month, day, hour, minute, second] = parts;
    let small = |part: i16| i8::try_from(part).ok();
    let day = Date::new(year, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let shown = day.to_datetime(time);
    let instant = TimeZone::UTC.to_ambiguous_timestamp(shown).compatible().ok()?;
    Some(instant.as_millisecond() - offset_s * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2017-06-01 04:05:50 GMT.
    const T: i64 = 1_496_289_950_000;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        let gmt = Calendar::default();
        let starts: Vec<i64> = [
            Period::Second,
            Period::Minute,
            Period::Hour,
            Period::Day,
            Period::Month,
            Period::Year,
        ]
        .into_iter()
        .map(|period| gmt.start_of(T + 7, period))
        .collect();
        let expected = [T, T - 50_000, 1_496_289_600_000, 1_496_275_200_000, 1_496_275_200_000];
        assert_eq!(starts[..5], expected);
        assert_eq!(starts[5], 1_483_228_800_000);
        assert_eq!(gmt.next_after(T, Period::Month), 1_498_867_200_000);
        assert_eq!(gmt.next_after(T, Period::Year), 1_514_764_800_000);
    }

    #[test]
    fn a_zone_moves_days() {
        let zone = Calendar::named("Asia/Colombo").unwrap();
        // Half past five hours ahead: the day began at 18:30 GMT.
        assert_eq!(zone.start_of(T, Period::Day), 1_496_275_200_000 - 19_800_000);
        assert_eq!(zone.next_after(T, Period::Hour), 1_496_289_600_000 + 1_800_000);
        assert!(Calendar::named("Nowhere/Land").is_none());
    }

    #[test]
    fn civil_times_are_found() {
        assert_eq!(instant_of([2017, 6, 1, 4, 5, 50], 0), Some(T));
        assert_eq!(instant_of([2017, 6, 1, 9, 35, 50], 19_800), Some(T));
        assert_eq!(instant_of([2017, 13, 1, 4, 5, 50], 0), None);
    }
}
