//! Numbers found by a text and a partition key: mostly one look into a flat table.

use crate::batch::Key;
use crate::packed::PackedText;

/// The number of a place that holds nothing.
const EMPTY: u32 = u32::MAX;

/// Fewer places than this are never had.
const PLACES_MIN: usize = 16;

/// What tells a text of a key from others, and its number.
#[derive(Debug, Clone, Copy)]
struct Place {
    packed: PackedText,
    key: Key,
    number: u32,
}

const NOBODY: Place = Place { packed: PackedText::EMPTY, key: Key(0), number: EMPTY };

/// Numbers by a text and a partition key: open addressing with linear probing, at most a quarter
/// full, so that what is looked for is nearly always in the first place. Numbers are below
/// `u32::MAX`.
#[derive(Debug, Default)]
pub struct TextTable {
    /// Invariant: a power of two of places, or none.
    places: Vec<Place>,
    used: usize,
}

impl TextTable {
    fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    /// The number of a text; of those with equal words, the one that `is_it`.
    #[must_use]
    #[inline(always)]
    pub fn find(&self, packed: PackedText, key: Key, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.mask();
        let mut at = packed.hash_with(key.0) as usize & mask;
        while let Some(place) = self.places.get(at)
            && place.number != EMPTY
        {
            if place.packed == packed && place.key == key && is_it(place.number) {
                return Some(place.number);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Adds a text that is not in it.
    pub fn insert(&mut self, packed: PackedText, key: Key, number: u32) {
        if (self.used + 1) * 4 > self.places.len() {
            let room = (self.places.len() * 2).max(PLACES_MIN);
            let before = std::mem::replace(&mut self.places, vec![NOBODY; room]);
            before.into_iter().filter(|it| it.number != EMPTY).for_each(|it| self.put(it));
        }
        self.put(Place { packed, key, number });
        self.used += 1;
    }

    fn put(&mut self, place: Place) {
        let mask = self.mask();
        let mut at = place.packed.hash_with(place.key.0) as usize & mask;
        while self.places[at].number != EMPTY {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }

    /// Takes a text out.
    pub fn remove(&mut self, packed: PackedText, key: Key, number: u32) {
        let mask = self.mask();
        let mut hole = packed.hash_with(key.0) as usize & mask;
        while let Some(place) = self.places.get(hole)
            && place.number != number
        {
            if place.number == EMPTY {
                return;
            }
            hole = (hole + 1) & mask;
        }
        if self.places.is_empty() {
            return;
        }
        self.used -= 1;
        // Those behind move up, unless that would put one before the place where it is looked for.
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let place = self.places[at];
            if place.number == EMPTY {
                break;
            }
            let home = place.packed.hash_with(place.key.0) as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.places[hole] = place;
                hole = at;
            }
        }
        self.places[hole] = NOBODY;
    }

    /// Forgets all texts.
    pub fn clear(&mut self) {
        self.places.clear();
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn texts_come_and_go_as_in_an_ordered_map() {
        let mut table = TextTable::default();
        let mut told = BTreeMap::new();
        let mut random = 1_u64;
        for step in 0..40_000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let (name, key) = ((random >> 40) % 300, Key((random >> 60) as u32 % 3));
            let text = crate::Text::from(format!("group {name}"));
            let packed = PackedText::of(&text);
            let found = table.find(packed, key, |_| true);
            assert_eq!(found, told.get(&(name, key)).copied());
            match found {
                Some(number) if random >> 32 & 1 == 0 => {
                    table.remove(packed, key, number);
                    told.remove(&(name, key));
                }
                Some(_) => {}
                None => {
                    table.insert(packed, key, step);
                    told.insert((name, key), step);
                }
            }
        }
        assert_eq!(table.used, told.len());
    }
}
