//! `math:`, functions of numbers. A null argument gives null; nothing but unreadable text and
//! logarithms to base 1 is a fault.

use weir_event::{DataType, Value};

use super::signature::takes;
use super::{Arg, Bound, Function, given, numbers, plain, prepared};
use crate::fault::Fault;

pub(super) const FUNCTIONS: &[Function] = &[
    math("abs", |args| of_one("math:abs", args, f64::abs)),
    math("acos", |args| of_real("math:acos", args, libm::acos)),
    math("asin", |args| of_real("math:asin", args, libm::asin)),
    math("atan", |args| match args.len() {
        2 => of_two("math:atan", args, libm::atan2),
        _ => of_one("math:atan", args, libm::atan),
    }),
    math("bin", |args| digits("math:bin", args, "whole", |_, bits| format!("{bits:b}"))),
    math("cbrt", |args| of_one("math:cbrt", args, libm::cbrt)),
    math("ceil", |args| of_real("math:ceil", args, f64::ceil)),
    math("conv", convert_base),
    math("copySign", |args| of_two("math:copySign", args, f64::copysign)),
    math("cos", |args| of_one("math:cos", args, libm::cos)),
    math("cosh", |args| of_one("math:cosh", args, libm::cosh)),
    math("e", |args| constant("math:e", args, std::f64::consts::E)),
    math("exp", |args| of_one("math:exp", args, libm::exp)),
    math("floor", |args| of_one("math:floor", args, f64::floor)),
    math("getExponent", exponent),
    math("hex", |args| digits("math:hex", args, "num", hex_float)),
    math("isInfinite", |args| is("math:isInfinite", args, f64::is_infinite)),
    math("isNan", |args| is("math:isNan", args, f64::is_nan)),
    math("ln", |args| of_one("math:ln", args, libm::log)),
    math("log", log),
    math("log10", |args| of_one("math:log10", args, libm::log10)),
    math("log2", |args| of_one("math:log2", args, |v| libm::log(v) / libm::log(2.0))),
    math("max", |args| of_two("math:max", args, maximum)),
    math("min", |args| of_two("math:min", args, |a, b| -maximum(-a, -b))),
    math("oct", |args| digits("math:oct", args, "whole", |_, bits| format!("{bits:o}"))),
    math("parseDouble", |args| {
        parse("math:parseDouble", args, DataType::Double, |text| {
            numbers::double(text).map(Value::Double)
        })
    }),
    math("parseFloat", |args| {
        parse("math:parseFloat", args, DataType::Float, |text| {
            numbers::float(text).map(Value::Float)
        })
    }),
    math("parseInt", |args| {
        parse("math:parseInt", args, DataType::Int, |text| numbers::whole(text).map(Value::Int))
    }),
    math("parseLong", |args| {
        parse("math:parseLong", args, DataType::Long, |text| numbers::whole(text).map(Value::Long))
    }),
    math("pi", |args| constant("math:pi", args, std::f64::consts::PI)),
    math("power", |args| of_two("math:power", args, power)),
    math("rand", random),
    math("round", round),
    math("signum", signum),
    math("sin", |args| of_one("math:sin", args, libm::sin)),
    math("sinh", |args| of_one("math:sinh", args, libm::sinh)),
    math("sqrt", |args| of_one("math:sqrt", args, f64::sqrt)),
    math("tan", |args| of_one("math:tan", args, libm::tan)),
    math("tanh", |args| of_one("math:tanh", args, libm::tanh)),
    math("toDegrees", |args| of_one("math:toDegrees", args, |v| v * 57.295_779_513_082_32)),
    math("toRadians", |args| of_one("math:toRadians", args, super::stream::radians)),
];

const fn math(name: &'static str, bind: fn(&[Arg<'_>]) -> Result<Bound, String>) -> Function {
    Function { namespace: "math", name, bind }
}

type One = fn(f64) -> f64;
type Two = fn(f64, f64) -> f64;

fn of_one(name: &'static str, args: &[Arg<'_>], compute: One) -> Result<Bound, String> {
    takes(name, args, "num")?;
    double_of(name, compute)
}

/// A function that the original only has for `float` and `double`.
fn of_real(name: &'static str, args: &[Arg<'_>], compute: One) -> Result<Bound, String> {
    takes(name, args, "real")?;
    double_of(name, compute)
}

fn double_of(name: &'static str, compute: One) -> Result<Bound, String> {
    prepared(name, DataType::Double, compute, |compute, _, args| {
        Ok(opt_double(&args[0])?.map_or(Value::Null, |v| Value::Double(compute(v))))
    })
}

fn opt_double(value: &Value) -> Result<Option<f64>, Fault> {
    if value.is_null() { Ok(None) } else { given::double(value, "the number").map(Some) }
}

fn of_two(name: &'static str, args: &[Arg<'_>], compute: Two) -> Result<Bound, String> {
    takes(name, args, "num num")?;
    prepared(name, DataType::Double, compute, |compute, _, args| {
        let both = opt_double(&args[0])?.zip(opt_double(&args[1])?);
        Ok(both.map_or(Value::Null, |(a, b)| Value::Double(compute(a, b))))
    })
}

/// The larger one; `NaN` wins, and `0.0` is larger than `-0.0`.
fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

/// As the standard library's, but for powers of 1 and -1 that have no answer in the original.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        return f64::NAN;
    }
    libm::pow(base, exponent)
}

fn constant(name: &'static str, args: &[Arg<'_>], value: f64) -> Result<Bound, String> {
    takes(name, args, "")?;
    prepared(name, DataType::Double, value, |value, _, _| Ok(Value::Double(*value)))
}

fn is(name: &'static str, args: &[Arg<'_>], test: fn(f64) -> bool) -> Result<Bound, String> {
    takes(name, args, "real")?;
    prepared(name, DataType::Bool, test, |test, _, args| {
        Ok(opt_double(&args[0])?.is_some_and(test).into())
    })
}

fn log(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:log", args, "num num")?;
    plain("math:log", DataType::Double, |_, args| {
        let Some((number, base)) = opt_double(&args[0])?.zip(opt_double(&args[1])?) else {
            return Ok(Value::Null);
        };
        if base == 1.0 {
            return Err(Fault::runtime("there is no logarithm to base 1"));
        }
        Ok(Value::Double(libm::log(number) / libm::log(base)))
    })
}

/// The unbiased exponent of the number as a `double`.
fn exponent(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:getExponent", args, "num")?;
    plain("math:getExponent", DataType::Int, |_, args| {
        Ok(opt_double(&args[0])?
            .map_or(Value::Null, |v| Value::Int((v.to_bits() >> 52 & 0x7ff) as i32 - 1023)))
    })
}

fn signum(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:signum", args, "num")?;
    plain("math:signum", DataType::Int, |_, args| {
        Ok(opt_double(&args[0])?
            .map_or(Value::Null, |v| Value::Int(i32::from(v > 0.0) - i32::from(v < 0.0))))
    })
}

/// Half goes up; `int` for a `float`, `long` for a `double`.
fn round(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:round", args, "real")?;
    let is_float = args[0].data_type == DataType::Float;
    let data_type = if is_float { DataType::Int } else { DataType::Long };
    prepared("math:round", data_type, is_float, |is_float, _, args| {
        let Some(number) = opt_double(&args[0])? else { return Ok(Value::Null) };
        let below = number.floor();
        let rounded = if number - below >= 0.5 { below + 1.0 } else { below };
        Ok(if *is_float { Value::Int(rounded as i32) } else { Value::Long(rounded as i64) })
    })
}

/// A number in `0.0..1.0`. The seed is checked and otherwise without meaning: what an entry draws
/// is seeded by its place in the log.
fn random(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:rand", args, "| whole!")?;
    plain("math:rand", DataType::Double, |env, _| {
        Ok(Value::Double((env.next_random() >> 11) as f64 / (1_u64 << 53) as f64))
    })
}

type Read = fn(&str) -> Option<Value>;

fn parse(
    name: &'static str,
    args: &[Arg<'_>],
    data_type: DataType,
    read: Read,
) -> Result<Bound, String> {
    takes(name, args, "string")?;
    prepared(name, data_type, (read, data_type), |(read, data_type), _, args| {
        if args[0].is_null() {
            return Ok(Value::Null);
        }
        let text = given::text(&args[0], "the text")?;
        read(text).ok_or_else(|| Fault::runtime(format!("`{text}` is not a `{data_type}`")))
    })
}

type Digits = fn(&Value, u64) -> String;

/// The digits of a whole number, of its two's complement where it is negative.
fn digits(
    name: &'static str,
    args: &[Arg<'_>],
    numbers: &str,
    write: Digits,
) -> Result<Bound, String> {
    takes(name, args, numbers)?;
    prepared(name, DataType::String, write, |write, _, args| {
        let bits = match &args[0] {
            Value::Null => return Ok(Value::Null),
            Value::Int(number) => u64::from(*number as u32),
            Value::Long(number) => *number as u64,
            Value::Float(_)
            | Value::Double(_)
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Object(_) => given::double(&args[0], "the number")?.to_bits(),
        };
        Ok(Value::text(write(&args[0], bits)))
    })
}

/// Hexadecimal digits; a number with a point in the notation of the original (`0x1.8p1`).
fn hex_float(value: &Value, bits: u64) -> String {
    let (number, smallest) = match value {
        Value::Double(number) => (*number, -1022),
        Value::Float(number) => (f64::from(*number), -126),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Str(_)
        | Value::Object(_) => return format!("{bits:x}"),
    };
    if !number.is_finite() {
        return weir_event::double_text(number);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (lead, fraction, exponent) = if number == 0.0 {
        (0, 0, 0)
    } else if biased - 1023 >= smallest {
        (1, fraction, biased - 1023)
    } else if biased == 0 {
        (0, fraction, smallest)
    } else {
        // Too small for the format it came from: the leading one moves behind the point.
        (0, (fraction | 1 << 52) >> (smallest - (biased - 1023)), smallest)
    };
    let text = format!("{fraction:013x}");
    let text = text.trim_end_matches('0');
    format!("{sign}0x{lead}.{}p{exponent}", if text.is_empty() { "0" } else { text })
}

/// A whole number in one base as text in another; a base the original cannot write in counts as 10.
fn convert_base(args: &[Arg<'_>]) -> Result<Bound, String> {
    takes("math:conv", args, "string int int")?;
    plain("math:conv", DataType::String, |_, args| {
        if args.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        let text = given::text(&args[0], "the number")?;
        let base = |i: usize, what| {
            let base = given::int(&args[i], what)?;
            Ok(u32::try_from(base).ok().filter(|base| (2..=36).contains(base)))
        };
        let from = base(1, "the base")?
            .ok_or_else(|| Fault::runtime("a number is read in a base from 2 to 36"))?;
        let to = base(2, "the base")?.unwrap_or(10);
        let number = i32::from_str_radix(text, from)
            .map_err(|_| Fault::runtime(format!("`{text}` is not a number to base {from}")))?;
        let mut rest = number.unsigned_abs();
        let mut digits = Vec::new();
        while digits.is_empty() || rest > 0 {
            digits.push(char::from_digit(rest % to, to).unwrap_or('0'));
            rest /= to;
        }
        digits.extend((number < 0).then_some('-'));
        Ok(Value::text(digits.iter().rev().collect::<String>()))
    })
}
