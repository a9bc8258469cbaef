//! Compiled expressions over columns, built-in functions and aggregators.

mod aggregate;
mod changes;
mod eval_row;
mod eval_vec;
mod expr;
mod fault;
mod functions;
mod scope;
mod script;
mod vector;

pub use aggregate::Aggregate;
pub use changes::Changes;
pub use eval_row::{arithmetic, order_as};
pub use expr::{ArithmeticOp, Callable, CompareAs, CompareOp, Expr};
pub use fault::Fault;
pub use functions::{
    Arg, Bound, BoundStream, Function, StreamFunction, StreamFunctionKind, all_functions,
    all_stream_functions, function, stream_function,
};
pub use scope::{Chains, Env, InTable, Input, Rows, Scope, Source};
pub use script::script;
pub use vector::{Vals, Vector};
