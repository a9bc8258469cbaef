//! The fields of a cron expression: their names and which numbers they take.

/// A field, by its place in the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
    Year,
}

/// The fields in the order in which they are written.
pub(super) const FIELDS: [Field; 7] = [
    Field::Second,
    Field::Minute,
    Field::Hour,
    Field::DayOfMonth,
    Field::Month,
    Field::DayOfWeek,
    Field::Year,
];

/// The last year in which something may happen.
pub(super) const YEAR_MAX: u32 = 2199;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Second => "seconds",
            Self::Minute => "minutes",
            Self::Hour => "hours",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        }
    }

    /// The smallest and the largest number.
    pub(super) fn range(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (1, 7),
            Self::Year => (1970, YEAR_MAX),
        }
    }

    /// The number that a word stands for; of a longer one the first three letters count.
    pub(super) fn word(self, word: &str) -> Option<u32> {
        let names: &[&str] = match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &DAYS,
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Year => &[],
        };
        let letters = word.bytes().all(|it| it.is_ascii_uppercase());
        let word = word.get(..3).filter(|_| letters)?;
        names.iter().position(|name| *name == word).map(|at| at as u32 + 1)
    }
}

/// Which numbers a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    least: u32,
    taken: Vec<bool>,
}

impl Numbers {
    /// None of the field's.
    pub(super) fn none(field: Field) -> Self {
        let (least, most) = field.range();
        Self { least, taken: vec![false; (most - least + 1) as usize] }
    }

    pub(super) fn add(&mut self, number: u32) {
        if let Some(taken) =
            number.checked_sub(self.least).and_then(|at| self.taken.get_mut(at as usize))
        {
            *taken = true;
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        number.checked_sub(self.least).is_some_and(|at| self.taken.get(at as usize) == Some(&true))
    }

    /// The first one that is not less than a number.
    pub(super) fn from(&self, number: u32) -> Option<u32> {
        let start = number.saturating_sub(self.least) as usize;
        let at = self.taken.iter().skip(start).position(|taken| *taken)?;
        Some(self.least + (start + at) as u32)
    }

    /// The smallest one.
    pub(super) fn first(&self) -> Option<u32> {
        self.from(self.least)
    }
}
