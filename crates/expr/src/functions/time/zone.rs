//! Time zones by name, by abbreviation and by distance from UTC.

use jiff::tz::TimeZone;

const MINUTE_MS: i64 = 60_000;

/// Abbreviations and names in dates, in minutes from UTC, as English text has them.
const NAMES: &[(&str, i64)] = &[
    ("UTC", 0),
    ("Coordinated Universal Time", 0),
    ("GMT", 0),
    ("Greenwich Mean Time", 0),
    ("EST", -300),
    ("EDT", -240),
    ("Eastern Standard Time", -300),
    ("Eastern Daylight Time", -240),
    ("CST", -360),
    ("CDT", -300),
    ("Central Standard Time", -360),
    ("Central Daylight Time", -300),
    ("MST", -420),
    ("MDT", -360),
    ("Mountain Standard Time", -420),
    ("Mountain Daylight Time", -360),
    ("PST", -480),
    ("PDT", -420),
    ("Pacific Standard Time", -480),
    ("Pacific Daylight Time", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("AST", -240),
    ("ADT", -180),
    ("NST", -210),
    ("BRT", -180),
    ("ART", -180),
    ("CLT", -240),
    ("SST", -660),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("British Summer Time", 60),
    ("CET", 60),
    ("CEST", 120),
    ("Central European Time", 60),
    ("Central European Standard Time", 60),
    ("Central European Summer Time", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("WAT", 60),
    ("CAT", 120),
    ("SAST", 120),
    ("EAT", 180),
    ("IST", 120),
    ("India Standard Time", 330),
    ("GST", 240),
    ("PKT", 300),
    ("NPT", 345),
    ("ICT", 420),
    ("WIB", 420),
    ("SGT", 480),
    ("HKT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("Japan Standard Time", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// The zone at the start of a text: its distance from UTC in milliseconds, and its length.
pub(super) fn at_start(text: &str) -> Option<(i64, usize)> {
    if let Some(offset) = text.get(..5).and_then(|it| distance(it, 2, "", 2)) {
        return Some((offset, 5));
    }
    if text.get(..3).is_some_and(|it| it.eq_ignore_ascii_case("GMT")) {
        for (len, hours) in [(9, 2), (8, 1)] {
            let rest = text.get(3..len);
            if let Some(offset) = rest.and_then(|rest| distance(rest, hours, ":", 2)) {
                return Some((offset, len));
            }
        }
    }
    NAMES
        .iter()
        .filter(|(name, _)| {
            text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        })
        .max_by_key(|(name, _)| name.len())
        .map(|(name, minutes)| (minutes * MINUTE_MS, name.len()))
}

/// The ISO 8601 zone at the start of a text, with as much detail as `X` to `XXX` ask for.
pub(super) fn iso_at_start(text: &str, detail: usize) -> Option<(i64, usize)> {
    if text.starts_with('Z') {
        return Some((0, 1));
    }
    let (len, colon, minutes) = match detail {
        1 => (3, "", 0),
        2 => (5, "", 2),
        _ => (6, ":", 2),
    };
    Some((distance(text.get(..len)?, 2, colon, minutes)?, len))
}

/// A sign, so many digits of hours and of minutes with a text between, and nothing else.
fn distance(text: &str, hours: usize, between: &str, minutes: usize) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    let whole = number(text.get(1..=hours)?)?;
    let rest = text.get(1 + hours..)?.strip_prefix(between)?;
    let part = match minutes {
        0 if rest.is_empty() => 0,
        digits if rest.len() == digits => number(rest)?,
        _ => return None,
    };
    Some(sign * (whole * 60 + part) * MINUTE_MS)
}

/// The zones that three letters stand for.
const SHORT_IDS: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

/// A zone that a user may name: `Asia/Colombo`, `UTC`, `EST`, `+05:30`, `GMT+2`.
pub(super) enum Zone {
    /// Always as far from UTC, in milliseconds.
    Fixed(i64),
    /// As its rules say.
    Ruled(TimeZone),
}

impl Zone {
    /// The zone of a name; names are case-sensitive.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "Z" | "UTC" | "GMT" | "UT" => return Some(Self::Fixed(0)),
            "EST" => return Some(Self::Fixed(-300 * MINUTE_MS)),
            "MST" => return Some(Self::Fixed(-420 * MINUTE_MS)),
            "HST" => return Some(Self::Fixed(-600 * MINUTE_MS)),
            _ => {}
        }
        let after = ["UTC", "GMT", "UT"].into_iter().find_map(|prefix| name.strip_prefix(prefix));
        let text = after.unwrap_or(name);
        if text.starts_with(['+', '-']) {
            let forms = [(1, "", 0), (2, "", 0), (2, ":", 2), (2, "", 2)];
            return forms
                .into_iter()
                .find_map(|(hours, between, minutes)| distance(text, hours, between, minutes))
                .filter(|offset| offset.abs() <= 18 * 60 * MINUTE_MS)
                .map(Self::Fixed);
        }
        let name = SHORT_IDS.iter().find(|(id, _)| *id == name).map_or(name, |(_, full)| full);
        let zone = TimeZone::get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Self::Ruled(zone))
    }

    /// The distance from UTC at a moment, in milliseconds.
    pub(super) fn offset_ms(&self, millis: i64) -> i64 {
        match self {
            Self::Fixed(offset) => *offset,
            Self::Ruled(zone) => jiff::Timestamp::from_millisecond(millis)
                .map_or(0, |at| i64::from(zone.to_offset(at).seconds()) * 1_000),
        }
    }

    /// The moment at which clocks there show this; the earlier one where there are two.
    pub(super) fn moment_of(&self, shown_ms: i64) -> i64 {
        let first = shown_ms - self.offset_ms(shown_ms);
        let day = 86_400_000;
        let before = shown_ms - self.offset_ms(first - day);
        if before + self.offset_ms(before) == shown_ms {
            return before;
        }
        let after = shown_ms - self.offset_ms(first + day);
        if after + self.offset_ms(after) == shown_ms { after } else { before }
    }
}
