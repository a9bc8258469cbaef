//! The aggregators of the language: their names and types. What they do is in `operators`.

use std::sync::Arc;

use weir_event::{DataType, Object, Value};

use crate::expr::{Callable, Expr};
use crate::fault::Fault;
use crate::functions::{Arg, json_of, json_text};
use crate::scope::Env;

/// Why arguments do not fit.
type Refusal = String;

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
    /// `json:group(json, enclosing.element, distinct)`: the text of `json:groupAsObject`
    JsonGroup,
    /// `json:groupAsObject(json, enclosing.element, distinct)`
    JsonGroupAsObject,
    /// `list:collect(x, distinct)`
    ListCollect,
    /// `list:merge(list, distinct)`
    ListMerge,
    /// `map:collect(key, value)`
    MapCollect,
    /// `map:merge(map)`
    MapMerge,
    /// `math:percentile(x, p)`
    Percentile,
    /// `str:groupConcat(x, separator, distinct, order)`
    GroupConcat,
}

impl Aggregate {
    /// The aggregator the user named; names are case-sensitive.
    #[must_use]
    pub fn named(namespace: &str, name: &str) -> Option<Self> {
        Some(match (namespace, name) {
            ("", "sum") => Self::Sum,
            ("", "avg") => Self::Avg,
            ("", "count") => Self::Count,
            ("", "distinctCount") => Self::DistinctCount,
            ("", "min") => Self::Min,
            ("", "max") => Self::Max,
            ("", "minForever") => Self::MinForever,
            ("", "maxForever") => Self::MaxForever,
            ("", "stdDev") => Self::StdDev,
            ("", "and") => Self::And,
            ("", "or") => Self::Or,
            ("", "unionSet") => Self::UnionSet,
            ("json", "group") => Self::JsonGroup,
            ("json", "groupAsObject") => Self::JsonGroupAsObject,
            ("list", "collect") => Self::ListCollect,
            ("list", "merge") => Self::ListMerge,
            ("map", "collect") => Self::MapCollect,
            ("map", "merge") => Self::MapMerge,
            ("math", "percentile") => Self::Percentile,
            ("str", "groupConcat") => Self::GroupConcat,
            _ => return None,
        })
    }

    /// Checks the arguments that have to be constants.
    ///
    /// # Errors
    ///
    /// One is not, or is none of the values it may have; the text says what it may be.
    pub fn check(self, args: &[Arg<'_>]) -> Result<(), Refusal> {
        let constant = |at: usize, what: &str| match args.get(at) {
            None => Ok(None),
            Some(arg) => arg.constant.map(Some).ok_or_else(|| format!("{what} is a constant")),
        };
        if self == Self::GroupConcat {
            constant(2, "the third argument of `str:groupConcat`, `distinct`,")?;
            let order = constant(3, "the fourth argument of `str:groupConcat`, `order`,")?;
            let word = order.and_then(|it| it.as_text()).map(|it| it.to_uppercase());
            if let Some(word) = word.filter(|it| it != "ASC" && it != "DESC") {
                return Err(format!("`str:groupConcat` orders by `ASC` or `DESC`, not `{word}`"));
            }
        }
        if self == Self::Percentile {
            let share = constant(1, "the second argument of `math:percentile`")?;
            if !share.and_then(Value::as_f64).is_some_and(|it| it > 0.0 && it <= 100.0) {
                return Err("`math:percentile` takes a percentage above 0 and up to 100".into());
            }
        }
        Ok(())
    }

    /// The type of the answer for arguments of these types.
    ///
    /// # Errors
    ///
    /// The arguments do not fit; the text says what does.
    pub fn answer_type(self, args: &[DataType]) -> Result<DataType, Refusal> {
        use DataType::{Bool, Double, Float, Int, Long, Object, String};
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
            (
                Self::JsonGroup | Self::JsonGroupAsObject,
                [String | Object]
                | [String | Object, String | Bool]
                | [String | Object, String, Bool],
            )
            | (Self::ListCollect, [_] | [_, Bool])
            | (Self::ListMerge, [Object] | [Object, Bool])
            | (Self::MapMerge, [Object]) => Ok(Object),
            (Self::MapCollect, [key, _]) if *key != Object => Ok(Object),
            (Self::Percentile, [arg, Double]) if arg.is_numeric() => Ok(Double),
            (
                Self::GroupConcat,
                [String]
                | [String, String]
                | [String, String, Bool]
                | [String, String, Bool, String],
            ) => Ok(String),
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
            Self::JsonGroup => "`json:group` takes JSON, and may take a name and a bool",
            Self::JsonGroupAsObject => {
                "`json:groupAsObject` takes JSON, and may take a name and a bool"
            }
            Self::ListCollect => "`list:collect` takes a value, and may take a bool",
            Self::ListMerge => "`list:merge` takes a list, and may take a bool",
            Self::MapCollect => "`map:collect` takes a key and a value",
            Self::MapMerge => "`map:merge` takes a map",
            Self::Percentile => "`math:percentile` takes a number and a percentage of type double",
            Self::GroupConcat => {
                "`str:groupConcat` takes text, and may take a separator, a bool and an order"
            }
        }
    }

    /// The one argument that the aggregate is computed over; for aggregates of a namespace it is
    /// the list of all.
    #[must_use]
    pub fn argument(self, mut args: Vec<Expr>) -> Option<Expr> {
        match self {
            Self::Sum
            | Self::Avg
            | Self::Count
            | Self::DistinctCount
            | Self::Min
            | Self::Max
            | Self::MinForever
            | Self::MaxForever
            | Self::StdDev
            | Self::And
            | Self::Or
            | Self::UnionSet => return args.into_iter().next(),
            Self::JsonGroup | Self::JsonGroupAsObject => {
                if let Some(first) = args.first_mut() {
                    let json = std::mem::replace(first, Expr::Const(Value::Null, DataType::Object));
                    *first = called(Arc::new(Parsed), vec![json], DataType::Object);
                }
            }
            Self::ListCollect
            | Self::ListMerge
            | Self::MapCollect
            | Self::MapMerge
            | Self::Percentile
            | Self::GroupConcat => {}
        }
        Some(called(Arc::new(Together), args, DataType::Object))
    }

    /// What the query sees of the aggregate's value.
    #[must_use]
    pub fn shown(self, value: Expr) -> Expr {
        if self == Self::JsonGroup {
            called(Arc::new(AsText), vec![value], DataType::String)
        } else {
            value
        }
    }
}

fn called(function: Arc<dyn Callable>, args: Vec<Expr>, data_type: DataType) -> Expr {
    Expr::Call { function, args, data_type }
}

/// Several arguments as a list.
#[derive(Debug)]
struct Together;

impl Callable for Together {
    fn call(&self, _: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
        Ok(Value::object(Object::List(args.to_vec())))
    }
}

/// JSON as an object; null stays null.
#[derive(Debug)]
struct Parsed;

impl Callable for Parsed {
    fn call(&self, _: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
        json_of(&args[0])
    }
}

/// An object as JSON text; null stays null.
#[derive(Debug)]
struct AsText;

impl Callable for AsText {
    fn call(&self, _: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
        Ok(if args[0].is_null() { Value::Null } else { json_text(&args[0]) })
    }
}
