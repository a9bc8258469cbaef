//! One bit a row: which values of a column are null.

/// A growing row of bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// `len` bits, all unset.
    #[must_use]
    pub fn unset(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// The number of bits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit at `index`; false past the end.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> bool {
        self.words.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Sets or clears the bit at `index`, which must be below [`Self::len`].
    #[inline]
    pub fn set(&mut self, index: usize, bit: bool) {
        debug_assert!(index < self.len);
        let mask = 1 << (index % 64);
        if bit {
            self.words[index / 64] |= mask;
        } else {
            self.words[index / 64] &= !mask;
        }
    }

    /// Adds one bit at the end.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        if bit {
            self.set(self.len - 1, true);
        }
    }

    /// Grows or shrinks to `len` bits; new ones are unset.
    pub fn resize(&mut self, len: usize) {
        self.words.resize(len.div_ceil(64), 0);
        if len < self.len && !len.is_multiple_of(64) {
            let last = len / 64;
            self.words[last] &= (1 << (len % 64)) - 1;
        }
        self.len = len;
    }

    /// Whether any bit is set.
    #[must_use]
    pub fn any(&self) -> bool {
        self.words.iter().any(|word| *word != 0)
    }

    /// The bits as words, the first bit lowest.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_kept_across_words_and_shrinking_forgets_the_rest() {
        let mut bits = Bitmap::default();
        for i in 0..130 {
            bits.push(i % 3 == 0);
        }
        assert!((0..130).all(|i| bits.get(i) == (i % 3 == 0)));
        bits.resize(64);
        bits.resize(130);
        assert!(!(64..130).any(|i| bits.get(i)));
        assert!(!bits.get(1_000));
    }
}
