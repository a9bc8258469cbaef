//! The order in which the original's hash maps give their entries.
//!
//! It shows: a query that groups what it reads from an aggregation keeps the last row of a group.

/// The places of keys in the order in which a Java hash map holds them that got them by `put`.
pub(crate) fn put(keys: &[String]) -> Vec<u32> {
    let buckets = buckets(keys.len());
    let mut places: Vec<u32> = (0..keys.len() as u32).collect();
    places.sort_by_cached_key(|place| bucket(&keys[*place as usize], buckets));
    places
}

/// The same for `computeIfAbsent`, which puts a new entry before those of its bucket, and makes
/// room one entry later.
pub(crate) fn computed(keys: &[String]) -> Vec<u32> {
    let buckets = buckets(keys.len().saturating_sub(1));
    let mut places: Vec<u32> = (0..keys.len() as u32).rev().collect();
    places.sort_by_cached_key(|place| bucket(&keys[*place as usize], buckets));
    places
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
        let keys = ["b", "a", "q"].map(str::to_owned);
        assert_eq!(put(&keys), [1, 2, 0]);
        assert_eq!(computed(&keys), [2, 1, 0]);
    }
}
