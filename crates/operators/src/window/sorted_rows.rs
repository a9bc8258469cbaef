//! Row numbers in an order of their rows, so many that one may not move them all to put one in.

/// A block that grows beyond so many rows is cut in two.
const BLOCK_ROWS_MAX: usize = 512;

/// Row numbers in order, in blocks.
///
/// Invariant: no block is empty.
#[derive(Debug, Clone, Default)]
pub(super) struct SortedRows {
    blocks: Vec<Vec<u32>>,
}

impl SortedRows {
    /// Rows that are in order already.
    pub(super) fn of_sorted(rows: &[u32]) -> Self {
        Self { blocks: rows.chunks(BLOCK_ROWS_MAX).map(<[u32]>::to_vec).collect() }
    }

    /// Puts a row behind all those for which `before` holds: they come first.
    pub(super) fn insert(&mut self, row: u32, before: impl Fn(u32) -> bool) {
        let ends_before = |block: &Vec<u32>| block.last().is_none_or(|last| before(*last));
        let at = self.blocks.partition_point(ends_before).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![row]);
            return;
        };
        block.insert(block.partition_point(|it| before(*it)), row);
        if block.len() > BLOCK_ROWS_MAX {
            let rest = block.split_off(BLOCK_ROWS_MAX / 2);
            self.blocks.insert(at + 1, rest);
        }
    }

    /// Takes the last row out.
    pub(super) fn pop(&mut self) -> Option<u32> {
        let block = self.blocks.last_mut()?;
        let last = block.pop();
        if block.is_empty() {
            self.blocks.pop();
        }
        last
    }

    /// The rows in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.blocks.iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_in_order_and_the_last_one_leaves() {
        let mut rows = SortedRows::of_sorted(&[]);
        let mut plain: Vec<u32> = Vec::new();
        let mut dice: u32 = 1;
        for turn in 0..5_000 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let row = dice >> 8;
            rows.insert(row, |it| it <= row);
            plain.insert(plain.partition_point(|it| *it <= row), row);
            if turn % 3 == 0 {
                assert_eq!(rows.pop(), plain.pop());
            }
        }
        assert_eq!(rows.iter().collect::<Vec<_>>(), plain);
        while let Some(last) = rows.pop() {
            assert_eq!(Some(last), plain.pop());
        }
        assert!(plain.is_empty());
    }
}
