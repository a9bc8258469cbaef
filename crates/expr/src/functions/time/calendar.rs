//! The calendar of the original: Gregorian from 15 October 1582, Julian before; weeks begin on
//! Sunday and the first one holds 1 January.

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;
/// The day 15 October 1582, counted from 1 January 1970.
const FIRST_GREGORIAN_DAY: i64 = -141_427;

/// A moment taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// 0 is the year before the year 1.
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Milliseconds since midnight.
    pub(super) day_ms: i64,
}

impl Moment {
    /// Takes epoch milliseconds apart.
    pub(super) fn of(millis: i64) -> Self {
        let days = millis.div_euclid(DAY_MS);
        let (year, month, day) =
            if days >= FIRST_GREGORIAN_DAY { gregorian_date(days) } else { julian_date(days) };
        Self { year, month, day, day_ms: millis.rem_euclid(DAY_MS) }
    }

    /// Epoch milliseconds; `None` beyond what fits. Months and days may be out of their bounds:
    /// the 13th month is the first of the next year.
    pub(super) fn millis(self) -> Option<i64> {
        let day = day_number(self.year, self.month, self.day)?;
        day.checked_mul(DAY_MS)?.checked_add(self.day_ms)
    }

    /// The day counted from 1 January 1970.
    fn day_number(self) -> i64 {
        day_number(self.year, self.month, self.day).unwrap_or_default()
    }

    /// 0 is Sunday.
    pub(super) fn weekday(self) -> i64 {
        weekday(self.day_number())
    }

    /// From 1.
    pub(super) fn day_of_year(self) -> i64 {
        self.day_number() - day_number(self.year, 1, 1).unwrap_or_default() + 1
    }

    /// The week of the year and the year it belongs to.
    pub(super) fn week(self) -> (i64, i64) {
        let start = |year| {
            let first = day_number(year, 1, 1).unwrap_or_default();
            first - weekday(first)
        };
        let day = self.day_number();
        if day >= start(self.year + 1) {
            (1, self.year + 1)
        } else {
            ((day - start(self.year)) / 7 + 1, self.year)
        }
    }

    /// The week of the month, from 1.
    pub(super) fn week_of_month(self) -> i64 {
        let first = Self { day: 1, ..self }.weekday();
        (self.day - 1 + first) / 7 + 1
    }

    /// So many months later, on the last day of the month where it has fewer days.
    pub(super) fn plus_months(self, months: i64) -> Self {
        let month = self.year * 12 + self.month - 1 + months;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        Self { year, month, day: self.day.min(days_of_month(year, month)), ..self }
    }
}

fn weekday(day: i64) -> i64 {
    (day + 4).rem_euclid(7)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => {
            let julian = year <= 1582;
            let leap = year % 4 == 0 && (julian || year % 100 != 0 || year % 400 == 0);
            28 + i64::from(leap)
        }
        _ => 31,
    }
}

/// The day counted from 1 January 1970; `None` beyond what can be computed.
pub(super) fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = year.checked_add((month - 1).div_euclid(12))?;
    if year.abs() > 1 << 40 {
        return None;
    }
    let month = (month - 1).rem_euclid(12) + 1;
    let start = days_before(year, month);
    let century = year - i64::from(month <= 2);
    let gregorian = (start - century.div_euclid(100) + century.div_euclid(400)).checked_add(day)?;
    if gregorian - 719_469 >= FIRST_GREGORIAN_DAY {
        Some(gregorian - 719_469)
    } else {
        Some(start + day - 719_471)
    }
}

/// Days from 1 March of the year 0 to the start of a month, with a leap day every four years.
fn days_before(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let from_march = (month + 9) % 12;
    365 * year + year.div_euclid(4) + (153 * from_march + 2) / 5
}

fn gregorian_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    date(era * 400 + year, of_year)
}

fn julian_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_470;
    let era = days.div_euclid(1_461);
    let of_era = days.rem_euclid(1_461);
    let year = (of_era - of_era / 1_460) / 365;
    date(era * 4 + year, of_era - 365 * year)
}

/// The date of a day counted from 1 March of a year.
fn date(year: i64, of_year: i64) -> (i64, i64, i64) {
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_three_thousand_years_reads_back() {
        for day in -800_000..300_000 {
            let moment = Moment::of(day * DAY_MS + 5);
            assert_eq!(moment.millis(), Some(day * DAY_MS + 5), "{moment:?}");
        }
        assert_eq!(Moment::of(0), Moment { year: 1970, month: 1, day: 1, day_ms: 0 });
        assert_eq!(Moment { year: i64::MAX, month: 14, day: 1, day_ms: 0 }.millis(), None);
        assert_eq!(Moment { year: 1 << 39, month: 1, day: 1, day_ms: 0 }.millis(), None);
    }
}
