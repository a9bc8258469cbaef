//! Which idempotency keys a source has taken: the newest ones, in order.

use std::collections::{HashSet, VecDeque};

use weir_event::Text;

/// How many keys are remembered for each source; an older one would be taken again.
pub(crate) const KEYS_MAX: usize = 100_000;

/// The newest keys of one source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    order: VecDeque<Text>,
    // Invariant: the same keys as `order`.
    known: HashSet<Text>,
}

impl Keys {
    /// Whether the key was taken before.
    pub(crate) fn knows(&self, key: &Text) -> bool {
        self.known.contains(key)
    }

    /// Remembers a key; false when it was known.
    pub(crate) fn take(&mut self, key: &Text) -> bool {
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key.clone());
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    /// All of them, oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.order.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten_first() {
        let mut keys = Keys::default();
        for i in 0..=KEYS_MAX {
            assert!(keys.take(&Text::from(i.to_string())));
        }
        assert_eq!(keys.iter().len(), KEYS_MAX);
        assert!(!keys.knows(&Text::from("0")));
        assert!(!keys.take(&Text::from("1")));
        assert!(keys.take(&Text::from("0")));
    }
}
