//! Expressions of the text become compiled ones: names are found, types are checked.

use weir_event::{DataType, Schema, Value};
use weir_expr as x;
use weir_expr::{Aggregate, Arg, CompareAs, Expr};
use weir_query as q;
use weir_query::{Problem, Span};

use crate::define::Definitions;
use crate::graph::{AggregatePlan, CheckPlan, View, Which, WindowPlan, literal};

/// Stands for the slot of the aggregates until the number of inputs is known.
pub(crate) const TOTALS: u16 = 0xFFFE;
/// Stands for the slot of the output attributes until the number of inputs is known.
pub(crate) const OUTPUTS: u16 = 0xFFFD;
/// Stands for the slot of the row of the table an `in` searches.
pub(crate) const TABLE: u16 = 0xFFFC;
/// Stands for the slot of the row of the table that is changed, within an `in` of the change.
pub(crate) const TARGET: u16 = 0xFFFB;

/// One input whose attributes expressions may name.
#[derive(Debug, Clone)]
pub(crate) struct NamedInput {
    /// The alias, or the stream's name.
    pub name: String,
    /// The sign before the stream's name.
    pub kind: q::StreamKind,
    /// Its attributes.
    pub schema: Schema,
    /// Its slot; for an element of a pattern, the element's number.
    pub slot: u16,
    /// Whether it can hold several events.
    pub counted: bool,
}

/// What of a query is being compiled: names mean different things in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A filter, function or window of this input.
    Handler(usize),
    /// Select, group by, on.
    Select,
    /// Having and order by: output attributes first.
    Having,
}

/// Compiles the expressions of one query.
pub(crate) struct Compiler<'a> {
    pub definitions: &'a Definitions,
    pub inputs: Vec<NamedInput>,
    pub place: Place,
    /// The slots handed out so far, in a pattern or sequence.
    pub views: Option<Vec<View>>,
    /// The inputs in the order in which `*` names their attributes; as written without it.
    pub star: Option<Vec<usize>>,
    /// The output attributes, once they are known.
    pub outputs: Option<Schema>,
    /// Where aggregate calls go; `None` where they have no business.
    pub aggregates: Option<Vec<AggregatePlan>>,
    /// The row of the table an `in` or a change searches.
    pub table: Option<(String, Schema)>,
    /// The table that is changed; seen by an `in` of the change beside the one it searches.
    pub target: Option<(String, Schema)>,
    pub checks: Vec<CheckPlan>,
    /// What has to hold for the expression at hand to be computed at all.
    guards: Vec<Expr>,
    /// Whether `having` and `order by` see what is searched beside what is selected, as in joins.
    pub on_demand: bool,
    /// In a join with an aggregation: where the bounds of the time asked for are found.
    pub bounds: Option<BoundColumns>,
    /// Whether it is not known what the inputs have: what is named may be right then.
    pub unsure: bool,
    /// Names of output attributes that could not be computed.
    pub unsure_outputs: Vec<String>,
    /// Windows of a query that cannot be planned: they are still to be checked.
    pub strays: Vec<(WindowPlan, Schema)>,
    pub problems: Vec<Problem>,
}

/// `_START` and `_END` of a join with an aggregation: written as attributes of the other side,
/// and found behind the aggregation's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundColumns {
    /// The other side.
    pub input: usize,
    /// The place of `_START` among its attributes.
    pub first: usize,
    /// The aggregation's slot.
    pub slot: u16,
    /// The place of `_START` there.
    pub column: u16,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(definitions: &'a Definitions, inputs: Vec<NamedInput>) -> Self {
        Self {
            definitions,
            inputs,
            place: Place::Select,
            views: None,
            star: None,
            outputs: None,
            aggregates: None,
            table: None,
            target: None,
            checks: Vec::new(),
            guards: Vec::new(),
            on_demand: false,
            bounds: None,
            unsure: false,
            unsure_outputs: Vec::new(),
            strays: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(crate) fn problem(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(code, span, message));
    }

    /// The compiled expression; `None` after a problem was noted.
    pub(crate) fn expr(&mut self, expr: &q::Expr) -> Option<Expr> {
        match &expr.kind {
            q::ExprKind::Literal(constant) => {
                let (value, data_type) = literal(constant);
                Some(Expr::Const(value, data_type))
            }
            q::ExprKind::Attribute(attribute) => self.attribute(attribute),
            q::ExprKind::Call(call) => self.call(call),
            q::ExprKind::Arithmetic { op, left, right } => {
                let sides = (self.expr(left), self.expr(right));
                self.arithmetic(*op, sides.0?, sides.1?, expr.span)
            }
            q::ExprKind::Compare { op, left, right } => {
                let sides = (self.expr(left), self.expr(right));
                self.compare(*op, sides.0?, sides.1?, expr.span)
            }
            q::ExprKind::And(left, right) => {
                let left = self.condition(left);
                let right = self.when(left.clone(), |it| it.condition(right));
                Some(Expr::And(Box::new((left?, right?))))
            }
            q::ExprKind::Or(left, right) => {
                let left = self.condition(left);
                let right = self.when(left.clone().map(not), |it| it.condition(right));
                Some(Expr::Or(Box::new((left?, right?))))
            }
            q::ExprKind::Not(inner) => Some(Expr::Not(Box::new(self.condition(inner)?))),
            q::ExprKind::In { condition, table, table_span } => {
                self.in_table(condition, table, *table_span)
            }
            q::ExprKind::IsNull(test) => self.is_null(test),
        }
    }

    /// A compiled expression that must be a bool.
    pub(crate) fn condition(&mut self, expr: &q::Expr) -> Option<Expr> {
        let compiled = self.expr(expr)?;
        if compiled.data_type() == DataType::Bool {
            return Some(compiled);
        }
        let data_type = compiled.data_type();
        self.problems.push(
            Problem::new(
                "type",
                expr.span,
                format!("a condition must be `bool`, not `{data_type}`"),
            )
            .with_hint("compare it with something, such as `== true` or `> 0`"),
        );
        None
    }

    fn arithmetic(
        &mut self,
        op: q::ArithmeticOp,
        left: Expr,
        right: Expr,
        span: Span,
    ) -> Option<Expr> {
        use DataType::{Double, Float, Int, Long};
        let (l, r) = (left.data_type(), right.data_type());
        let data_type = if l == Double || r == Double {
            Double
        } else if l == Float || r == Float {
            Float
        } else if l == Long || r == Long {
            Long
        } else if l == Int || r == Int {
            Int
        } else {
            let sign = op.sign();
            self.problem("type", span, format!("`{sign}` cannot compute with `{l}` and `{r}`"));
            return None;
        };
        let op = match op {
            q::ArithmeticOp::Add => x::ArithmeticOp::Add,
            q::ArithmeticOp::Subtract => x::ArithmeticOp::Subtract,
            q::ArithmeticOp::Multiply => x::ArithmeticOp::Multiply,
            q::ArithmeticOp::Divide => x::ArithmeticOp::Divide,
            q::ArithmeticOp::Remainder => x::ArithmeticOp::Modulo,
        };
        Some(Expr::Arithmetic { op, data_type, sides: Box::new((left, right)) })
    }

    fn compare(&mut self, op: q::CompareOp, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let sign = op.sign();
        let op = match op {
            q::CompareOp::Equal => x::CompareOp::Equal,
            q::CompareOp::NotEqual => x::CompareOp::NotEqual,
            q::CompareOp::Less => x::CompareOp::Less,
            q::CompareOp::LessOrEqual => x::CompareOp::LessOrEqual,
            q::CompareOp::Greater => x::CompareOp::Greater,
            q::CompareOp::GreaterOrEqual => x::CompareOp::GreaterOrEqual,
        };
        let (l, r) = (left.data_type(), right.data_type());
        let Some(by) = CompareAs::of(op, l, r) else {
            self.problem("type", span, format!("`{sign}` cannot compare `{l}` with `{r}`"));
            return None;
        };
        Some(Expr::Compare { op, by, sides: Box::new((left, right)) })
    }

    /// The slot of one event of an input; patterns hand slots out as they are asked for.
    pub(crate) fn view(&mut self, input: usize, which: Which) -> u16 {
        let slot = self.inputs[input].slot;
        let Some(views) = &mut self.views else { return slot };
        let view = View { element: slot, which };
        let at = views.iter().position(|it| *it == view).unwrap_or_else(|| {
            views.push(view);
            views.len() - 1
        });
        at as u16
    }

    /// Which event of an input a reference means.
    fn which(&self, input: usize, index: Option<q::Index>) -> Which {
        let own = self.place == Place::Handler(input);
        match index {
            Some(q::Index::At(n)) => Which::At(n.max(0) as u32),
            Some(q::Index::Last(k)) => Which::Last(k.max(0) as u32),
            None if own => Which::Candidate,
            None if !self.inputs[input].counted => Which::At(0),
            None => match self.place {
                Place::Handler(_) => Which::Last(0),
                Place::Select => Which::All,
                Place::Having => Which::At(0),
            },
        }
    }

    fn input_named(&self, source: &q::StreamRef) -> Option<usize> {
        let named = |it: &NamedInput| it.name == source.name && it.kind == source.kind;
        self.inputs.iter().position(named).or_else(|| {
            // An alias is known without the sign of its stream.
            self.inputs.iter().position(|it| it.name == source.name)
        })
    }

    pub(crate) fn attribute(&mut self, attribute: &q::AttributeRef) -> Option<Expr> {
        if let Some(source) = &attribute.source {
            return self.qualified(attribute, source);
        }
        let name = attribute.name.as_str();
        if self.place == Place::Having
            && let Some(found) = self.output(name)
        {
            return Some(found);
        }
        if self.place == Place::Having && self.unsure_outputs.iter().any(|it| it == name) {
            return None;
        }
        if let Place::Handler(input) = self.place
            && let Some(found) = self.column_of(input, name, attribute.index)
        {
            return Some(found);
        }
        let single = self.inputs.len() == 1 && self.views.is_none() && !self.on_demand;
        if self.place == Place::Having && single {
            self.unknown_attribute(attribute);
            return None;
        }
        let holders: Vec<usize> = (0..self.inputs.len())
            .filter(|i| self.inputs[*i].schema.iter().any(|it| it.name == name))
            .collect();
        match holders[..] {
            [] => {
                if let Some(found) = self.table_column(name) {
                    return Some(found);
                }
                if let Some(input) = self.inputs.iter().position(|it| it.name == name) {
                    return Some(self.whole_event(input));
                }
                self.unknown_attribute(attribute);
                None
            }
            [input] => self.column_of(input, name, attribute.index),
            [first, ..] if self.same_reference(&holders) => {
                self.column_of(first, name, attribute.index)
            }
            [first, second, ..] => {
                let (a, b) = (&self.inputs[first].name, &self.inputs[second].name);
                let message = format!("`{name}` is an attribute of both `{a}` and `{b}`");
                let hint = format!("write `{a}.{name}` or `{b}.{name}`");
                self.problems.push(
                    Problem::new("ambiguous-attribute", attribute.span, message).with_hint(hint),
                );
                None
            }
        }
    }

    /// Whether inputs carry the same reference name; the first one is meant then.
    fn same_reference(&self, holders: &[usize]) -> bool {
        self.views.is_some()
            && holders.iter().all(|i| self.inputs[*i].name == self.inputs[holders[0]].name)
    }

    fn output(&self, name: &str) -> Option<Expr> {
        let outputs = self.outputs.as_ref()?;
        let column = outputs.iter().position(|it| it.name == name)?;
        let data_type = outputs[column].data_type;
        Some(Expr::Attribute { slot: OUTPUTS, column: column as u16, data_type })
    }

    fn table_column(&self, name: &str) -> Option<Expr> {
        let found = |(_, schema): &(String, Schema), slot| {
            let column = schema.iter().position(|it| it.name == name)?;
            let data_type = schema[column].data_type;
            Some(Expr::Attribute { slot, column: column as u16, data_type })
        };
        let searched = self.table.as_ref().and_then(|it| found(it, TABLE));
        searched.or_else(|| found(self.target.as_ref()?, TARGET))
    }

    fn whole_event(&mut self, input: usize) -> Expr {
        let which = self.which(input, None);
        let slot = self.view(input, if which == Which::All { Which::At(0) } else { which });
        Expr::Event { slot, columns: self.inputs[input].schema.len() as u16 }
    }

    fn column_of(&mut self, input: usize, name: &str, index: Option<q::Index>) -> Option<Expr> {
        let column = self.inputs[input].schema.iter().position(|it| it.name == name)?;
        let data_type = self.inputs[input].schema[column].data_type;
        if let Some(bounds) = self.bounds.filter(|it| it.input == input && column >= it.first) {
            let column = bounds.column + (column - bounds.first) as u16;
            return Some(Expr::Attribute { slot: bounds.slot, column, data_type });
        }
        let which = self.which(input, index);
        let slot = self.view(input, which);
        let column = column as u16;
        Some(if which == Which::All {
            Expr::Chain { slot, column }
        } else {
            Expr::Attribute { slot, column, data_type }
        })
    }

    fn qualified(&mut self, attribute: &q::AttributeRef, source: &q::StreamRef) -> Option<Expr> {
        let name = attribute.name.as_str();
        if let Some((table, _)) = &self.table
            && *table == source.name
        {
            let found = self.table_column(name);
            if found.is_none() {
                self.unknown_attribute(attribute);
            }
            return found;
        }
        if let Some((table, schema)) = &self.target
            && *table == source.name
            && let Some(column) = schema.iter().position(|it| it.name == name)
        {
            let data_type = schema[column].data_type;
            return Some(Expr::Attribute { slot: TARGET, column: column as u16, data_type });
        }
        let Some(input) = self.input_named(source) else {
            let message = format!("`{}{}` is not an input here", source.kind.sign(), source.name);
            let known: Vec<_> = self.inputs.iter().map(|it| format!("`{}`", it.name)).collect();
            self.problems.push(
                Problem::new("unknown-input", source.span, message)
                    .with_hint(format!("known here: {}", known.join(", "))),
            );
            return None;
        };
        let found = self.column_of(input, name, attribute.index);
        if found.is_none() {
            self.unknown_attribute(attribute);
        }
        found
    }

    fn unknown_attribute(&mut self, attribute: &q::AttributeRef) {
        let name = &attribute.name;
        let holder = attribute.source.as_ref().and_then(|source| self.input_named(source));
        let known = self.outputs.iter().filter(|_| self.place == Place::Having);
        let of_inputs = self.inputs.iter().enumerate();
        let of_inputs = of_inputs.filter(|(at, _)| holder.is_none_or(|holder| holder == *at));
        let known = known.filter(|_| holder.is_none()).chain(of_inputs.map(|(_, it)| &it.schema));
        let mut names: Vec<&str> = Vec::new();
        for known in known.flat_map(|it| it.iter()) {
            if !names.contains(&known.name.as_str()) {
                names.push(&known.name);
            }
        }
        let problem = Problem::new(
            "unknown-attribute",
            attribute.span,
            format!("no attribute `{name}` here"),
        );
        self.problems.push(match nearest(name, &names) {
            Some(near) => problem.with_hint(format!("did you mean `{near}`")),
            None => problem.with_hint(format!("known here: {}", quoted(&names))),
        });
    }

    fn is_null(&mut self, test: &q::NullTest) -> Option<Expr> {
        match test {
            q::NullTest::Value(value) => Some(Expr::IsNull(Box::new(self.expr(value)?))),
            q::NullTest::Stream { stream, index } => {
                if let Some(input) = self.input_named(stream) {
                    if self.views.is_none() && self.inputs.len() == 1 {
                        return Some(Expr::Const(Value::Bool(false), DataType::Bool));
                    }
                    let which = match self.which(input, *index) {
                        Which::All => Which::At(0),
                        which @ (Which::Candidate | Which::At(_) | Which::Last(_)) => which,
                    };
                    return Some(Expr::IsAbsent { slot: self.view(input, which) });
                }
                let attribute = q::AttributeRef {
                    source: None,
                    index: *index,
                    handler: None,
                    name: stream.name.clone(),
                    span: stream.span,
                };
                Some(Expr::IsNull(Box::new(self.attribute(&attribute)?)))
            }
        }
    }

    fn in_table(&mut self, condition: &q::Expr, table: &str, span: Span) -> Option<Expr> {
        let Some(id) = self.definitions.table(table) else {
            let message = format!("no table `{table}` is defined");
            self.problems.push(
                Problem::new("unknown-table", span, message)
                    .with_hint("`in` searches a table; define it with `define table`"),
            );
            return None;
        };
        let schema = self.definitions.table_schema(id);
        let before = self.table.replace((table.to_owned(), schema));
        let condition = self.condition(condition);
        self.table = before;
        self.checks.push(CheckPlan { table: id, condition: condition?, table_slot: TABLE });
        Some(Expr::In { check: self.checks.len() - 1 })
    }

    fn call(&mut self, call: &q::FunctionCall) -> Option<Expr> {
        let namespace = call.namespace.as_deref().unwrap_or("");
        if let Some(aggregate) = Aggregate::named(namespace, &call.name) {
            return self.aggregate(aggregate, call);
        }
        if namespace.is_empty() {
            match call.name.as_str() {
                "ifThenElse" => return self.if_then_else(call),
                "eventTimestamp" => return self.event_timestamp(call),
                _ => {}
            }
        }
        let args = self.args(&call.args)?;
        let Some(function) = x::function(namespace, &call.name) else {
            return self.script_or_unknown(call, args);
        };
        let given: Vec<Arg<'_>> = args.iter().map(arg).collect();
        match (function.bind)(&given) {
            Ok(bound) => Some(called(bound, args)),
            Err(why) => {
                self.problem("arguments", call.span, why);
                None
            }
        }
    }

    fn script_or_unknown(&mut self, call: &q::FunctionCall, args: Vec<Expr>) -> Option<Expr> {
        let name = match &call.namespace {
            Some(namespace) => format!("{namespace}:{}", call.name),
            None => call.name.clone(),
        };
        if let Some(script) = self.definitions.script(&name) {
            // What is wrong with its text is said where it is defined.
            return script.bound.clone().map(|bound| called(bound, args));
        }
        let names: Vec<String> = x::all_functions()
            .map(|it| match it.namespace {
                "" => it.name.to_owned(),
                namespace => format!("{namespace}:{}", it.name),
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let problem =
            Problem::new("unknown-function", call.span, format!("no function `{name}` is known"));
        self.problems.push(match nearest(&name, &names) {
            Some(near) => problem.with_hint(format!("did you mean `{near}`")),
            None => problem,
        });
        None
    }

    /// The compiled arguments; `*` stands for all attributes of the inputs.
    pub(crate) fn args(&mut self, args: &q::Args) -> Option<Vec<Expr>> {
        match args {
            q::Args::List(args) => {
                let compiled: Vec<_> = args.iter().map(|it| self.expr(it)).collect();
                compiled.into_iter().collect()
            }
            q::Args::All => Some(self.all_attributes()),
        }
    }

    /// Every attribute of every input (of its own input, in a handler).
    pub(crate) fn all_attributes(&mut self) -> Vec<Expr> {
        let inputs = match self.place {
            Place::Handler(input) => input..input + 1,
            Place::Select | Place::Having => 0..self.inputs.len(),
        };
        let mut all = Vec::new();
        for input in inputs {
            let schema = self.inputs[input].schema.clone();
            all.extend(schema.iter().filter_map(|it| self.column_of(input, &it.name, None)));
        }
        all
    }

    fn aggregate(&mut self, aggregate: Aggregate, call: &q::FunctionCall) -> Option<Expr> {
        let args = match &call.args {
            // `count(*)` and the like take the attributes as arguments, as any call does.
            q::Args::All if aggregate == Aggregate::Count => Vec::new(),
            q::Args::All | q::Args::List(_) => self.args(&call.args)?,
        };
        let types: Vec<DataType> = args.iter().map(Expr::data_type).collect();
        let given: Vec<Arg<'_>> = args.iter().map(arg).collect();
        let checked = aggregate.answer_type(&types);
        let data_type = match checked.and_then(|it| aggregate.check(&given).map(|()| it)) {
            Ok(data_type) => data_type,
            Err(why) => {
                self.problem("arguments", call.span, why);
                return None;
            }
        };
        let Some(aggregates) = &mut self.aggregates else {
            let message = format!("`{}` cannot be used here", call.name);
            self.problem("aggregate", call.span, message);
            return None;
        };
        let both = |all, one| Expr::And(Box::new((all, one)));
        let guard = self.guards.iter().cloned().reduce(both);
        let arg = aggregate.argument(args);
        aggregates.push(AggregatePlan { aggregate, arg, guard, data_type });
        let column = aggregates.len() as u16 - 1;
        Some(aggregate.shown(Expr::Attribute { slot: TOTALS, column, data_type }))
    }

    /// Compiles what is computed only where a condition holds: aggregates in it learn of those
    /// events alone.
    fn when<R>(&mut self, condition: Option<Expr>, body: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.guards.len();
        self.guards.extend(condition);
        let answer = body(self);
        self.guards.truncate(before);
        answer
    }

    fn if_then_else(&mut self, call: &q::FunctionCall) -> Option<Expr> {
        let [condition, then, other] = call.args.listed() else {
            let message = "`ifThenElse` takes a condition and two values";
            self.problem("arguments", call.span, message);
            return None;
        };
        let condition = self.expr(condition);
        let then = self.when(condition.clone(), |it| it.expr(then));
        let other = self.when(condition.clone().map(not), |it| it.expr(other));
        let (condition, then, other) = (condition?, then?, other?);
        let (t, o) = (then.data_type(), other.data_type());
        if condition.data_type() != DataType::Bool || t != o {
            let message = format!(
                "`ifThenElse` takes a bool and two values of one type, not `{t}` and `{o}`"
            );
            self.problem("arguments", call.span, message);
            return None;
        }
        Some(Expr::IfElse(Box::new((condition, then, other))))
    }

    fn event_timestamp(&mut self, call: &q::FunctionCall) -> Option<Expr> {
        match call.args.listed() {
            [] => {
                let own = if let Place::Handler(input) = self.place { input } else { 0 };
                let which = match self.which(own, None) {
                    Which::All => Which::At(0),
                    which @ (Which::Candidate | Which::At(_) | Which::Last(_)) => which,
                };
                Some(Expr::Timestamp { slot: self.view(own, which) })
            }
            [one] => {
                if let Expr::Event { slot, .. } = self.expr(one)? {
                    return Some(Expr::Timestamp { slot });
                }
                let message = "`eventTimestamp` takes the name of an event, such as `e1`";
                self.problem("arguments", one.span, message);
                None
            }
            _ => {
                self.problem("arguments", call.span, "`eventTimestamp` takes at most one event");
                None
            }
        }
    }
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

/// What is known of a compiled argument.
pub(crate) fn arg(expr: &Expr) -> Arg<'_> {
    let constant = if let Expr::Const(value, _) = expr { Some(value) } else { None };
    Arg { data_type: expr.data_type(), constant }
}

fn called(bound: x::Bound, args: Vec<Expr>) -> Expr {
    let data_type = bound.data_type;
    let call = Expr::Call { function: bound.callable, args, data_type };
    if data_type == DataType::Bool {
        // A function that gives null where a bool is declared counts as false.
        let no = Expr::Const(Value::Bool(false), DataType::Bool);
        return Expr::Or(Box::new((call, no)));
    }
    call
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The name most like the one written, if one is near.
pub(crate) fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    let near = written.chars().count().div_ceil(3);
    names
        .iter()
        .map(|name| (distance(&written.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(steps, _)| *steps <= near)
        .min()
        .map(|(_, name)| name)
}

/// How many letters have to be put in, taken out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
