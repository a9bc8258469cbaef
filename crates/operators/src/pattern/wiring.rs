//! What happens after what: the elements numbered in the order in which the original makes them.

use super::spec::{ElementSpec, PatternSpec, StateSpec};

/// What an element waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// One event.
    One,
    /// `min` to `max` events.
    Count { min: u32, max: u32 },
    /// An operand of `and` (or of `or`); the other one is `partner`.
    Operand { and: bool, partner: usize },
    /// No event for so long.
    Absent { for_ms: i64 },
    /// An operand that must not happen; without a time, until its partner happens.
    AbsentOperand { and: bool, partner: usize, for_ms: Option<i64> },
}

impl Waits {
    pub(super) fn partner(self) -> Option<(bool, usize)> {
        match self {
            Self::Operand { and, partner } | Self::AbsentOperand { and, partner, .. } => {
                Some((and, partner))
            }
            Self::One | Self::Count { .. } | Self::Absent { .. } => None,
        }
    }

    pub(super) fn is_absent(self) -> bool {
        matches!(self, Self::Absent { .. } | Self::AbsentOperand { .. })
    }
}

/// One element and where a partial match goes from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) stream: usize,
    pub(super) waits: Waits,
    /// Whether a partial match begins with it.
    pub(super) starts: bool,
    /// What is waited for next.
    pub(super) next: Option<usize>,
    /// Where a copy goes: the start of the `every` that ends here.
    pub(super) next_every: Option<usize>,
    /// The start of the `every` it stands in; a partial match that grew too old there is begun
    /// again.
    pub(super) within_every: Option<usize>,
    /// A counted start that is armed again when this element is tried.
    pub(super) rearms: Option<usize>,
    /// Whether a match is complete here.
    pub(super) completes: bool,
    /// Whose mark of a complete match is looked at after this element was tried: its own, or the
    /// last one's where that may be reached at once; for the first element, always the last one's.
    /// Of two operands that are the whole pattern each looks at its own: the original loses what
    /// the first one completes.
    pub(super) looks_at: usize,
}

/// Where a stream's events go.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    /// The elements, in the order in which the original makes them; they are tried last to first.
    pub(super) elements: Vec<usize>,
    /// Whether complete matches that its events bring are put out.
    pub(super) emits: bool,
}

/// How the elements of a pattern are wired.
#[derive(Debug, Clone)]
pub(super) struct Wiring {
    pub(super) steps: Vec<Step>,
    pub(super) feeds: Vec<Feed>,
    /// The last element.
    pub(super) last: usize,
    /// The elements by number, in the order of the text.
    pub(super) numbers: Vec<usize>,
    /// The elements that begin when a key does, in order.
    pub(super) begin: Vec<usize>,
    /// The absent elements with a time, in the order in which they are woken.
    pub(super) alarms: Vec<usize>,
    /// The order in which partial matches grow old.
    pub(super) ages: Vec<usize>,
    /// The elements of a sequence that an event clears, in order.
    pub(super) resets: Vec<usize>,
    /// The elements of a sequence whose new partial matches an event lets wait, in order.
    pub(super) updates: Vec<usize>,
}

/// The ends of a part of the pattern.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: usize,
    last: usize,
}

impl Wiring {
    pub(super) fn new(spec: &PatternSpec) -> Self {
        let mut wiring = Self {
            steps: Vec::new(),
            feeds: vec![Feed::default(); spec.streams.len()],
            last: 0,
            numbers: vec![0; spec.elements.len()],
            begin: Vec::new(),
            alarms: Vec::new(),
            ages: Vec::new(),
            resets: Vec::new(),
            updates: Vec::new(),
        };
        let mut ages = Vec::new();
        let whole = wiring.part(spec, &spec.root, true, &mut ages);
        wiring.ages = ages;
        wiring.complete(&spec.root, whole);
        wiring.look_ahead();
        let first = &mut wiring.steps[whole.first];
        if !matches!(first.waits, Waits::Operand { partner, .. } if partner == whole.last) {
            first.looks_at = whole.last;
        }
        wiring.last = whole.last;
        wiring.set_up(&spec.root);
        for (stream, feed) in wiring.feeds.iter_mut().enumerate() {
            debug_assert!(spec.elements.iter().any(|it| it.stream == stream));
            let emits = |step: &usize| wiring.steps[wiring.steps[*step].looks_at].completes;
            feed.emits = feed.elements.iter().any(emits);
        }
        wiring.begin(&spec.root);
        wiring.alarms(&spec.root);
        wiring.resets(&spec.root);
        wiring.updates(&spec.root);
        wiring
    }

    /// What reaches the last element and needs no event there is complete at once.
    ///
    /// The original sees that after its first element only, and puts another partial match out
    /// when it does.
    fn look_ahead(&mut self) {
        let optional = |step: usize| matches!(self.steps[step].waits, Waits::Count { min: 0, .. });
        let ends: Vec<Option<usize>> = (0..self.steps.len())
            .map(|step| {
                let mut next = self.steps[step].next?;
                while optional(next) && !self.steps[next].completes {
                    next = self.steps[next].next?;
                }
                optional(next).then_some(next)
            })
            .collect();
        for (step, end) in self.steps.iter_mut().zip(ends) {
            if let Some(end) = end {
                step.looks_at = end;
            }
        }
    }

    fn step(&mut self, element: u16, spec: &ElementSpec, waits: Waits, starts: bool) -> usize {
        let number = self.steps.len();
        self.numbers[element as usize] = number;
        self.steps.push(Step {
            stream: spec.stream,
            waits,
            starts,
            next: None,
            next_every: None,
            within_every: None,
            rearms: None,
            completes: false,
            looks_at: number,
        });
        number
    }

    fn part(
        &mut self,
        spec: &PatternSpec,
        root: &StateSpec,
        starts: bool,
        ages: &mut Vec<usize>,
    ) -> Part {
        match root {
            StateSpec::Element(element) => {
                let it = &spec.elements[*element as usize];
                let waits = match (it.absent, it.count) {
                    (Some(absent), _) => Waits::Absent { for_ms: absent.for_ms.unwrap_or(0) },
                    (None, Some(count)) => Waits::Count { min: count.min, max: count.max },
                    (None, None) => Waits::One,
                };
                let number = self.step(*element, it, waits, starts);
                ages.push(number);
                Part { first: number, last: number }
            }
            StateSpec::Next(parts) => {
                let mut whole: Option<Part> = None;
                for part in parts {
                    let next = self.part(spec, part, starts && whole.is_none(), ages);
                    whole = Some(match whole {
                        None => next,
                        Some(before) => {
                            self.follow(spec.sequence, before.last, next.first);
                            Part { first: before.first, last: next.last }
                        }
                    });
                }
                whole.unwrap_or(Part { first: 0, last: 0 })
            }
            StateSpec::Every(inner) => {
                let mut inside = Vec::new();
                let part = self.part(spec, inner, starts, &mut inside);
                self.both(part.last, |step| step.next_every = Some(part.first));
                for number in &inside {
                    self.steps[*number].within_every = Some(part.first);
                }
                ages.extend(inside);
                part
            }
            StateSpec::And(left, right) => self.operands(spec, true, (*left, *right), starts, ages),
            StateSpec::Or(left, right) => self.operands(spec, false, (*left, *right), starts, ages),
        }
    }

    /// The operands of `and` or `or`: what must not happen counts as written first, and the one
    /// written second is made first.
    fn operands(
        &mut self,
        spec: &PatternSpec,
        and: bool,
        (left, right): (u16, u16),
        starts: bool,
        ages: &mut Vec<usize>,
    ) -> Part {
        let (first, second) = in_order(spec, left, right);
        let number = self.steps.len();
        let mut operand = |element: u16, partner: usize| {
            let it = &spec.elements[element as usize];
            let waits = match it.absent {
                Some(absent) => Waits::AbsentOperand { and, partner, for_ms: absent.for_ms },
                None => Waits::Operand { and, partner },
            };
            let number = self.step(element, it, waits, starts);
            ages.push(number);
        };
        operand(second, number + 1);
        operand(first, number);
        Part { first: number + 1, last: number }
    }

    /// Changes a step, and its partner if it is an operand.
    fn both(&mut self, step: usize, change: impl Fn(&mut Step)) {
        change(&mut self.steps[step]);
        if let Some((_, partner)) = self.steps[step].waits.partner() {
            change(&mut self.steps[partner]);
        }
    }

    fn follow(&mut self, sequence: bool, last: usize, next: usize) {
        self.both(last, |step| step.next = Some(next));
        let step = &self.steps[last];
        if sequence && step.starts && matches!(step.waits, Waits::Count { min: 0, .. }) {
            self.steps[next].rearms = Some(last);
        }
    }

    fn complete(&mut self, root: &StateSpec, whole: Part) {
        match root {
            StateSpec::Element(_) => self.steps[whole.last].completes = true,
            StateSpec::And(..) | StateSpec::Or(..) => {
                self.both(whole.last, |step| step.completes = true);
            }
            StateSpec::Every(inner) => self.complete(inner, whole),
            StateSpec::Next(parts) => {
                if let Some(part) = parts.last() {
                    self.complete(part, whole);
                }
            }
        }
    }

    /// The elements of a part in the order in which the original sets them up: an operand written
    /// second comes before the first.
    fn in_order(&self, root: &StateSpec, numbers: &mut Vec<usize>) {
        match root {
            StateSpec::Element(element) => numbers.push(self.numbers[*element as usize]),
            StateSpec::Next(parts) => parts.iter().for_each(|it| self.in_order(it, numbers)),
            StateSpec::Every(inner) => self.in_order(inner, numbers),
            StateSpec::And(left, right) | StateSpec::Or(left, right) => {
                let (a, b) = (self.numbers[*left as usize], self.numbers[*right as usize]);
                numbers.extend([a.min(b), a.max(b)]);
            }
        }
    }

    fn set_up(&mut self, root: &StateSpec) {
        let mut numbers = Vec::new();
        self.in_order(root, &mut numbers);
        for number in numbers {
            self.feeds[self.steps[number].stream].elements.push(number);
        }
    }

    fn begin(&mut self, root: &StateSpec) {
        let mut numbers = Vec::new();
        self.in_order(root, &mut numbers);
        self.begin = numbers.into_iter().filter(|number| self.steps[*number].starts).collect();
    }

    fn alarms(&mut self, root: &StateSpec) {
        let mut numbers = Vec::new();
        self.in_order(root, &mut numbers);
        let absent = |number: &usize| self.steps[*number].waits.is_absent();
        let mut alarms: Vec<usize> = numbers.into_iter().filter(absent).collect();
        // Of two operands the one written first is woken first.
        for at in 1..alarms.len() {
            let partner = self.steps[alarms[at]].waits.partner();
            if partner.is_some_and(|(_, partner)| partner == alarms[at - 1]) {
                alarms.swap(at - 1, at);
            }
        }
        self.alarms = alarms;
    }

    /// The first element of a part as the original sees it.
    fn first(&self, root: &StateSpec) -> Option<usize> {
        match root {
            StateSpec::Element(element) => Some(self.numbers[*element as usize]),
            StateSpec::Next(parts) => self.first(parts.first()?),
            StateSpec::Every(inner) => self.first(inner),
            StateSpec::And(left, right) | StateSpec::Or(left, right) => {
                Some(self.numbers[*left as usize].max(self.numbers[*right as usize]))
            }
        }
    }

    fn resets(&mut self, root: &StateSpec) {
        match root {
            StateSpec::Next(parts) => parts.iter().rev().for_each(|it| self.resets(it)),
            StateSpec::And(left, right) | StateSpec::Or(left, right) => {
                let (a, b) = (self.numbers[*left as usize], self.numbers[*right as usize]);
                self.resets.push(a.min(b));
            }
            StateSpec::Element(_) | StateSpec::Every(_) => {
                let first = self.first(root);
                self.resets.extend(first);
            }
        }
    }

    fn updates(&mut self, root: &StateSpec) {
        match root {
            StateSpec::Next(parts) => parts.iter().for_each(|it| self.updates(it)),
            StateSpec::And(left, right) | StateSpec::Or(left, right) => {
                let (a, b) = (self.numbers[*left as usize], self.numbers[*right as usize]);
                self.updates.push(a.min(b));
            }
            StateSpec::Element(_) | StateSpec::Every(_) => {
                let first = self.first(root);
                self.updates.extend(first);
            }
        }
    }
}

/// The operands as the original orders them: what must not happen first, unless both must not.
fn in_order(spec: &PatternSpec, left: u16, right: u16) -> (u16, u16) {
    let absent = |element: u16| spec.elements[element as usize].absent.is_some();
    if absent(right) && !absent(left) { (right, left) } else { (left, right) }
}
