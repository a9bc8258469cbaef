//! Patterns and sequences: elements in order of the text, and how they belong together.

use weir_query as q;

use crate::compile::{Compiler, Place};
use crate::graph::{
    Absent, ElementPlan, HandlerPlan, Origin, PartitionId, StateNode, StatePlan, Which,
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
        let mut streams = Vec::with_capacity(written.len());
        for (number, element) in written.iter().enumerate() {
            let origin = self.open(element.stream, partition)?;
            let Origin::Stream(stream) = origin else {
                let message = format!("`{}` is not a stream", element.stream.stream.name);
                self.problem("unknown-stream", element.stream.stream.span, message);
                return None;
            };
            let input = self.inputs.last_mut()?;
            input.slot = number as u16;
            input.counted = element.counted;
            streams.push(stream);
        }
        let mut elements = Vec::with_capacity(written.len());
        for (number, element) in written.iter().enumerate() {
            let filters = self.element_filters(number, element.stream);
            let candidate = self.candidate(number);
            elements.push(ElementPlan {
                stream: streams[number],
                name: element.stream.known_as().to_owned(),
                schema: self.inputs[number].schema.clone(),
                filters: filters?,
                candidate,
                min: element.min.max(0) as u32,
                max: element.max.map(|max| max.max(0) as u32),
                absent: element.absent,
                counted: element.counted,
            });
        }
        self.place = Place::Select;
        Some(StatePlan {
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
    ) -> Option<Vec<weir_expr::Expr>> {
        self.place = Place::Handler(number);
        let mut filters = Vec::new();
        for handler in &input.handlers {
            match handler {
                q::Handler::Filter(condition) => match self.filter(condition)? {
                    HandlerPlan::Filter { condition, aggregates } if aggregates.is_empty() => {
                        filters.push(condition);
                    }
                    HandlerPlan::Filter { .. }
                    | HandlerPlan::Log { .. }
                    | HandlerPlan::Processor { .. }
                    | HandlerPlan::Function { .. } => {
                        let message = "aggregates in a pattern's filter are not yet supported";
                        self.problem("not-yet-supported", input.span, message);
                        return None;
                    }
                },
                q::Handler::Function(call) | q::Handler::Window(call) => {
                    let message = "functions in a pattern are not yet supported";
                    self.problem("not-yet-supported", call.span, message);
                    return None;
                }
            }
        }
        Some(filters)
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
