//! The order in which the original's hash maps give their entries, which apps can see.

use crate::value::{Object, Value};

/// The hash code that the original's value of the same type and content has.
#[must_use]
pub fn java_hash(value: &Value) -> i32 {
    match value {
        Value::Null => 0,
        Value::Bool(true) => 1231,
        Value::Bool(false) => 1237,
        Value::Int(v) => *v,
        Value::Long(v) => fold(*v as u64),
        Value::Float(v) => (if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() }) as i32,
        Value::Double(v) => fold(if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() }),
        Value::Str(text) => text
            .encode_utf16()
            .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))),
        Value::Object(object) => object_hash(object),
    }
}

fn fold(bits: u64) -> i32 {
    (bits ^ (bits >> 32)) as u32 as i32
}

fn object_hash(object: &Object) -> i32 {
    match object {
        Object::List(items) => {
            items.iter().fold(1, |hash: i32, it| hash.wrapping_mul(31).wrapping_add(java_hash(it)))
        }
        Object::Map(entries) => entries
            .iter()
            .fold(0, |hash: i32, (key, it)| hash.wrapping_add(java_hash(key) ^ java_hash(it))),
        Object::Set(items) => {
            items.iter().fold(0, |hash: i32, it| hash.wrapping_add(java_hash(it)))
        }
        // In the original these hash by where they are in memory; any fixed number will do.
        Object::Bytes(_) | Object::Error { .. } | Object::Event { .. } | Object::Json(_) => 0,
    }
}

/// How many buckets a hash map has that held so many entries at most.
#[must_use]
pub fn buckets(entries: usize) -> u32 {
    let mut buckets: u32 = 16;
    while (buckets as usize / 4 * 3) < entries && buckets < 1 << 30 {
        buckets *= 2;
    }
    buckets
}

/// The bucket of a key: entries come bucket by bucket, within one in the order they were put.
#[must_use]
pub fn bucket(key: &Value, buckets: u32) -> u32 {
    let hash = java_hash(key) as u32;
    (hash ^ (hash >> 16)) & (buckets - 1)
}

/// Puts the entries of a hash map, given in the order they were put, in the order they come out.
pub fn sort_as_hashed<T>(entries: &mut [T], buckets: u32, key: impl Fn(&T) -> &Value) {
    entries.sort_by_key(|entry| bucket(key(entry), buckets));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_original() {
        assert_eq!(java_hash(&"IBM".into()), 72_276);
        assert_eq!(java_hash(&Value::Long(1 << 40)), 256);
        assert_eq!(java_hash(&Value::Double(1.5)), 0x3ff8_0000);
        assert_eq!(java_hash(&"polygenelubricants".into()), i32::MIN);
    }

    #[test]
    fn entries_come_bucket_by_bucket() {
        let mut keys: Vec<Value> = ["WSO2", "IBM", "a", "q", "b"].map(Value::from).into();
        sort_as_hashed(&mut keys, buckets(5), |key| key);
        let texts: Vec<_> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a", "q", "b", "IBM", "WSO2"]);
    }
}
