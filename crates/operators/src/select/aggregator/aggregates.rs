//! The aggregates of one selector, each with a state for every group.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, DataType, Kind, Value};
use weir_expr::{Aggregate, Expr, Fault, Vector};

use super::best::best;
use super::collect::{AllTrue, AnyTrue, Distinct, Union};
use super::concat::{GroupConcat, JsonGroup, Percentile};
use super::extreme::{Direction, Forever};
use super::gather::{ListCollect, ListMerge, MapCollect, MapMerge};
use super::number::{Average, Count, Deviation, SumDouble, SumLong, Typed};

/// One aggregate call of a selector.
#[derive(Debug, Clone)]
pub struct AggregateSpec {
    /// Which.
    pub aggregate: Aggregate,
    /// Its argument; `count()` has none.
    pub arg: Option<Expr>,
    /// Which rows it learns of: those for which this holds. It may use the aggregates before it.
    pub guard: Option<Expr>,
    /// The type of its answer.
    pub data_type: DataType,
}

impl AggregateSpec {
    /// Whether it computes a number of numbers, so that no row can fail it.
    pub(in crate::select) fn is_number(&self) -> bool {
        let number = matches!(
            self.aggregate,
            Aggregate::Sum
                | Aggregate::Avg
                | Aggregate::Count
                | Aggregate::StdDev
                | Aggregate::Min
                | Aggregate::Max
        );
        number && self.arg.as_ref().is_none_or(|arg| arg.data_type().is_numeric())
    }
}

/// The state of one aggregate for one group.
pub(in crate::select) trait Accumulator: Default + Send {
    /// The value after the row arrived.
    fn add(&mut self, value: &Value) -> Result<Value, Fault>;
    /// The value after the row left.
    fn remove(&mut self, value: &Value) -> Result<Value, Fault>;
    /// Whether it is known to be as if no row had ever come.
    fn is_blank(&self) -> bool {
        false
    }
    /// Writes the state.
    fn save(&self, w: &mut Writer);
    /// Reads what `save` wrote.
    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Rows for an aggregate: what each is, its group, and the argument's values.
pub(in crate::select) struct Rows<'a> {
    /// The places to take, side by side.
    pub range: std::ops::Range<usize>,
    /// What each place is; none is a reset.
    pub kinds: &'a [Kind],
    /// The group of each place.
    pub groups: &'a [u32],
    /// All groups are below this.
    pub top: usize,
    /// The argument at each place.
    pub arg: &'a Vector<'a>,
    /// Whether somebody looks at the values of rows that leave.
    pub expired_shown: bool,
}

/// One aggregate of a selector with the states of all of its groups.
pub(in crate::select) trait Aggregator: Send {
    /// Takes rows and adds the value after each one to `out`.
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault>;
    /// Forgets these groups, each named once.
    fn clear(&mut self, groups: &[u32]);
    /// Whether a group is known to be as if it had never been.
    fn is_blank(&self, _group: u32) -> bool {
        false
    }
    /// Writes the states of these groups, in this order.
    fn save(&self, w: &mut Writer, groups: &[u32]);
    /// Reads what `save` wrote, as groups `0..count`.
    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError>;
}

/// Whether groups, each named once, are all of `0..count`.
pub(super) fn are_all(groups: &[u32], count: usize) -> bool {
    groups.len() == count && groups.iter().all(|group| (*group as usize) < count)
}

/// An aggregator that computes value by value.
struct Each<A> {
    states: Vec<A>,
}

impl<A: Accumulator> Each<A> {
    fn boxed() -> Box<dyn Aggregator>
    where
        A: 'static,
    {
        Box::new(Self { states: Vec::new() })
    }
}

impl<A: Accumulator> Aggregator for Each<A> {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        for place in rows.range.clone() {
            let group = rows.groups[place] as usize;
            if self.states.len() <= group {
                self.states.resize_with(group + 1, A::default);
            }
            let state = &mut self.states[group];
            let value = rows.arg.value(place);
            out.push(match rows.kinds[place] {
                Kind::Current => state.add(&value)?,
                Kind::Expired => state.remove(&value)?,
                Kind::Timer | Kind::Reset => Value::Null,
            });
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(state) = self.states.get_mut(*group as usize) {
                *state = A::default();
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        self.states.get(group as usize).is_none_or(A::is_blank)
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        let empty = A::default();
        for group in groups {
            self.states.get(*group as usize).unwrap_or(&empty).save(w);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        self.states.clear();
        for _ in 0..count {
            self.states.push(A::load(r)?);
        }
        Ok(())
    }
}

/// Makes the aggregator for a call; `rows_leave` says whether it may have to undo rows.
fn build(spec: &AggregateSpec, rows_leave: bool) -> Box<dyn Aggregator> {
    let arg_type = spec.arg.as_ref().map_or(DataType::Long, Expr::data_type);
    match spec.aggregate {
        Aggregate::Sum if spec.data_type == DataType::Long => Typed::<SumLong>::boxed(),
        Aggregate::Sum => Typed::<SumDouble>::boxed(),
        Aggregate::Avg => Typed::<Average>::boxed(),
        Aggregate::Count => Count::boxed(),
        Aggregate::StdDev => Typed::<Deviation>::boxed(),
        Aggregate::Min => best(Direction::Smallest, arg_type, rows_leave),
        Aggregate::Max => best(Direction::Largest, arg_type, rows_leave),
        Aggregate::MinForever => Forever::boxed(Direction::Smallest),
        Aggregate::MaxForever => Forever::boxed(Direction::Largest),
        Aggregate::DistinctCount => Each::<Distinct>::boxed(),
        Aggregate::And => Each::<AllTrue>::boxed(),
        Aggregate::Or => Each::<AnyTrue>::boxed(),
        Aggregate::UnionSet => Each::<Union>::boxed(),
        Aggregate::JsonGroup | Aggregate::JsonGroupAsObject => Each::<JsonGroup>::boxed(),
        Aggregate::ListCollect => Each::<ListCollect>::boxed(),
        Aggregate::ListMerge => Each::<ListMerge>::boxed(),
        Aggregate::MapCollect => Each::<MapCollect>::boxed(),
        Aggregate::MapMerge => Each::<MapMerge>::boxed(),
        Aggregate::Percentile => Each::<Percentile>::boxed(),
        Aggregate::GroupConcat => Each::<GroupConcat>::boxed(),
    }
}

/// All aggregates of a selector.
pub struct Aggregates {
    specs: Vec<AggregateSpec>,
    aggregators: Vec<Box<dyn Aggregator>>,
}

impl std::fmt::Debug for Aggregates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aggregates").field("specs", &self.specs).finish_non_exhaustive()
    }
}

impl Aggregates {
    /// The aggregates, none of which has seen a row; `rows_leave` says whether expired ones come.
    #[must_use]
    pub fn new(specs: Vec<AggregateSpec>, rows_leave: bool) -> Self {
        let aggregators = specs.iter().map(|spec| build(spec, rows_leave)).collect();
        Self { specs, aggregators }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    pub(in crate::select) fn specs(&self) -> &[AggregateSpec] {
        &self.specs
    }

    pub(in crate::select) fn at(&mut self, index: usize) -> &mut dyn Aggregator {
        &mut *self.aggregators[index]
    }

    pub(in crate::select) fn clear(&mut self, groups: &[u32]) {
        for aggregator in &mut self.aggregators {
            aggregator.clear(groups);
        }
    }

    /// Whether a group is as if no row of it had ever come.
    pub(in crate::select) fn is_blank(&self, group: u32) -> bool {
        self.aggregators.iter().all(|it| it.is_blank(group))
    }

    pub(in crate::select) fn save(&self, w: &mut Writer, groups: &[u32]) {
        for aggregator in &self.aggregators {
            aggregator.save(w, groups);
        }
    }

    pub(in crate::select) fn load(
        &mut self,
        r: &mut Reader<'_>,
        count: usize,
    ) -> Result<(), DecodeError> {
        for aggregator in &mut self.aggregators {
            aggregator.load(r, count)?;
        }
        Ok(())
    }
}
