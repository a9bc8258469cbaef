//! The functions of `Math` that a machine's own library would compute its own way.

use rquickjs::{Ctx, Function, Object, Result};

type OfOne = (&'static str, fn(f64) -> f64);

/// An object of these functions, to be put over those of the engine.
pub(super) fn functions<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let of_one: &[OfOne] = &[
        ("acos", libm::acos),
        ("acosh", libm::acosh),
        ("asin", libm::asin),
        ("asinh", libm::asinh),
        ("atan", libm::atan),
        ("atanh", libm::atanh),
        ("cbrt", libm::cbrt),
        ("cos", libm::cos),
        ("cosh", libm::cosh),
        ("exp", libm::exp),
        ("expm1", libm::expm1),
        ("log", libm::log),
        ("log10", libm::log10),
        ("log1p", libm::log1p),
        ("log2", libm::log2),
        ("sin", libm::sin),
        ("sinh", libm::sinh),
        ("tan", libm::tan),
        ("tanh", libm::tanh),
    ];
    for (name, function) in of_one {
        let function = *function;
        object.set(*name, Function::new(ctx.clone(), move |x: f64| function(x))?)?;
    }
    object.set("atan2", Function::new(ctx.clone(), |y: f64, x: f64| libm::atan2(y, x))?)?;
    object.set("pow", Function::new(ctx.clone(), power)?)?;
    Ok(object)
}

/// As the language wants it: 1 to the power of what is no number, or infinite, is no number.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || base.abs() == 1.0 && exponent.is_infinite() {
        return f64::NAN;
    }
    libm::pow(base, exponent)
}
