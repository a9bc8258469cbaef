//! What a query reads: one stream with its handlers, and joins.

use weir_event::{Attribute, DataType, Schema};
use weir_expr::{self as x, Expr};
use weir_query as q;
use weir_query::Problem;

use crate::aggregation::asked;
use crate::compile::{BoundColumns, Compiler, NamedInput, Place, arg};
use crate::graph::{HandlerPlan, JoinPlan, Origin, PartitionId, SinglePlan, WindowPlan};

/// The first and the last but one moment that a join asks an aggregation for.
const BOUNDS: [&str; 2] = ["_START", "_END"];

impl Compiler<'_> {
    /// Resolves a stream and makes it an input known by its alias or name.
    pub(crate) fn open(
        &mut self,
        input: &q::SingleInput,
        partition: Option<PartitionId>,
    ) -> Option<Origin> {
        let origin = match self.definitions.resolve(&input.stream, partition) {
            Ok(origin) => origin,
            Err(problem) => {
                self.unsure = true;
                // What is wrong with a name that a faulty text was to define is said there.
                if !self.definitions.is_faulty(&input.stream.name) {
                    self.problems.push(problem);
                }
                return None;
            }
        };
        self.inputs.push(NamedInput {
            name: input.known_as().to_owned(),
            kind: input.stream.kind,
            schema: self.definitions.schema(origin),
            slot: self.inputs.len() as u16,
            counted: false,
        });
        Some(origin)
    }

    /// The handlers of input number `at`, which is open already.
    pub(crate) fn handlers(
        &mut self,
        at: usize,
        input: &q::SingleInput,
        origin: Origin,
    ) -> Option<SinglePlan> {
        self.place = Place::Handler(at);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut window = None;
        let mut window_schema = self.inputs[at].schema.clone();
        let problems = self.problems.len();
        for handler in &input.handlers {
            let list = if window.is_some() { &mut after } else { &mut before };
            match handler {
                q::Handler::Filter(condition) => list.extend(self.filter(condition)),
                q::Handler::Function(call) => {
                    let function = self.stream_function(at, call);
                    self.unsure |= function.is_none();
                    list.extend(function);
                }
                q::Handler::Window(call) => {
                    if matches!(origin, Origin::Window(_)) {
                        let message = "a named window cannot have another window";
                        self.problem("window", call.span, message);
                    }
                    window_schema = self.inputs[at].schema.clone();
                    window = self.window(call);
                }
            }
        }
        self.place = Place::Select;
        if self.problems.len() > problems {
            self.strays.extend(window.map(|window| (window, window_schema)));
            return None;
        }
        let schema = self.inputs[at].schema.clone();
        Some(SinglePlan { origin, before, window, after, schema, window_schema })
    }

    /// A filter: aggregates in it keep a state of their own.
    pub(crate) fn filter(&mut self, condition: &q::Expr) -> Option<HandlerPlan> {
        let outer = self.aggregates.replace(Vec::new());
        let compiled = self.condition(condition);
        let mut aggregates = std::mem::replace(&mut self.aggregates, outer).unwrap_or_default();
        let mut condition = compiled?;
        let totals = self.inputs.len() as u16;
        let guards = aggregates.iter_mut().filter_map(|it| it.guard.as_mut());
        for expr in guards.chain([&mut condition]) {
            expr.for_each_slot(&mut |slot| {
                if *slot == crate::compile::TOTALS {
                    *slot = totals;
                }
            });
        }
        Some(HandlerPlan::Filter { condition, aggregates })
    }

    pub(crate) fn window(&mut self, call: &q::FunctionCall) -> Option<WindowPlan> {
        let params = match &call.args {
            q::Args::List(_) => self.args(&call.args)?,
            q::Args::All => self.all_attributes(),
        };
        let input = match self.place {
            Place::Handler(at) => self.inputs[at].name.clone(),
            Place::Select | Place::Having => String::new(),
        };
        let name = match &call.namespace {
            Some(namespace) => format!("{namespace}:{}", call.name),
            None => call.name.clone(),
        };
        Some(WindowPlan { name, params, input, span: call.span })
    }

    fn stream_function(&mut self, at: usize, call: &q::FunctionCall) -> Option<HandlerPlan> {
        let namespace = call.namespace.as_deref().unwrap_or("");
        let args = self.args(&call.args)?;
        if namespace.is_empty() && call.name == "log" {
            return self.log(call, args);
        }
        let Some(kind) = x::stream_function(namespace, &call.name) else {
            if !namespace.is_empty() {
                let name = format!("{namespace}:{}", call.name);
                let schema = self.inputs[at].schema.clone();
                let input = self.inputs[at].name.clone();
                let call = WindowPlan { name, params: args, input, span: call.span };
                return Some(HandlerPlan::Processor { call, schema });
            }
            let message = format!("no stream function `{}` is known", call.name);
            self.problems.push(
                Problem::new("unknown-function", call.span, message)
                    .with_hint("a window is written as `#window.name(…)`"),
            );
            return None;
        };
        let given: Vec<_> = args.iter().map(arg).collect();
        let function = match (kind.bind)(&given) {
            Ok(function) => function,
            Err(why) => {
                self.problem("arguments", call.span, why);
                return None;
            }
        };
        let mut schema: Vec<Attribute> = self.inputs[at].schema.to_vec();
        for added in function.attributes() {
            if schema.iter().any(|it| it.name == added.name) {
                let message =
                    format!("`{}` adds `{}`, which is there already", call.name, added.name);
                self.problem("duplicate-attribute", call.span, message);
                return None;
            }
            schema.push(added.clone());
        }
        self.inputs[at].schema = Schema::from(schema);
        Some(HandlerPlan::Function { function, args })
    }

    /// `log()`, `log(message)`, `log(show)`, `log(message, show)`, `log(priority, message)`,
    /// `log(priority, message, show)`.
    fn log(&mut self, call: &q::FunctionCall, args: Vec<Expr>) -> Option<HandlerPlan> {
        use weir_event::DataType::{Bool, String as Text};
        let types: Vec<_> = args.iter().map(Expr::data_type).collect();
        let constant = |i: usize| {
            if let Expr::Const(value, _) = &args[i] { Some(value.clone()) } else { None }
        };
        let (priority, message, show) = match types[..] {
            [] => (None, None, None),
            [Text] => (None, Some(0), None),
            [Bool] => (None, None, Some(0)),
            [Text, Bool] => (None, Some(0), Some(1)),
            [Text, Text] => (Some(0), Some(1), None),
            [Text, Text, Bool] => (Some(0), Some(1), Some(2)),
            _ => {
                let message = "`log` takes a priority, a message and whether to show the event, \
                               each of which may be left out";
                self.problem("arguments", call.span, message);
                return None;
            }
        };
        let show_event = match show.map(constant) {
            None => true,
            Some(Some(weir_event::Value::Bool(show))) => show,
            Some(_) => {
                self.problem("arguments", call.span, "whether `log` shows the event is a constant");
                return None;
            }
        };
        let priority = match priority.map(constant) {
            None => "INFO".to_owned(),
            Some(Some(value)) => value.to_string(),
            Some(None) => {
                self.problem("arguments", call.span, "the priority of `log` is a constant");
                return None;
            }
        };
        const PRIORITIES: [&str; 7] = ["INFO", "DEBUG", "WARN", "FATAL", "ERROR", "OFF", "TRACE"];
        if !PRIORITIES.contains(&priority.to_ascii_uppercase().as_str()) {
            let hint = format!("write one of {}", crate::compile::quoted(&PRIORITIES));
            let message = format!("`{priority}` is no priority");
            self.problems.push(Problem::new("arguments", call.span, message).with_hint(hint));
            return None;
        }
        let message = message.map(|at: usize| args[at].clone());
        Some(HandlerPlan::Log { priority, message, show_event })
    }

    /// A join of the two inputs.
    pub(crate) fn join(
        &mut self,
        join: &q::Join,
        partition: Option<PartitionId>,
    ) -> Option<JoinPlan> {
        let left_origin = self.open(&join.left, partition);
        let right_origin = self.open(&join.right, partition);
        let (left_origin, right_origin) = (left_origin?, right_origin?);
        let left = self.handlers(0, &join.left, left_origin);
        let right = self.handlers(1, &join.right, right_origin);
        self.name_bounds([left_origin, right_origin]);
        let on = join.on.as_ref().map(|on| self.condition(on));
        let stored = |origin| matches!(origin, Origin::Table(_) | Origin::Aggregation(_));
        if stored(left_origin) && stored(right_origin) {
            let message = "one side of a join must be a stream or a window";
            self.problem("join", join.span, message);
            return None;
        }
        let aggregation = [left_origin, right_origin]
            .iter()
            .any(|origin| matches!(origin, Origin::Aggregation(_)));
        if !aggregation && (join.within.is_some() || join.per.is_some()) {
            let message = "`within` and `per` need an aggregation on one side of the join";
            self.problem("join", join.span, message);
            return None;
        }
        if aggregation && (join.within.is_none() || join.per.is_none()) {
            let message = "a join with an aggregation needs both `within` and `per`";
            self.problem("join", join.span, message);
            return None;
        }
        let (within, per) = match (&join.within, &join.per) {
            (Some(within), Some(per)) => {
                let (within, per) = asked(self, within, per)?;
                (Some(within), Some(per))
            }
            _ => (None, None),
        };
        let (left, right) = self.both_sides(left, right)?;
        let on = match on {
            Some(on) => Some(on?),
            None => None,
        };
        let only = join.unidirectional;
        Some(JoinPlan {
            left_triggers: !stored(left_origin) && only != Some(q::Side::Right),
            right_triggers: !stored(right_origin) && only != Some(q::Side::Left),
            left,
            right,
            kind: join.kind,
            on,
            within,
            per,
        })
    }

    /// The sides of a join, where both could be planned.
    fn both_sides(
        &mut self,
        left: Option<SinglePlan>,
        right: Option<SinglePlan>,
    ) -> Option<(SinglePlan, SinglePlan)> {
        match (left, right) {
            (Some(left), Some(right)) => Some((left, right)),
            (left, right) => {
                let windows = left.into_iter().chain(right).filter_map(SinglePlan::stray);
                self.strays.extend(windows);
                None
            }
        }
    }

    /// The side beside an aggregation has the bounds of the time asked for as attributes.
    fn name_bounds(&mut self, origins: [Origin; 2]) {
        let Some(slot) = origins.iter().position(|it| matches!(it, Origin::Aggregation(_))) else {
            return;
        };
        let input = 1 - slot;
        let mut schema: Vec<Attribute> = self.inputs[input].schema.to_vec();
        let first = schema.len();
        schema
            .extend(BOUNDS.map(|name| Attribute { name: name.into(), data_type: DataType::Long }));
        self.inputs[input].schema = Schema::from(schema);
        let column = self.inputs[slot].schema.len() as u16;
        self.bounds = Some(BoundColumns { input, first, slot: slot as u16, column });
    }
}
