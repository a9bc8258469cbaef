//! Which positions a log holds, without the entries.

use weir_codec::EntryId;
use weir_event::{Epoch, Seq};

/// The outline of a log: where it begins, and from which number on each epoch wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    base: EntryId,
    /// Invariant: epochs and numbers both rise; the first run begins right behind `base`.
    runs: Vec<Run>,
    last: Seq,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    epoch: Epoch,
    first: Seq,
}

impl Shape {
    /// A log without entries, whose first one will follow `base`.
    #[must_use]
    pub fn after(base: EntryId) -> Self {
        Self { base, runs: Vec::new(), last: base.seq }
    }

    /// A log that stands behind `base`, ends with `last`, and in which each of `runs` is the first
    /// entry of its epoch; nothing when these do not fit together.
    #[must_use]
    pub fn opt_of(base: EntryId, runs: &[EntryId], last: EntryId) -> Option<Self> {
        let mut shape = Self::after(base);
        for run in runs {
            shape.last = Seq(run.seq.0.checked_sub(1)?);
            let begins = shape.runs.is_empty() == (shape.last == base.seq);
            if !begins || !shape.push(*run) {
                return None;
            }
        }
        // Behind the first entry of the last epoch there may be more; without epochs, nothing.
        let more = !runs.is_empty() && last.seq > shape.last;
        if more {
            shape.last = last.seq;
        }
        (shape.last() == last).then_some(shape)
    }

    /// The position right before the first entry held.
    #[must_use]
    pub fn base(&self) -> EntryId {
        self.base
    }

    /// The last entry's position; the base when there is no entry.
    #[must_use]
    pub fn last(&self) -> EntryId {
        let epoch = self.runs.last().map_or(self.base.epoch, |run| run.epoch);
        EntryId { epoch, seq: self.last }
    }

    /// Adds the entry at `at`, and says whether it follows the last one.
    pub fn push(&mut self, at: EntryId) -> bool {
        let last = self.last();
        if at.seq != last.seq.next() || at.epoch < last.epoch {
            return false;
        }
        if self.runs.last().is_none_or(|run| run.epoch < at.epoch) {
            self.runs.push(Run { epoch: at.epoch, first: at.seq });
        }
        self.last = at.seq;
        true
    }

    /// The position numbered `seq`, if it is the base or held.
    #[must_use]
    pub fn position(&self, seq: Seq) -> Option<EntryId> {
        if seq == self.base.seq {
            return Some(self.base);
        }
        if seq < self.base.seq || seq > self.last {
            return None;
        }
        let run = self.runs.iter().rev().find(|run| run.first <= seq)?;
        Some(EntryId { epoch: run.epoch, seq })
    }

    /// The highest position at or below `at` that is held or the base.
    #[must_use]
    pub fn floor(&self, at: EntryId) -> Option<EntryId> {
        let mut end = self.last;
        for run in self.runs.iter().rev() {
            if run.epoch < at.epoch {
                return Some(EntryId { epoch: run.epoch, seq: end });
            }
            if run.epoch == at.epoch && run.first <= at.seq {
                return Some(EntryId { epoch: run.epoch, seq: end.min(at.seq) });
            }
            end = Seq(run.first.0 - 1);
        }
        (self.base <= at).then_some(self.base)
    }

    /// Drops what stands after `keep`, which is held or the base.
    pub fn cut_after(&mut self, keep: EntryId) {
        debug_assert_eq!(self.floor(keep), Some(keep), "a cut keeps a position that is held");
        self.runs.retain(|run| run.first <= keep.seq);
        self.last = keep.seq;
    }

    /// Drops what stands at or before `through`, as far as it is held; answers the new base.
    pub fn trim_through(&mut self, through: Seq) -> EntryId {
        let through = through.min(self.last);
        if let Some(base) = self.position(through) {
            let next = through.next();
            if self.last == through {
                self.runs.clear();
            }
            let over = self.runs.iter().skip(1).take_while(|run| run.first <= next).count();
            self.runs.drain(..over);
            if let Some(first) = self.runs.first_mut() {
                first.first = first.first.max(next);
            }
            self.base = base;
        }
        self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u64, seq: u64) -> EntryId {
        EntryId::new(epoch, seq)
    }

    /// Base 1:3; epoch 1 wrote 4-5, epoch 3 wrote 6-8.
    fn shape() -> Shape {
        let mut shape = Shape::after(at(1, 3));
        for position in [at(1, 4), at(1, 5), at(3, 6), at(3, 7), at(3, 8)] {
            assert!(shape.push(position));
        }
        shape
    }

    #[test]
    fn a_shape_is_made_of_the_first_entry_of_each_epoch() {
        let runs = [at(1, 4), at(3, 6)];
        assert_eq!(Shape::opt_of(at(1, 3), &runs, at(3, 8)), Some(shape()));
        assert_eq!(Shape::opt_of(at(1, 3), &[], at(1, 3)), Some(Shape::after(at(1, 3))));
        for (base, runs, last) in [
            (at(1, 2), &runs[..], at(3, 8)),
            (at(1, 3), &runs[..], at(2, 8)),
            (at(1, 3), &runs[..], at(3, 5)),
            (at(1, 3), &runs[1..], at(3, 8)),
            (at(1, 3), &[], at(1, 4)),
        ] {
            assert_eq!(Shape::opt_of(base, runs, last), None, "{base} {runs:?} {last}");
        }
    }

    #[test]
    fn only_the_next_number_of_no_lower_epoch_follows() {
        let mut shape = shape();
        assert!(!shape.push(at(3, 10)));
        assert!(!shape.push(at(3, 8)));
        assert!(!shape.push(at(2, 9)));
        assert!(shape.push(at(4, 9)));
        assert_eq!(shape.last(), at(4, 9));
    }

    #[test]
    fn a_position_is_found_by_its_number() {
        let shape = shape();
        let found: Vec<_> = (2..10).map(|seq| shape.position(Seq(seq))).collect();
        assert_eq!(
            found,
            [
                None,
                Some(at(1, 3)),
                Some(at(1, 4)),
                Some(at(1, 5)),
                Some(at(3, 6)),
                Some(at(3, 7)),
                Some(at(3, 8)),
                None
            ]
        );
    }

    #[test]
    fn the_floor_of_a_foreign_position_is_the_last_one_shared() {
        let shape = shape();
        assert_eq!(shape.floor(at(3, 7)), Some(at(3, 7)));
        assert_eq!(shape.floor(at(3, 70)), Some(at(3, 8)));
        assert_eq!(shape.floor(at(2, 70)), Some(at(1, 5)));
        assert_eq!(shape.floor(at(3, 5)), Some(at(1, 5)));
        assert_eq!(shape.floor(at(1, 9)), Some(at(1, 5)));
        assert_eq!(shape.floor(at(1, 3)), Some(at(1, 3)));
        assert_eq!(shape.floor(at(1, 2)), None);
        assert_eq!(shape.floor(at(0, 90)), None);
    }

    #[test]
    fn a_cut_and_a_trim_leave_the_rest() {
        let mut shape = shape();
        shape.cut_after(at(3, 6));
        assert_eq!(shape.last(), at(3, 6));
        assert_eq!(shape.clone().trim_through(Seq(5)), at(1, 5));
        shape.cut_after(at(1, 5));
        assert_eq!(shape.last(), at(1, 5));
        assert_eq!(shape.trim_through(Seq(4)), at(1, 4));
        assert_eq!(shape.position(Seq(5)), Some(at(1, 5)));
        assert_eq!(shape.trim_through(Seq(90)), at(1, 5));
        assert_eq!(shape, Shape::after(at(1, 5)));
        assert!(shape.push(at(1, 6)));
        assert_eq!(shape.last(), at(1, 6));
    }

    #[test]
    fn a_trim_to_the_end_of_an_epoch_begins_with_the_next() {
        let mut shape = shape();
        assert_eq!(shape.trim_through(Seq(5)), at(1, 5));
        assert_eq!(shape.position(Seq(6)), Some(at(3, 6)));
        assert_eq!(shape.floor(at(2, 60)), Some(at(1, 5)));
    }

    #[test]
    fn a_trim_into_a_later_epoch_forgets_the_earlier_ones() {
        let mut shape = shape();
        assert_eq!(shape.trim_through(Seq(6)), at(3, 6));
        assert_eq!(shape.floor(at(1, 5)), None);
        assert_eq!(shape.floor(at(3, 7)), Some(at(3, 7)));
        assert_eq!(shape.position(Seq(7)), Some(at(3, 7)));
    }
}
