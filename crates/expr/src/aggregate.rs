//! The aggregators of the language: their names and types. What they do is in `operators`.

use weir_event::DataType;

/// An aggregate function of the selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `sum(x)`
    Sum,
    /// `avg(x)`
    Avg,
    /// `count()` or `count(x)`
    Count,
    /// `distinctCount(x)`
    DistinctCount,
    /// `min(x)`
    Min,
    /// `max(x)`
    Max,
    /// `minForever(x)`
    MinForever,
    /// `maxForever(x)`
    MaxForever,
    /// `stdDev(x)`
    StdDev,
    /// `and(x)`
    And,
    /// `or(x)`
    Or,
    /// `unionSet(x)`
    UnionSet,
}

impl Aggregate {
    /// The aggregator the user named; names are case-sensitive.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" => Self::Sum,
            "avg" => Self::Avg,
            "count" => Self::Count,
            "distinctCount" => Self::DistinctCount,
            "min" => Self::Min,
            "max" => Self::Max,
            "minForever" => Self::MinForever,
            "maxForever" => Self::MaxForever,
            "stdDev" => Self::StdDev,
            "and" => Self::And,
            "or" => Self::Or,
            "unionSet" => Self::UnionSet,
            _ => return None,
        })
    }

    /// The type of the answer for arguments of these types.
    ///
    /// # Errors
    ///
    /// The arguments do not fit; the text says what does.
    pub fn answer_type(self, args: &[DataType]) -> Result<DataType, String> {
        use DataType::{Bool, Double, Float, Int, Long, Object};
        match (self, args) {
            (Self::Count, [] | [_]) | (Self::DistinctCount, [_]) => Ok(Long),
            (Self::Sum, [Int | Long]) => Ok(Long),
            (Self::Sum, [Float | Double]) => Ok(Double),
            (Self::Avg | Self::StdDev, [arg]) if arg.is_numeric() => Ok(Double),
            (Self::Min | Self::Max | Self::MinForever | Self::MaxForever, [arg])
                if arg.is_numeric() =>
            {
                Ok(*arg)
            }
            (Self::And | Self::Or, [Bool]) => Ok(Bool),
            (Self::UnionSet, [Object]) => Ok(Object),
            _ => Err(self.usage().into()),
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Self::Sum => "`sum` takes one number",
            Self::Avg => "`avg` takes one number",
            Self::Count => "`count` takes one argument or none",
            Self::DistinctCount => "`distinctCount` takes one argument",
            Self::Min => "`min` takes one number",
            Self::Max => "`max` takes one number",
            Self::MinForever => "`minForever` takes one number",
            Self::MaxForever => "`maxForever` takes one number",
            Self::StdDev => "`stdDev` takes one number",
            Self::And => "`and` takes one bool",
            Self::Or => "`or` takes one bool",
            Self::UnionSet => "`unionSet` takes one set of type object",
        }
    }
}
