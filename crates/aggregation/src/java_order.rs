//! The order in which the original's hash maps give their entries.
//!
//! It shows: a query that groups what it reads from an aggregation keeps the last row of a group.

/// The places of keys in the order in which a Java hash map holds them that got them by `put`.
///
/// The original goes through its maps where it has no order of its own, and apps see it.
pub fn put<'k>(keys: impl ExactSizeIterator<Item = &'k str>) -> Vec<u32> {
    let buckets = buckets(keys.len());
    in_buckets(keys.map(|key| bucket(key, buckets)).zip(0..).collect())
}

/// The same for `computeIfAbsent`, which puts a new entry before those of its bucket, and makes
/// room one entry later.
pub(crate) fn computed<'k>(
    keys: impl ExactSizeIterator<Item = &'k str> + DoubleEndedIterator,
) -> Vec<u32> {
    let buckets = buckets(keys.len().saturating_sub(1));
    let places = 0..keys.len() as u32;
    in_buckets(keys.rev().map(|key| bucket(key, buckets)).zip(places.rev()).collect())
}

fn in_buckets(mut places: Vec<(usize, u32)>) -> Vec<u32> {
    places.sort_by_key(|(bucket, _)| *bucket);
    places.into_iter().map(|(_, place)| place).collect()
}

fn buckets(keys: usize) -> usize {
    let mut buckets: usize = 16;
    while keys * 4 > buckets * 3 {
        buckets *= 2;
    }
    buckets
}

fn bucket(key: &str, buckets: usize) -> usize {
    let hash = key
        .encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    (hash ^ (hash >> 16)) as usize & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_maps_go_by_the_low_bits_of_the_hash() {
        // In Java: "b".hashCode() = 98 (bucket 2), "a" = 97 (1), "q" = 113 (1, after "a").
        let keys = ["b", "a", "q"];
        assert_eq!(put(keys.into_iter()), [1, 2, 0]);
        assert_eq!(computed(keys.into_iter()), [2, 1, 0]);
    }
}
