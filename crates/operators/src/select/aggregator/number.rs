//! `sum`, `avg`, `count` and `stdDev`: a few numbers a group, in typed loops.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Kind, Value, Values};
use weir_expr::{Fault, Vals, Vector};

use super::aggregates::{Aggregator, Rows};

/// A number type that an aggregate computes in.
pub(in crate::select) trait Number: Copy + Default {
    /// The values of a vector as this type; `None` when they are not plain numbers.
    fn of<'a>(vector: &'a Vector<'_>) -> Option<Vals<'a, Self>>;
    /// One value as this type.
    fn of_value(value: &Value) -> Option<Self>;
}

impl Number for i64 {
    fn of<'a>(vector: &'a Vector<'_>) -> Option<Vals<'a, Self>> {
        match vector {
            Vector::Int(v) => Some(v.map(|v| i64::from(*v))),
            Vector::Long(v) => Some(borrowed(v)),
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
    fn of<'a>(vector: &'a Vector<'_>) -> Option<Vals<'a, Self>> {
        match vector {
            Vector::Int(v) => Some(v.map(|v| f64::from(*v))),
            Vector::Long(v) => Some(v.map(|v| *v as f64)),
            Vector::Float(v) => Some(v.map(|v| f64::from(*v))),
            Vector::Double(v) => Some(borrowed(v)),
            Vector::Null | Vector::Bool(_) | Vector::Str(_) | Vector::Object(_) => None,
        }
    }

    fn of_value(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

fn borrowed<'a, T: Clone>(vals: &'a Vals<'_, T>) -> Vals<'a, T> {
    match vals {
        Vals::Same(value) => Vals::Same(value.clone()),
        Vals::Each { data, nulls } => {
            Vals::Each { data: std::borrow::Cow::Borrowed(&data[..]), nulls: nulls.clone() }
        }
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

    #[inline]
    fn take(&mut self, group: u32, kind: Kind, value: Option<T::In>) -> Option<T::Out> {
        let group = group as usize;
        if self.states.len() <= group {
            self.states.resize_with(group + 1, T::default);
        }
        let state = &mut self.states[group];
        if let Some(value) = value {
            match kind {
                Kind::Current => state.add(value),
                Kind::Expired => state.remove(value),
                Kind::Timer | Kind::Reset => {}
            }
        }
        state.show()
    }
}

impl<T: Tally + 'static> Aggregator for Typed<T> {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        if let (Some(values), Some(out)) = (T::In::of(rows.arg), T::Out::of(out)) {
            let places = rows.range.clone();
            let (kinds, groups) = (&rows.kinds[places.clone()], &rows.groups[places.clone()]);
            let seen = |kind: Kind| kind == Kind::Current || rows.expired_shown;
            let unseen = T::Out::default();
            if let Vals::Each { data, nulls: None } = &values {
                for ((kind, group), value) in kinds.iter().zip(groups).zip(&data[places]) {
                    let shown = self.take(*group, *kind, Some(*value));
                    out.push(if seen(*kind) { shown } else { Some(unseen.clone()) });
                }
                return Ok(());
            }
            for ((kind, group), place) in kinds.iter().zip(groups).zip(places) {
                let shown = self.take(*group, *kind, values.get(place).copied());
                out.push(if seen(*kind) { shown } else { Some(unseen.clone()) });
            }
            return Ok(());
        }
        for place in rows.range.clone() {
            let value = rows.arg.value(place);
            let number = T::In::of_value(&value);
            if number.is_none() && !value.is_null() {
                return Err(Fault::wrong_type(&value, "number"));
            }
            let shown = self.take(rows.groups[place], rows.kinds[place], number);
            out.push(shown.map_or(Value::Null, Shown::value));
        }
        Ok(())
    }

    fn clear(&mut self, group: u32) {
        if let Some(state) = self.states.get_mut(group as usize) {
            *state = T::default();
        }
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

    fn add(&mut self, value: i64) {
        self.sum = self.sum.wrapping_add(value);
        self.count += 1;
    }

    fn remove(&mut self, value: i64) {
        self.sum = self.sum.wrapping_sub(value);
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<i64> {
        (self.count != 0).then_some(self.sum)
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

    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn remove(&mut self, value: f64) {
        self.sum -= value;
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<f64> {
        (self.count != 0).then_some(self.sum)
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

    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn remove(&mut self, value: f64) {
        self.sum -= value;
        self.count -= 1;
    }

    #[inline]
    fn show(&self) -> Option<f64> {
        (self.count != 0).then_some(self.sum / self.count as f64)
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

    fn add(&mut self, value: f64) {
        self.count += 1;
        let before = self.mean;
        self.mean += (value - before) / self.count as f64;
        self.squares += (value - before) * (value - self.mean);
    }

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
        for place in rows.range.clone() {
            let group = rows.groups[place] as usize;
            if self.counts.len() <= group {
                self.counts.resize(group + 1, 0);
            }
            let count = &mut self.counts[group];
            match rows.kinds[place] {
                Kind::Current => *count += 1,
                Kind::Expired => *count -= 1,
                Kind::Timer | Kind::Reset => {}
            }
            if let Column::Long(out) = out {
                out.push(Some(*count));
            } else {
                out.push(Value::Long(*count));
            }
        }
        Ok(())
    }

    fn clear(&mut self, group: u32) {
        if let Some(count) = self.counts.get_mut(group as usize) {
            *count = 0;
        }
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
