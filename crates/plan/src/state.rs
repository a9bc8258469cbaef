//! Patterns and sequences: elements in order of the text, and how they belong together.

use weir_query as q;
use weir_query::Problem;

use crate::compile::{Compiler, Place};
use crate::graph::{
    Absent, ElementFilter, ElementPlan, Origin, PartitionId, StateNode, StatePlan, Which,
};

impl Compiler<'_> {
    /// A pattern or sequence.
    pub(crate) fn state(
        &mut self,
        state: &q::StateInput,
        sequence: bool,
        partition: Option<PartitionId>,
    ) -> Option<StatePlan> {
        self.views = Some(Vec::new());
        let mut written = Vec::new();
        let root = collect(&state.element, &mut written);
        let root = if sequence { widened(root, &written) } else { root };
        let mut origins = Vec::with_capacity(written.len());
        for (number, element) in written.iter().enumerate() {
            let Some(origin) = self.open(element.stream, partition) else { continue };
            if !matches!(origin, Origin::Stream(_) | Origin::Window(_)) {
                let message = format!("`{}` is not a stream", element.stream.stream.name);
                self.problem("unknown-stream", element.stream.stream.span, message);
                self.unsure = true;
            }
            let input = self.inputs.last_mut()?;
            input.slot = number as u16;
            input.counted = element.counted;
            origins.push(origin);
        }
        if self.unsure {
            return None;
        }
        let mut elements = Vec::with_capacity(written.len());
        let mut whole = true;
        for (number, element) in written.iter().enumerate() {
            let filters = self.element_filters(number, element.stream);
            whole &= filters.is_some();
            let candidate = self.candidate(number);
            elements.push(ElementPlan {
                origin: origins[number],
                name: element.stream.known_as().to_owned(),
                schema: self.inputs[number].schema.clone(),
                filters: filters.unwrap_or_default(),
                candidate,
                min: element.min.max(0) as u32,
                max: element.max.map(|max| max.max(0) as u32),
                absent: element.absent,
                counted: element.counted,
            });
        }
        self.place = Place::Select;
        let mut star = Vec::new();
        in_order_of_making(&root, &elements, &mut star);
        self.star = Some(star);
        whole.then_some(StatePlan {
            sequence,
            elements,
            root,
            within_ms: state.within.map(|time| time.ms),
            views: Vec::new(),
        })
    }

    fn candidate(&mut self, element: usize) -> u16 {
        self.view(element, Which::Candidate)
    }

    fn element_filters(
        &mut self,
        number: usize,
        input: &q::SingleInput,
    ) -> Option<Vec<ElementFilter>> {
        self.place = Place::Handler(number);
        let mut filters = Vec::new();
        let mut whole = true;
        for handler in &input.handlers {
            match handler {
                q::Handler::Filter(condition) => {
                    let outer = self.aggregates.replace(Vec::new());
                    let compiled = self.condition(condition);
                    let aggregates = std::mem::replace(&mut self.aggregates, outer);
                    let aggregates = aggregates.unwrap_or_default();
                    whole &= compiled.is_some();
                    filters
                        .extend(compiled.map(|condition| ElementFilter { condition, aggregates }));
                }
                q::Handler::Function(call) | q::Handler::Window(call) => {
                    // The original reads it, and what it adds is null for ever (told by 5.1.30).
                    let message = "an element of a pattern takes filters alone";
                    let hint = "write it in a query before, and its stream in the pattern";
                    self.problems.push(Problem::new("pattern", call.span, message).with_hint(hint));
                    return None;
                }
            }
        }
        whole.then_some(filters)
    }
}

/// `every e1, not S for t, e2`: the original's grammar lets `every` reach over the elements up to
/// the last absent one, where something follows that. It is followed where `every` would reach
/// over absent elements alone; with others in between the original's sequence can never match.
fn widened(root: StateNode, written: &[Written<'_>]) -> StateNode {
    let StateNode::Next(mut parts) = root else { return root };
    let absent = |at: &u16| written[usize::from(*at)].absent.is_some();
    let silent = |it: &StateNode| matches!(it, StateNode::Element(at) if absent(at));
    let last = parts.iter().rposition(silent).unwrap_or(0);
    let reach = if last + 2 == parts.len() { last + 1 } else { parts.len() - 1 };
    let every = matches!(parts.first(), Some(StateNode::Every(_)));
    if !every || last == 0 || last + 1 == parts.len() || !parts[1..reach].iter().all(silent) {
        return StateNode::Next(parts);
    }
    let tail = parts.split_off(reach);
    let group = parts.into_iter().map(|it| match it {
        StateNode::Every(inner) => *inner,
        StateNode::Element(_) | StateNode::Next(_) | StateNode::Logical { .. } => it,
    });
    let mut whole = vec![StateNode::Every(Box::new(StateNode::Next(group.collect())))];
    whole.extend(tail);
    StateNode::Next(whole)
}

/// The elements as the original makes them, and shows them for `*`: of the operands of `and` and
/// `or` the one written second comes first, but what must not happen always last.
fn in_order_of_making(node: &StateNode, elements: &[ElementPlan], order: &mut Vec<usize>) {
    match node {
        StateNode::Element(element) => order.push(usize::from(*element)),
        StateNode::Next(parts) => {
            parts.iter().for_each(|it| in_order_of_making(it, elements, order));
        }
        StateNode::Every(inner) => in_order_of_making(inner, elements, order),
        StateNode::Logical { left, right, .. } => {
            let (left, right) = (usize::from(*left), usize::from(*right));
            let absent = |element: usize| elements[element].absent.is_some();
            let last = if absent(right) && !absent(left) { right } else { left };
            order.extend([left + right - last, last]);
        }
    }
}

/// One stream of a pattern as written.
struct Written<'q> {
    stream: &'q q::SingleInput,
    min: i32,
    max: Option<i32>,
    absent: Option<Absent>,
    counted: bool,
}

/// Numbers the elements in order of the text.
fn collect<'q>(element: &'q q::StateElement, written: &mut Vec<Written<'q>>) -> StateNode {
    let mut add = |stream, min, max, absent, counted| {
        written.push(Written { stream, min, max, absent, counted });
        written.len() as u16 - 1
    };
    match &element.kind {
        q::StateKind::Stream(stream) => StateNode::Element(add(stream, 1, Some(1), None, false)),
        q::StateKind::Count { stream, min, max } => {
            StateNode::Element(add(stream, *min, *max, None, true))
        }
        q::StateKind::Absent { stream, waiting } => {
            let absent = Absent { for_ms: waiting.map(|time| time.ms) };
            StateNode::Element(add(stream, 1, Some(1), Some(absent), false))
        }
        q::StateKind::Next(elements) => {
            StateNode::Next(elements.iter().map(|it| collect(it, written)).collect())
        }
        q::StateKind::Every(inner) => StateNode::Every(Box::new(collect(inner, written))),
        q::StateKind::Logical { op, left, right } => {
            let operand = |it, written: &mut Vec<Written<'q>>| match collect(it, written) {
                StateNode::Element(number) => number,
                // The grammar takes nothing but elements as operands.
                StateNode::Next(_) | StateNode::Every(_) | StateNode::Logical { .. } => 0,
            };
            let left = operand(left, written);
            let right = operand(right, written);
            StateNode::Logical { op: *op, left, right }
        }
    }
}
