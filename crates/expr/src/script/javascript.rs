//! Functions in JavaScript: bounded in counted steps and memory, the same answer on every node.
//!
//! Calls that are over quickly share one engine, in which nothing stays from call to call. Steps
//! are counted in rounds whose start depends on the calls before; a call that reaches the end
//! of one is therefore made once more in an engine of its own, where counting starts from nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Runtime};
use weir_event::{DataType, Value};

use super::{native, values};
use crate::expr::Callable;
use crate::fault::Fault;
use crate::functions::Bound;
use crate::scope::Env;

const PRELUDE: &str = include_str!("prelude.js");

/// How many rounds of 10,000 steps a call may take.
const ROUNDS_MAX: i64 = 500;
/// How much memory an engine may take.
const MEMORY_MAX: usize = 64 << 20;
/// How much stack a call may take.
const STACK_MAX: usize = 192 << 10;

/// Makes a function ready.
pub(super) fn bind(name: &str, body: &str, returns: DataType) -> Result<Bound, String> {
    let source = format!("(function {name}(data) {{{body}\n}})");
    let engine = Engine::new(&source)
        .map_err(|why| format!("the text of `{name}` is not JavaScript: {why}"))?;
    let callable = Arc::new(Script { name: name.into(), source, returns, engine });
    Ok(Bound { data_type: returns, callable })
}

struct Script {
    name: String,
    source: String,
    returns: DataType,
    /// For calls that are over within a round.
    engine: Engine,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Callable for Script {
    fn call(&self, env: &Env<'_>, args: &[Value]) -> Result<Value, Fault> {
        let call = Call { args, now: env.now, seed: env.next_random(), returns: self.returns };
        match self.engine.call(&call, 0) {
            Err(Stopped::Early) => {}
            Err(Stopped::Fault(fault)) => return Err(self.named(&fault)),
            Ok(value) => return Ok(value),
        }
        let fresh = Engine::new(&self.source).map_err(Fault::runtime)?;
        fresh.call(&call, ROUNDS_MAX).map_err(|stopped| match stopped {
            Stopped::Early => Fault::runtime(format!(
                "the function `{}` took more than {} million steps",
                self.name,
                ROUNDS_MAX / 100
            )),
            Stopped::Fault(fault) => self.named(&fault),
        })
    }
}

impl Script {
    fn named(&self, fault: &Fault) -> Fault {
        Fault::runtime(format!("the function `{}` failed: {}", self.name, fault.message))
    }
}

struct Call<'a> {
    args: &'a [Value],
    now: i64,
    seed: u64,
    returns: DataType,
}

enum Stopped {
    /// It took more rounds than it may.
    Early,
    Fault(Fault),
}

/// A JavaScript engine that holds one function.
struct Engine {
    context: Context,
    /// Rounds left for the call at work; below 0 when it was stopped.
    rounds: Arc<AtomicI64>,
}

impl Engine {
    fn new(source: &str) -> Result<Self, String> {
        let broken = |why: rquickjs::Error| why.to_string();
        let runtime = Runtime::new().map_err(broken)?;
        runtime.set_memory_limit(MEMORY_MAX);
        runtime.set_max_stack_size(STACK_MAX);
        let rounds = Arc::new(AtomicI64::new(ROUNDS_MAX));
        let left = Arc::clone(&rounds);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            left.fetch_sub(1, Ordering::Relaxed) <= 0
        })));
        let context = Context::full(&runtime).map_err(broken)?;
        context.with(|ctx| prepare(&ctx, source).catch(&ctx).map_err(|why| said(&why)))?;
        Ok(Self { context, rounds })
    }

    fn call(&self, call: &Call<'_>, rounds: i64) -> Result<Value, Stopped> {
        self.rounds.store(rounds, Ordering::Relaxed);
        self.context.with(|ctx| {
            let answer = run(&ctx, call).catch(&ctx);
            if self.rounds.load(Ordering::Relaxed) < 0 {
                return Err(Stopped::Early);
            }
            match answer {
                Ok(answer) => answer.map_err(Stopped::Fault),
                Err(why) => Err(Stopped::Fault(Fault::runtime(said(&why)))),
            }
        })
    }
}

fn prepare(ctx: &Ctx<'_>, source: &str) -> rquickjs::Result<()> {
    let mut options = EvalOptions::default();
    options.strict = false;
    let prelude: Function<'_> = ctx.eval_with_options(PRELUDE, options)?;
    prelude.call((source, native::functions(ctx)?))
}

fn run(ctx: &Ctx<'_>, call: &Call<'_>) -> rquickjs::Result<Result<Value, Fault>> {
    let runner: Function<'_> = ctx.globals().get("weir:run")?;
    let data = values::data(ctx, call.args)?;
    let (high, low) = ((call.seed >> 32) as u32, call.seed as u32);
    let answer: rquickjs::Value<'_> =
        runner.call((data, call.now as f64, f64::from(high), f64::from(low)))?;
    Ok(values::answer(&answer, call.returns))
}

fn said(why: &CaughtError<'_>) -> String {
    match why {
        CaughtError::Exception(exception) => exception.message().unwrap_or_default(),
        CaughtError::Value(value) => {
            value.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default()
        }
        CaughtError::Error(error) => error.to_string(),
    }
}
