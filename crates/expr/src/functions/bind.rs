//! What a function is: a name, and how it is made ready for its arguments.

use std::fmt;
use std::sync::Arc;

use weir_event::{DataType, Value};

use crate::expr::Callable;
use crate::fault::Fault;
use crate::scope::Env;

/// What is known of an argument when the app is created.
#[derive(Debug, Clone, Copy)]
pub struct Arg<'a> {
    /// Its declared type.
    pub data_type: DataType,
    /// Its value, when it is a constant.
    pub constant: Option<&'a Value>,
}

/// A function made ready for the types of its arguments.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The type of the answer.
    pub data_type: DataType,
    /// What is called for each event.
    pub callable: Arc<dyn Callable>,
}

/// A function of the language.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The part before the colon; empty for functions of the core.
    pub namespace: &'static str,
    /// Its name as the user writes it, case-sensitive.
    pub name: &'static str,
    /// Checks the arguments and makes the function ready.
    ///
    /// The error is a sentence for the person who wrote the app.
    pub bind: fn(&[Arg<'_>]) -> Result<Bound, String>,
}

/// A function that needs nothing but its arguments and the entry.
pub(super) type Plain = fn(&Env<'_>, &[Value]) -> Result<Value, Fault>;

/// A function that uses what was prepared from its constant arguments.
pub(super) type With<T> = fn(&T, &Env<'_>, &[Value]) -> Result<Value, Fault>;

struct Prepared<T> {
    name: &'static str,
    state: T,
    call: With<T>,
    /// Whether the answer stands in the place of the first argument from now on.
    changes: bool,
}

impl<T> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<T: Send + Sync> Callable for Prepared<T> {
    fn call(&self, env: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
        // Whatever a function stumbles on, the original wraps it in one kind of error.
        let call = |args: &[Value]| {
            (self.call)(&self.state, env, args).map_err(|fault| Fault::runtime(fault.message))
        };
        match env.changes {
            Some(changes) if self.changes || !changes.is_empty() => {
                let args: Vec<Value> = args.iter().map(|arg| changes.newest(arg)).collect();
                let answer = call(&args)?;
                if let Some(first) = args.first().filter(|_| self.changes) {
                    changes.note(first, &answer);
                }
                Ok(answer)
            }
            Some(_) | None => call(args),
        }
    }
}

/// A bound function with what was prepared from its constant arguments.
pub(super) fn prepared<T: Send + Sync + 'static>(
    name: &'static str,
    data_type: DataType,
    state: T,
    call: With<T>,
) -> Result<Bound, String> {
    Ok(Bound { data_type, callable: Arc::new(Prepared { name, state, call, changes: false }) })
}

/// A bound function whose answer stands in the place of its first argument, which the original
/// changes where it is.
pub(super) fn changing<T: Send + Sync + 'static>(
    name: &'static str,
    state: T,
    call: With<T>,
) -> Result<Bound, String> {
    let callable = Arc::new(Prepared { name, state, call, changes: true });
    Ok(Bound { data_type: DataType::Object, callable })
}

/// A bound function without state of its own.
pub(super) fn plain(name: &'static str, data_type: DataType, call: Plain) -> Result<Bound, String> {
    prepared(name, data_type, call, |call, env, args| call(env, args))
}
