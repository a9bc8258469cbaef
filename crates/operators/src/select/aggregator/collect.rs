//! `distinctCount`, `and`, `or` and `unionSet`.

use hashbrown::HashMap;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Object, Value};
use weir_expr::Fault;

use super::aggregates::Accumulator;

/// Values with how often each is held, in the order in which they first came.
#[derive(Debug, Default)]
pub(super) struct Multiset {
    counts: HashMap<Value, (i64, u64), foldhash::fast::FixedState>,
    arrivals: u64,
}

impl Multiset {
    pub(super) fn add(&mut self, value: &Value) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.counts.entry(value.clone()).or_insert((0, arrival)).0 += 1;
    }

    pub(super) fn remove(&mut self, value: &Value) {
        if let Some(held) = self.counts.get_mut(value) {
            held.0 -= 1;
            if held.0 <= 0 {
                self.counts.remove(value);
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.counts.is_empty()
    }

    /// The values and counts in order of their first arrival.
    pub(super) fn in_order(&self) -> Vec<(&Value, i64)> {
        let mut all: Vec<_> = self.counts.iter().collect();
        all.sort_unstable_by_key(|(_, (_, arrival))| *arrival);
        all.into_iter().map(|(value, (count, _))| (value, *count)).collect()
    }

    pub(super) fn save(&self, w: &mut Writer) {
        w.len(self.counts.len());
        for (value, count) in self.in_order() {
            w.value(value);
            w.i64(count);
        }
    }

    pub(super) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for _ in 0..r.len()? {
            let value = r.value()?;
            set.arrivals += 1;
            set.counts.insert(value, (r.i64()?, set.arrivals));
        }
        Ok(set)
    }
}

/// `distinctCount`: null counts as a value.
#[derive(Debug, Default)]
pub(in crate::select) struct Distinct(Multiset);

impl Distinct {
    fn count(&self) -> Value {
        Value::Long(self.0.counts.len() as i64)
    }
}

impl Accumulator for Distinct {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.add(value);
        Ok(self.count())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.remove(value);
        Ok(self.count())
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Multiset::load(r)?))
    }
}

/// How many members are true and how many are false.
#[derive(Debug, Default)]
struct Votes {
    yes: i64,
    no: i64,
}

impl Votes {
    fn change(&mut self, value: &Value, by: i64, aggregate: &str) -> Result<(), Fault> {
        match value {
            Value::Bool(true) => self.yes += by,
            Value::Bool(false) => self.no += by,
            Value::Null => return Err(Fault::null(&format!("the argument of `{aggregate}`"))),
            Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Str(_)
            | Value::Object(_) => return Err(Fault::wrong_type(value, "bool")),
        }
        Ok(())
    }

    fn is_blank(&self) -> bool {
        (self.yes, self.no) == (0, 0)
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { yes: r.i64()?, no: r.i64()? })
    }

    fn save(&self, w: &mut Writer) {
        w.i64(self.yes);
        w.i64(self.no);
    }
}

/// `and`: some member is true and none is false.
#[derive(Debug, Default)]
pub(in crate::select) struct AllTrue(Votes);

impl AllTrue {
    fn value(&self) -> Value {
        Value::Bool(self.0.yes > 0 && self.0.no == 0)
    }
}

impl Accumulator for AllTrue {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.change(value, 1, "and")?;
        Ok(self.value())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.change(value, -1, "and")?;
        Ok(self.value())
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Votes::load(r)?))
    }
}

/// `or`: some member is true.
#[derive(Debug, Default)]
pub(in crate::select) struct AnyTrue(Votes);

impl Accumulator for AnyTrue {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.change(value, 1, "or")?;
        Ok(Value::Bool(self.0.yes > 0))
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        self.0.change(value, -1, "or")?;
        Ok(Value::Bool(self.0.yes > 0))
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Votes::load(r)?))
    }
}

/// `unionSet`: the union of the members' sets.
#[derive(Debug, Default)]
pub(in crate::select) struct Union(Multiset);

impl Union {
    fn value(&self) -> Value {
        let items = self.0.in_order().into_iter().map(|(value, _)| value.clone()).collect();
        Value::object(Object::Set(items))
    }

    fn items(value: &Value) -> Result<&[Value], Fault> {
        match value {
            Value::Null => Ok(&[]),
            Value::Object(object) => match &**object {
                Object::Set(items) | Object::List(items) => Ok(items),
                Object::Map(_)
                | Object::Bytes(_)
                | Object::Error { .. }
                | Object::Event { .. }
                | Object::Json(_) => Err(Fault::wrong_type(value, "set")),
            },
            Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Str(_) => Err(Fault::wrong_type(value, "set")),
        }
    }
}

impl Accumulator for Union {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        for item in Self::items(value)? {
            self.0.add(item);
        }
        Ok(self.value())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        for item in Self::items(value)? {
            self.0.remove(item);
        }
        Ok(self.value())
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Multiset::load(r)?))
    }
}
