//! `list:collect`, `list:merge`, `map:collect` and `map:merge`.

use std::sync::Arc;

use hashbrown::HashMap;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Object, Value, buckets, sort_as_hashed};
use weir_expr::Fault;

use super::aggregates::Accumulator;
use super::concat::args;

/// The argument, and whether values that are there already are left out.
fn with_flag(value: &Value) -> (&Value, bool) {
    match args(value) {
        [value, Value::Bool(flag)] => (value, *flag),
        [value, ..] => (value, false),
        [] => (value, false),
    }
}

/// The fault of a value that is null, or not what is wanted.
fn unfit(value: &Value, wanted: &str) -> Fault {
    if value.is_null() {
        Fault::null(&format!("the {wanted} to merge"))
    } else {
        Fault::wrong_type(value, wanted)
    }
}

/// The values held, in order, as the object that is shown.
#[derive(Debug, Default)]
struct Held(Arc<Vec<Value>>);

impl Held {
    fn shown(&self) -> Value {
        Value::object(Object::List(self.0.to_vec()))
    }

    fn change(&mut self) -> &mut Vec<Value> {
        Arc::make_mut(&mut self.0)
    }

    fn save(&self, w: &mut Writer) {
        w.values(&self.0);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Arc::new(r.values()?)))
    }
}

/// `list:collect`: the values, in order.
#[derive(Debug, Default)]
pub(in crate::select) struct ListCollect(Held);

impl Accumulator for ListCollect {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let (value, distinct) = with_flag(value);
        if !distinct || !self.0.0.contains(value) {
            self.0.change().push(value.clone());
        }
        Ok(self.0.shown())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let (value, _) = with_flag(value);
        if let Some(at) = self.0.0.iter().position(|it| it == value) {
            self.0.change().remove(at);
        }
        Ok(self.0.shown())
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Held::load(r)?))
    }
}

/// `list:merge`: the values of all lists, in order. A list that leaves takes every value that is
/// in it away.
#[derive(Debug, Default)]
pub(in crate::select) struct ListMerge(Held);

impl ListMerge {
    fn items(value: &Value) -> Result<(Vec<Value>, bool), Fault> {
        let (list, distinct) = with_flag(value);
        if let Value::Object(object) = list
            && let Object::List(items) = &**object
        {
            return Ok((items.clone(), distinct));
        }
        Err(unfit(list, "list"))
    }
}

impl Accumulator for ListMerge {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let (items, distinct) = Self::items(value)?;
        for item in items {
            if !distinct || !self.0.0.contains(&item) {
                self.0.change().push(item);
            }
        }
        Ok(self.0.shown())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let (items, _) = Self::items(value)?;
        self.0.change().retain(|held| !items.contains(held));
        Ok(self.0.shown())
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Held::load(r)?))
    }
}

/// Keys with their values, and when each key came.
#[derive(Debug, Default)]
struct Entries {
    held: HashMap<Value, (u64, Value), foldhash::fast::FixedState>,
    arrivals: u64,
}

impl Entries {
    fn put(&mut self, key: Value, value: Value) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.held.entry(key).or_insert((arrival, Value::Null)).1 = value;
    }

    fn in_order(&self) -> Vec<(Value, Value)> {
        let mut all: Vec<_> = self.held.iter().collect();
        all.sort_unstable_by_key(|(_, (arrival, _))| *arrival);
        all.into_iter().map(|(key, (_, value))| (key.clone(), value.clone())).collect()
    }

    fn shown(&self) -> Value {
        let mut entries = self.in_order();
        let buckets = buckets(entries.len());
        sort_as_hashed(&mut entries, buckets, |(key, _)| key);
        Value::object(Object::Map(entries))
    }

    fn save(&self, w: &mut Writer) {
        let entries = self.in_order();
        w.len(entries.len());
        for (key, value) in &entries {
            w.value(key);
            w.value(value);
        }
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut entries = Self::default();
        for _ in 0..r.len()? {
            let key = r.value()?;
            entries.put(key, r.value()?);
        }
        Ok(entries)
    }
}

/// `map:collect`: the newest value of each key; a row that leaves takes its key away.
#[derive(Debug, Default)]
pub(in crate::select) struct MapCollect(Entries);

impl MapCollect {
    fn pair(value: &Value) -> Result<(&Value, &Value), Fault> {
        match args(value) {
            [key, value] => Ok((key, value)),
            _ => Err(Fault::wrong_type(value, "pair")),
        }
    }
}

impl Accumulator for MapCollect {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let (key, value) = Self::pair(value)?;
        self.0.put(key.clone(), value.clone());
        Ok(self.0.shown())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let (key, _) = Self::pair(value)?;
        self.0.held.remove(key);
        Ok(self.0.shown())
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Entries::load(r)?))
    }
}

/// `map:merge`: the entries of all maps; a map that leaves takes its keys away.
#[derive(Debug, Default)]
pub(in crate::select) struct MapMerge(Entries);

impl MapMerge {
    fn entries(value: &Value) -> Result<&[(Value, Value)], Fault> {
        let (map, _) = with_flag(value);
        if let Value::Object(object) = map
            && let Object::Map(entries) = &**object
        {
            return Ok(entries);
        }
        Err(unfit(map, "map"))
    }
}

impl Accumulator for MapMerge {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        for (key, value) in Self::entries(value)? {
            self.0.put(key.clone(), value.clone());
        }
        Ok(self.0.shown())
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        for (key, _) in Self::entries(value)? {
            self.0.held.remove(key);
        }
        Ok(self.0.shown())
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Entries::load(r)?))
    }
}
