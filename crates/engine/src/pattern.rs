//! A plan's pattern becomes the operator's: streams and attributes numbered as it keeps them.

use weir_event::DataType;
use weir_expr::Expr;
use weir_operators::pattern::{
    AbsentSpec, CountSpec, ElementSpec, FilterSpec, Pattern, PatternSpec, StateSpec, ViewOf,
    ViewSpec,
};
use weir_operators::select::AggregateSpec;
use weir_plan::{
    AggregatePlan, CheckPlan, ElementFilter, Origin, QueryPlan, SelectPlan, StateNode, StatePlan,
    Which,
};
use weir_query::Logical;

use crate::query::State;

/// More elements would not fit into the numbers of wake-ups and marks.
const ELEMENTS_MAX: usize = 64;

/// A pattern with what looks at its events: those see columns as the pattern keeps them.
pub(crate) struct Built {
    pub state: State,
    pub select: SelectPlan,
    pub checks: Vec<CheckPlan>,
}

/// The streams and named windows of a pattern, in the order in which they are first named.
pub(crate) fn streams(plan: &StatePlan) -> Vec<Origin> {
    let mut streams = Vec::new();
    for element in &plan.elements {
        if !streams.contains(&element.origin) {
            streams.push(element.origin);
        }
    }
    streams
}

/// Makes the pattern of a query; an error says why it cannot be.
pub(crate) fn build(query: &QueryPlan, plan: &StatePlan) -> Result<Built, String> {
    if plan.elements.len() > ELEMENTS_MAX {
        let count = plan.elements.len();
        return Err(format!("a pattern has at most {ELEMENTS_MAX} elements, not {count}"));
    }
    let streams = streams(plan);
    let stream_of = |element: u16| {
        let stream = plan.elements[element as usize].origin;
        streams.iter().position(|it| *it == stream).unwrap_or(0)
    };
    let mut looks = Looks {
        slots: plan.views.iter().map(|view| stream_of(view.element)).collect(),
        columns: vec![Vec::new(); streams.len()],
        widths: streams.iter().map(|_| 0).collect(),
        selected: vec![false; plan.views.len()],
    };
    for (number, element) in plan.elements.iter().enumerate() {
        looks.widths[stream_of(number as u16)] = element.schema.len();
        element.filters.iter().flat_map(exprs).for_each(|it| looks.at(it));
    }
    select_exprs(&query.select).for_each(|it| {
        looks.at(it);
        looks.select(it);
    });
    for check in &query.checks {
        looks.at(&check.condition);
        looks.select(&check.condition);
    }
    looks.columns.iter_mut().for_each(|columns| columns.sort_unstable());
    let mut select = query.select.clone();
    select_exprs_mut(&mut select).for_each(|it| looks.renumber(it));
    let mut checks = query.checks.clone();
    checks.iter_mut().for_each(|it| looks.renumber(&mut it.condition));
    let spec = spec(plan, &streams, &looks);
    let state = State::new(Pattern::new(&spec), looks.columns, &looks.widths);
    Ok(Built { state, select, checks })
}

fn spec(plan: &StatePlan, streams: &[Origin], looks: &Looks) -> PatternSpec {
    let types = |(number, stream): (usize, &Origin)| -> Vec<DataType> {
        let element = plan.elements.iter().find(|it| it.origin == *stream);
        let schema = element.map(|it| &it.schema);
        let data_type = |column: &u16| schema.map(|it| it[*column as usize].data_type);
        looks.columns[number].iter().filter_map(data_type).collect()
    };
    let element = |it: &weir_plan::ElementPlan| ElementSpec {
        stream: streams.iter().position(|stream| *stream == it.origin).unwrap_or(0),
        filters: it.filters.iter().map(|filter| looks.filter(filter)).collect(),
        candidate: it.candidate,
        count: it.counted.then(|| CountSpec { min: it.min, max: it.max.unwrap_or(u32::MAX) }),
        absent: it.absent.map(|absent| AbsentSpec { for_ms: absent.for_ms }),
    };
    PatternSpec {
        sequence: plan.sequence,
        streams: streams.iter().enumerate().map(types).collect(),
        elements: plan.elements.iter().map(element).collect(),
        root: root(&plan.root),
        within_ms: plan.within_ms,
        views: plan
            .views
            .iter()
            .map(|view| ViewSpec {
                element: view.element,
                which: match view.which {
                    Which::Candidate => ViewOf::Candidate,
                    Which::At(n) => ViewOf::At(n),
                    Which::Last(k) => ViewOf::Last(k),
                    Which::All => ViewOf::All,
                },
            })
            .collect(),
        selected: looks.selected.clone(),
    }
}

fn root(node: &StateNode) -> StateSpec {
    match node {
        StateNode::Element(element) => StateSpec::Element(*element),
        StateNode::Next(parts) => StateSpec::Next(parts.iter().map(root).collect()),
        StateNode::Every(inner) => StateSpec::Every(Box::new(root(inner))),
        StateNode::Logical { op: Logical::And, left, right } => StateSpec::And(*left, *right),
        StateNode::Logical { op: Logical::Or, left, right } => StateSpec::Or(*left, *right),
    }
}

/// What expressions look at.
struct Looks {
    /// By slot: the stream.
    slots: Vec<usize>,
    /// By stream: the attributes looked at.
    columns: Vec<Vec<u16>>,
    /// By stream: the number of its attributes.
    widths: Vec<usize>,
    /// By slot: whether the selection looks at it.
    selected: Vec<bool>,
}

impl Looks {
    fn at(&mut self, expr: &Expr) {
        expr.walk(&mut |it| match it {
            Expr::Attribute { slot, column, .. } | Expr::Chain { slot, column } => {
                self.note(*slot, *column..*column + 1);
            }
            Expr::Event { slot, columns } => self.note(*slot, 0..*columns),
            Expr::Const(..)
            | Expr::Timestamp { .. }
            | Expr::Arithmetic { .. }
            | Expr::Compare { .. }
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsAbsent { .. }
            | Expr::IfElse(_)
            | Expr::In { .. }
            | Expr::Call { .. } => {}
        });
    }

    fn note(&mut self, slot: u16, columns: std::ops::Range<u16>) {
        let Some(stream) = self.slots.get(slot as usize) else { return };
        for column in columns {
            if !self.columns[*stream].contains(&column) {
                self.columns[*stream].push(column);
            }
        }
    }

    fn select(&mut self, expr: &Expr) {
        expr.clone().for_each_slot(&mut |slot| {
            if let Some(selected) = self.selected.get_mut(*slot as usize) {
                *selected = true;
            }
        });
    }

    fn filter(&self, filter: &ElementFilter) -> FilterSpec {
        let mut aggregates: Vec<AggregateSpec> = filter.aggregates.iter().map(aggregate).collect();
        aggregates
            .iter_mut()
            .flat_map(|it| it.arg.iter_mut().chain(&mut it.guard))
            .for_each(|it| self.renumber(it));
        let mut condition = filter.condition.clone();
        self.renumber(&mut condition);
        FilterSpec { condition, aggregates }
    }

    /// The columns of an expression as the pattern keeps them.
    fn renumber(&self, expr: &mut Expr) {
        expr.for_each_column(&mut |slot, column| {
            let Some(stream) = self.slots.get(slot as usize) else { return };
            if let Some(at) = self.columns[*stream].iter().position(|it| it == column) {
                *column = at as u16;
            }
        });
    }
}

fn aggregate(it: &AggregatePlan) -> AggregateSpec {
    let (arg, guard) = (it.arg.clone(), it.guard.clone());
    AggregateSpec { aggregate: it.aggregate, arg, guard, data_type: it.data_type }
}

fn exprs(filter: &ElementFilter) -> impl Iterator<Item = &Expr> {
    let args = filter.aggregates.iter().flat_map(|it| it.arg.iter().chain(&it.guard));
    args.chain(std::iter::once(&filter.condition))
}

fn select_exprs(select: &SelectPlan) -> impl Iterator<Item = &Expr> {
    let args = select.aggregates.iter().flat_map(|it| it.arg.iter().chain(&it.guard));
    let shown = select.items.iter().chain(&select.order_extra);
    shown.chain(&select.group_by).chain(&select.having).chain(args)
}

fn select_exprs_mut(select: &mut SelectPlan) -> impl Iterator<Item = &mut Expr> {
    let args = select.aggregates.iter_mut().flat_map(|it| it.arg.iter_mut().chain(&mut it.guard));
    let shown = select.items.iter_mut().chain(&mut select.order_extra);
    shown.chain(&mut select.group_by).chain(&mut select.having).chain(args)
}
