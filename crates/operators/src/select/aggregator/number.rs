//! `sum`, `avg`, `count` and `stdDev`: a few numbers a group, in typed loops.

use std::ops::Range;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Kind, Value, Values};
use weir_expr::{Fault, Vals, Vector};

use super::aggregates::{Aggregator, Rows, are_all};

/// A number type that an aggregate computes in.
pub(in crate::select) trait Number: Copy + Default {
    /// Passes the values of a vector at some places to `body`; `None` when they are not plain
    /// numbers.
    fn each_of<R>(vector: &Vector<'_>, places: Range<usize>, body: impl Body<Self, R>)
    -> Option<R>;
    /// One value as this type.
    fn of_value(value: &Value) -> Option<Self>;
}

/// What is done with numbers of a type, null where there is none.
pub(in crate::select) trait Body<N, R> {
    fn run(self, values: impl Iterator<Item = Option<N>>) -> R;
}

fn each<N: Copy, T: Clone + Default, R>(
    values: &Vals<'_, T>,
    places: Range<usize>,
    number: impl Fn(&T) -> N,
    body: impl Body<N, R>,
) -> R {
    match values {
        Vals::Same(value) => body.run(places.map(|_| Some(number(value)))),
        Vals::Each { data, nulls: None } => {
            body.run(data[places].iter().map(|value| Some(number(value))))
        }
        values @ Vals::Each { .. } => body.run(places.map(|at| values.get(at).map(&number))),
    }
}

impl Number for i64 {
    fn each_of<R>(
        vector: &Vector<'_>,
        places: Range<usize>,
        body: impl Body<Self, R>,
    ) -> Option<R> {
        match vector {
            Vector::Int(v) => Some(each(v, places, |v| i64::from(*v), body)),
            Vector::Long(v) => Some(each(v, places, |v| *v, body)),
            Vector::Null
            | Vector::Bool(_)
            | Vector::Float(_)
            | Vector::Double(_)
            | Vector::Str(_)
            | Vector::Object(_) => None,
        }
    }

    fn of_value(value: &Value) -> Option<Self> {
        value.as_i64().or_else(|| value.as_f64().map(|v| v as i64))
    }
}

impl Number for f64 {
    fn each_of<R>(
        vector: &Vector<'_>,
        places: Range<usize>,
        body: impl Body<Self, R>,
    ) -> Option<R> {
        match vector {
            Vector::Int(v) => Some(each(v, places, |v| f64::from(*v), body)),
            Vector::Long(v) => Some(each(v, places, |v| *v as f64, body)),
            Vector::Float(v) => Some(each(v, places, |v| f64::from(*v), body)),
            Vector::Double(v) => Some(each(v, places, |v| *v, body)),
            Vector::Null | Vector::Bool(_) | Vector::Str(_) | Vector::Object(_) => None,
        }
    }

    fn of_value(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

/// A type of column that an aggregate's values are added to.
pub(in crate::select) trait Shown: Clone + Default {
    /// The values of a column of this type.
    fn of(column: &mut Column) -> Option<&mut Values<Self>>;
    /// One value.
    fn value(self) -> Value;
}

impl Shown for i64 {
    fn of(column: &mut Column) -> Option<&mut Values<Self>> {
        if let Column::Long(values) = column { Some(values) } else { None }
    }

    fn value(self) -> Value {
        Value::Long(self)
    }
}

impl Shown for f64 {
    fn of(column: &mut Column) -> Option<&mut Values<Self>> {
        if let Column::Double(values) = column { Some(values) } else { None }
    }

    fn value(self) -> Value {
        Value::Double(self)
    }
}

/// What a numeric aggregate keeps for a group.
pub(in crate::select) trait Tally: Default + Send {
    /// What it computes in.
    type In: Number;
    /// What it shows.
    type Out: Shown;
    /// A row arrived.
    fn add(&mut self, value: Self::In);
    /// A row left.
    fn remove(&mut self, value: Self::In);
    /// The present value.
    fn show(&self) -> Option<Self::Out>;
    /// Whether it is as if no row had ever come.
    fn is_blank(&self) -> bool;
    /// The value just after a row arrived. Where more rows left than came, as outer joins have it,
    /// the original shows a sum even though it counts no member.
    #[inline]
    fn show_added(&self) -> Option<Self::Out> {
        self.show()
    }
    /// Writes the state.
    fn save(&self, w: &mut Writer);
    /// Reads what `save` wrote.
    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// An aggregator over numbers; nulls change nothing.
pub(in crate::select) struct Typed<T> {
    states: Vec<T>,
}

impl<T: Tally + 'static> Typed<T> {
    pub(super) fn boxed() -> Box<dyn Aggregator> {
        Box::new(Self { states: Vec::new() })
    }
}

/// Rows whose values are plain numbers, on their way through an aggregate.
struct Run<'r, T: Tally> {
    rows: &'r Rows<'r>,
    states: &'r mut [T],
    out: &'r mut Values<T::Out>,
}

impl<T: Tally> Body<T::In, ()> for Run<'_, T> {
    fn run(self, values: impl Iterator<Item = Option<T::In>>) {
        let Self { rows, states, out } = self;
        let places = rows.range.clone();
        let (kinds, groups) = (&rows.kinds[places.clone()], &rows.groups[places.clone()]);
        let given = kinds.iter().zip(groups).zip(values);
        out.extend(given.map(|((kind, group), value)| {
            let state = &mut states[*group as usize];
            match (kind, value) {
                (Kind::Current, Some(value)) => {
                    state.add(value);
                    state.show_added()
                }
                (Kind::Current, None) => state.show(),
                (Kind::Expired | Kind::Timer | Kind::Reset, value) => {
                    if let (Kind::Expired, Some(value)) = (kind, value) {
                        state.remove(value);
                    }
                    // Nobody looks at what an aggregate is when a row leaves that is not put out.
                    if rows.expired_shown { state.show() } else { Some(T::Out::default()) }
                }
            }
        }));
    }
}

impl<T: Tally + 'static> Aggregator for Typed<T> {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        if self.states.len() < rows.top {
            self.states.resize_with(rows.top, T::default);
        }
        if let Some(out) = T::Out::of(out) {
            let run = Run { rows, states: &mut self.states, out };
            if T::In::each_of(rows.arg, rows.range.clone(), run).is_some() {
                return Ok(());
            }
        }
        for place in rows.range.clone() {
            let value = rows.arg.value(place);
            let number = T::In::of_value(&value);
            if number.is_none() && !value.is_null() {
                return Err(Fault::wrong_type(&value, "number"));
            }
            let state = &mut self.states[rows.groups[place] as usize];
            let shown = match (rows.kinds[place], number) {
                (Kind::Current, Some(number)) => {
                    state.add(number);
                    state.show_added()
                }
                (Kind::Expired, Some(number)) => {
                    state.remove(number);
                    state.show()
                }
                (Kind::Current | Kind::Expired | Kind::Timer | Kind::Reset, _) => state.show(),
            };
            out.push(shown.map_or(Value::Null, Shown::value));
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        if are_all(groups, self.states.len()) {
            self.states.iter_mut().for_each(|state| *state = T::default());
            return;
        }
        for group in groups {
            if let Some(state) = self.states.get_mut(*group as usize) {
                *state = T::default();
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        self.states.get(group as usize).is_none_or(T::is_blank)
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        let empty = T::default();
        for group in groups {
            self.states.get(*group as usize).unwrap_or(&empty).save(w);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        self.states.clear();
        for _ in 0..count {
            self.states.push(T::load(r)?);
        }
        Ok(())
    }
}

/// `sum` of `int` or `long`: wraps around; null without a member.
#[derive(Debug, Default)]
pub(in crate::select) struct SumLong {
    sum: i64,
    count: i64,
}

impl Tally for SumLong {
    type In = i64;
    type Out = i64;

    #[inline]
    fn add(&mut self, value: i64) {
        self.sum = self.sum.wrapping_add(value);
        self.count += 1;
    }

    #[inline]
    fn remove(&mut self, value: i64) {
        self.sum = self.sum.wrapping_sub(value);
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<i64> {
        (self.count != 0).then_some(self.sum)
    }

    #[inline]
    fn show_added(&self) -> Option<i64> {
        Some(self.sum)
    }

    fn is_blank(&self) -> bool {
        (self.sum, self.count) == (0, 0)
    }

    fn save(&self, w: &mut Writer) {
        w.i64(self.sum);
        w.i64(self.count);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { sum: r.i64()?, count: r.i64()? })
    }
}

/// `sum` of `float` or `double`; null without a member.
#[derive(Debug, Default)]
pub(in crate::select) struct SumDouble {
    sum: f64,
    count: i64,
}

impl Tally for SumDouble {
    type In = f64;
    type Out = f64;

    #[inline]
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    #[inline]
    fn remove(&mut self, value: f64) {
        self.sum -= value;
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<f64> {
        (self.count != 0).then_some(self.sum)
    }

    #[inline]
    fn show_added(&self) -> Option<f64> {
        Some(self.sum)
    }

    fn is_blank(&self) -> bool {
        (self.sum.to_bits(), self.count) == (0, 0)
    }

    fn save(&self, w: &mut Writer) {
        w.f64(self.sum);
        w.i64(self.count);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { sum: r.f64()?, count: r.i64()? })
    }
}

/// `avg`: null without a member.
#[derive(Debug, Default)]
pub(in crate::select) struct Average {
    sum: f64,
    count: i64,
}

impl Tally for Average {
    type In = f64;
    type Out = f64;

    #[inline]
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    #[inline]
    fn remove(&mut self, value: f64) {
        self.sum -= value;
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<f64> {
        (self.count != 0).then_some(self.sum / self.count as f64)
    }

    fn is_blank(&self) -> bool {
        (self.sum.to_bits(), self.count) == (0, 0)
    }

    fn save(&self, w: &mut Writer) {
        w.f64(self.sum);
        w.i64(self.count);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { sum: r.f64()?, count: r.i64()? })
    }
}

/// `stdDev`: of the population, by Welford's method; null without a member.
#[derive(Debug, Default)]
pub(in crate::select) struct Deviation {
    mean: f64,
    squares: f64,
    count: i64,
}

impl Tally for Deviation {
    type In = f64;
    type Out = f64;

    #[inline]
    fn add(&mut self, value: f64) {
        self.count += 1;
        let before = self.mean;
        self.mean += (value - before) / self.count as f64;
        self.squares += (value - before) * (value - self.mean);
    }

    #[inline]
    fn remove(&mut self, value: f64) {
        self.count -= 1;
        if self.count == 0 {
            *self = Self::default();
            return;
        }
        let before = self.mean;
        self.mean = (before * (self.count + 1) as f64 - value) / self.count as f64;
        self.squares -= (value - before) * (value - self.mean);
    }

    fn show(&self) -> Option<f64> {
        match self.count {
            0 => None,
            1 => Some(0.0),
            count => Some((self.squares / count as f64).sqrt()),
        }
    }

    fn is_blank(&self) -> bool {
        (self.mean.to_bits(), self.squares.to_bits(), self.count) == (0, 0, 0)
    }

    fn save(&self, w: &mut Writer) {
        w.f64(self.mean);
        w.f64(self.squares);
        w.i64(self.count);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { mean: r.f64()?, squares: r.f64()?, count: r.i64()? })
    }
}

/// `count`: counts rows, also those whose argument is null.
#[derive(Debug, Default)]
pub(in crate::select) struct Count {
    counts: Vec<i64>,
}

impl Count {
    pub(super) fn boxed() -> Box<dyn Aggregator> {
        Box::new(Self::default())
    }
}

impl Aggregator for Count {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        let (kinds, groups) = (&rows.kinds[rows.range.clone()], &rows.groups[rows.range.clone()]);
        if self.counts.len() < rows.top {
            self.counts.resize(rows.top, 0);
        }
        let counted = kinds.iter().zip(groups).map(|(kind, group)| {
            let count = &mut self.counts[*group as usize];
            *count += match kind {
                Kind::Current => 1,
                Kind::Expired => -1,
                Kind::Timer | Kind::Reset => 0,
            };
            *count
        });
        if let Column::Long(values) = out {
            values.extend(counted.map(Some));
        } else {
            counted.for_each(|count| out.push(Value::Long(count)));
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        if are_all(groups, self.counts.len()) {
            self.counts.fill(0);
            return;
        }
        for group in groups {
            if let Some(count) = self.counts.get_mut(*group as usize) {
                *count = 0;
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        self.counts.get(group as usize).is_none_or(|count| *count == 0)
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        for group in groups {
            w.i64(self.counts.get(*group as usize).copied().unwrap_or(0));
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        self.counts.clear();
        for _ in 0..count {
            self.counts.push(r.i64()?);
        }
        Ok(())
    }
}
