//! Sets of values that only grow: what `distinctCount` keeps.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Value;

/// Up to so many values are looked through one by one.
const FEW: usize = 8;

/// Values that occur once, in the order in which they came; null is one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distinct {
    values: Vec<Value>,
    /// Places of the values by hash, once there are more than a few.
    places: HashTable<u32>,
    hasher: FixedState,
}

impl Distinct {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn add(&mut self, value: &Value) {
        if self.values.len() < FEW {
            if !self.values.contains(value) {
                self.values.push(value.clone());
            }
            return;
        }
        let (values, hasher) = (&self.values, &self.hasher);
        if self.places.is_empty() {
            for (place, held) in values.iter().enumerate() {
                self.places.insert_unique(hasher.hash_one(held), place as u32, |it| {
                    hasher.hash_one(&values[*it as usize])
                });
            }
        }
        let hash = hasher.hash_one(value);
        if self.places.find(hash, |it| values[*it as usize] == *value).is_none() {
            let place = values.len() as u32;
            self.places.insert_unique(hash, place, |it| hasher.hash_one(&values[*it as usize]));
            self.values.push(value.clone());
        }
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for value in &other.values {
            self.add(value);
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.values(&self.values);
    }

    pub(crate) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut set = Self::default();
        for value in r.values()? {
            set.add(&value);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_once() {
        let mut set = Distinct::default();
        for n in (0..100).chain(0..50) {
            set.add(&Value::Int(n));
            set.add(&Value::Null);
        }
        assert_eq!(set.len(), 101);
        let mut w = Writer::new();
        set.save(&mut w);
        let mut back = Distinct::load(&mut Reader::new(w.as_bytes())).unwrap();
        back.add_all(&set);
        assert_eq!(back.len(), 101);
    }
}
