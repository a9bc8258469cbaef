//! `regex:`, which searches text with patterns.

use weir_event::{DataType, Value};

use super::pattern::{Pattern, Reach};
use super::signature::takes;
use super::{Arg, Bound, Function, given, prepared, units};
use crate::fault::Fault;

pub(super) const FUNCTIONS: &[Function] = &[
    regex("find", find),
    regex("group", group),
    regex("lookingAt", |args| matches("regex:lookingAt", args, Reach::Start)),
    regex("matches", |args| matches("regex:matches", args, Reach::Whole)),
];

const fn regex(name: &'static str, bind: fn(&[Arg<'_>]) -> Result<Bound, String>) -> Function {
    Function { namespace: "regex", name, bind }
}

/// A pattern argument: compiled when the app is created where it is a constant.
pub(super) struct PatternArg {
    constant: Option<Pattern>,
    reach: Reach,
}

/// A pattern for one event.
pub(super) enum Ready<'a> {
    Kept(&'a Pattern),
    New(Pattern),
}

impl std::ops::Deref for Ready<'_> {
    type Target = Pattern;

    fn deref(&self) -> &Pattern {
        match self {
            Self::Kept(pattern) => pattern,
            Self::New(pattern) => pattern,
        }
    }
}

impl PatternArg {
    /// Looks at the argument; a constant that is no pattern is refused.
    pub(super) fn new(arg: &Arg<'_>, reach: Reach) -> Result<Self, String> {
        let constant = match arg.constant {
            Some(Value::Str(text)) => Some(Pattern::new(text, reach)?),
            _ => None,
        };
        Ok(Self { constant, reach })
    }

    /// As [`Self::new`], but a constant that is no pattern is every event's fault.
    pub(super) fn lenient(arg: &Arg<'_>, reach: Reach) -> Self {
        Self::new(arg, reach).unwrap_or(Self { constant: None, reach })
    }

    /// The pattern for the event with this argument.
    pub(super) fn of(&self, value: &Value, what: &str) -> Result<Ready<'_>, Fault> {
        match &self.constant {
            Some(pattern) => Ok(Ready::Kept(pattern)),
            None => Pattern::of_event(given::text(value, what)?, self.reach).map(Ready::New),
        }
    }
}

/// Null text matches nothing, but a null pattern is a fault.
fn matches(name: &'static str, args: &[Arg<'_>], reach: Reach) -> Result<Bound, String> {
    takes(name, args, "string string")?;
    let pattern = PatternArg::new(&args[0], reach)?;
    prepared(name, DataType::Bool, pattern, |pattern, _, args| {
        let pattern = pattern.of(&args[0], "the pattern")?;
        if args[1].is_null() {
            return Ok(false.into());
        }
        Ok(pattern.matches_from(given::text(&args[1], "the text")?, 0)?.into())
    })
}

fn find(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("regex:find", args, "string string | string string int")?;
    let pattern = PatternArg::new(&args[0], Reach::Part)?;
    prepared("regex:find", DataType::Bool, pattern, |pattern, _, args| {
        let pattern = pattern.of(&args[0], "the pattern")?;
        if args[1..].iter().any(Value::is_null) {
            return Ok(false.into());
        }
        let text = given::text(&args[1], "the text")?;
        let from = match args.get(2) {
            None => Some(0),
            Some(start) => usize::try_from(given::int(start, "the start")?)
                .ok()
                .and_then(|unit| units::byte_of(text, unit)),
        };
        let from = from.ok_or_else(|| Fault::runtime("the start is not within the text"))?;
        Ok(pattern.matches_from(text, from)?.into())
    })
}

/// A group that took no part, or that the pattern has not, is null.
fn group(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("regex:group", args, "string string int")?;
    let pattern = PatternArg::new(&args[0], Reach::Part)?;
    prepared("regex:group", DataType::String, pattern, |pattern, _, args| {
        let pattern = pattern.of(&args[0], "the pattern")?;
        let text = given::text(&args[1], "the text")?;
        let number = given::int(&args[2], "the group")?;
        let Some(groups) = pattern.groups(text)? else { return Ok(Value::Null) };
        let number = usize::try_from(number)
            .map_err(|_| Fault::runtime(format!("there is no group {number}")))?;
        Ok(groups.get(number).map_or(Value::Null, |group| Value::text(group.as_str())))
    })
}
