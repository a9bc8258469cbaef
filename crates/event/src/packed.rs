//! A text as a key: a short one is two words, compared and hashed without a loop over its bytes.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::value::Text;

/// Texts up to so many bytes are told apart by their words alone.
const SHORT_MAX: usize = 15;

/// Stands for the length of all texts that are too long for that.
const LONG: u8 = u8::MAX;

/// What tells a short text from every other one, and a hash for a text of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PackedText {
    low: u64,
    high: u64,
    len: u8,
}

impl PackedText {
    /// The words of the empty text.
    pub const EMPTY: Self = Self { low: 0, high: 0, len: 0 };

    /// The words of a text.
    #[must_use]
    #[inline]
    pub fn of(text: &Text) -> Self {
        let bytes = text.as_bytes();
        let len = bytes.len();
        // First and last bytes overlap where the text is shorter than both together.
        let (low, high) =
            if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
                if len > SHORT_MAX {
                    return Self::of_long(bytes);
                }
                (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
            } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
                (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
            } else {
                let at = |i: usize| u64::from(bytes.get(i).copied().unwrap_or(0));
                (at(0) | at(1) << 8 | at(2) << 16, 0)
            };
        Self { low, high, len: len as u8 }
    }

    #[cold]
    fn of_long(bytes: &[u8]) -> Self {
        let state = FixedState::default();
        Self { low: state.hash_one(bytes), high: bytes.len() as u64, len: LONG }
    }

    /// Whether equal words mean equal texts; those of longer ones have to be compared.
    #[must_use]
    #[inline]
    pub fn is_short(&self) -> bool {
        self.len != LONG
    }

    /// A hash of the text together with a number.
    #[must_use]
    #[inline]
    pub fn hash_with(&self, number: u32) -> u64 {
        let salt = u64::from(number) << 8 | u64::from(self.len);
        let a = u128::from(self.low ^ 0x9E37_79B9_7F4A_7C15);
        let b = u128::from(
            self.high ^ 0xC2B2_AE3D_27D4_EB4F ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93),
        );
        let product = a * b;
        (product as u64 ^ (product >> 64) as u64).wrapping_mul(0x9FB2_1C65_1E98_DF25)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_lengths_are_told_apart() {
        let mut texts: Vec<String> = (0..40).map(|len| "a".repeat(len)).collect();
        for len in 1..20 {
            for at in 0..len {
                let mut text = "a".repeat(len);
                text.replace_range(at..=at, "b");
                texts.push(text);
            }
        }
        for (i, a) in texts.iter().enumerate() {
            for (j, b) in texts.iter().enumerate() {
                let (x, y) =
                    (PackedText::of(&a.as_str().into()), PackedText::of(&b.as_str().into()));
                assert_eq!(x == y, i == j, "{a} {b}");
                assert_eq!(x.hash_with(3) == y.hash_with(3), i == j, "{a} {b}");
            }
        }
    }
}
