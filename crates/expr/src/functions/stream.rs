//! Functions that take the place of an event: they add attributes, and may give several rows.

use std::fmt;
use std::sync::Arc;

use weir_event::{Attribute, DataType, Value};

use super::signature::takes;
use super::{Arg, given};
use crate::fault::Fault;
use crate::scope::Env;

/// A stream function made ready for the types of its arguments.
pub trait StreamFunction: fmt::Debug + Send + Sync {
    /// The attributes it adds, in order.
    fn attributes(&self) -> &[Attribute];

    /// The rows an event becomes, each the values of [`Self::attributes`]; none drops the event.
    ///
    /// # Errors
    ///
    /// The arguments cannot be computed with; the event goes to `@OnError`.
    fn call(&self, env: &Env<'_>, args: &[Value]) -> Result<Vec<Vec<Value>>, Fault>;
}

/// A stream function made ready, or a sentence that says why its arguments do not fit.
pub type BoundStream = Result<Arc<dyn StreamFunction>, String>;

/// A stream function of the language, used as `from S#namespace:name(…)`.
#[derive(Debug, Clone, Copy)]
pub struct StreamFunctionKind {
    /// The part before the colon; empty for functions of the core.
    pub namespace: &'static str,
    /// Its name as the user writes it, case-sensitive.
    pub name: &'static str,
    /// Checks the arguments and makes the function ready.
    ///
    /// The error is a sentence for the person who wrote the app.
    pub bind: fn(&[Arg<'_>]) -> BoundStream,
}

/// Every stream function this build carries.
const STREAM_FUNCTIONS: &[StreamFunctionKind] = &[
    StreamFunctionKind { namespace: "", name: "pol2Cart", bind: pol2_cart },
    StreamFunctionKind { namespace: "json", name: "tokenize", bind: super::json::tokenize },
    StreamFunctionKind {
        namespace: "json",
        name: "tokenizeAsObject",
        bind: super::json::tokenize_as_object,
    },
    StreamFunctionKind { namespace: "list", name: "tokenize", bind: super::list::tokenize },
    StreamFunctionKind { namespace: "map", name: "tokenize", bind: super::map::tokenize },
    StreamFunctionKind { namespace: "str", name: "tokenize", bind: super::str::tokenize },
];

/// Looks a stream function up by the names the user wrote.
#[must_use]
pub fn stream_function(namespace: &str, name: &str) -> Option<&'static StreamFunctionKind> {
    STREAM_FUNCTIONS.iter().find(|kind| kind.namespace == namespace && kind.name == name)
}

/// All stream functions.
pub fn all_stream_functions() -> impl Iterator<Item = &'static StreamFunctionKind> {
    STREAM_FUNCTIONS.iter()
}

type Rows<T> = fn(&T, &Env<'_>, &[Value]) -> Result<Vec<Vec<Value>>, Fault>;

/// A stream function with what was prepared from its constant arguments.
struct Prepared<T> {
    name: &'static str,
    attributes: Vec<Attribute>,
    state: T,
    call: Rows<T>,
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<T: Send + Sync> StreamFunction for Prepared<T> {
    fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    fn call(&self, env: &Env<'_>, args: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        (self.call)(&self.state, env, args)
    }
}

/// A bound stream function that adds these attributes.
pub(super) fn rows<T: Send + Sync + 'static>(
    name: &'static str,
    attributes: &[(&str, DataType)],
    state: T,
    call: Rows<T>,
) -> BoundStream {
    let attributes = attributes
        .iter()
        .map(|(name, data_type)| Attribute { name: (*name).into(), data_type: *data_type })
        .collect();
    Ok(Arc::new(Prepared { name, attributes, state, call }))
}

/// Polar coordinates, the angle in degrees, as Cartesian ones; a third coordinate stays as it is.
fn pol2_cart(args: &[Arg<'_>]) -> BoundStream {
    takes("pol2Cart", args, "double double | double double double")?;
    let attributes: &[(&str, DataType)] =
        &[("x", DataType::Double), ("y", DataType::Double), ("z", DataType::Double)];
    rows("pol2Cart", &attributes[..args.len()], (), |(), _, args| {
        let angle = radians(given::double(&args[0], "`theta`")?);
        let radius = given::double(&args[1], "`rho`")?;
        let mut row = vec![
            Value::Double(radius * libm::cos(angle)),
            Value::Double(radius * libm::sin(angle)),
        ];
        row.extend(args.get(2).cloned());
        Ok(vec![row])
    })
}

/// Degrees as radians, rounded as the original rounds.
pub(super) fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}
