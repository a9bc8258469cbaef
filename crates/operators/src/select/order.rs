//! `order by`: runs of rows of one kind, sorted; nulls last whatever the direction.

use std::cmp::Ordering;

use weir_event::{Column, Kind, Value};

/// One attribute of an `order by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderSpec {
    /// The output attribute's place, or behind those the one of [`SelectSpec::order_extra`].
    ///
    /// [`SelectSpec::order_extra`]: super::SelectSpec::order_extra
    pub column: usize,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl OrderSpec {
    fn compare(self, a: &Value, b: &Value) -> Ordering {
        match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) if self.descending => b.order(a),
            (false, false) => a.order(b),
        }
    }
}

/// Sorts places by the columns, each run of one kind for itself, stable.
pub(super) fn sort_runs(
    places: &mut [u32],
    kind_of: impl Fn(u32) -> Kind,
    columns: &[Column],
    by: &[OrderSpec],
) {
    let compare = |a: &u32, b: &u32| {
        by.iter()
            .map(|spec| {
                let column = &columns[spec.column];
                spec.compare(&column.value(*a as usize), &column.value(*b as usize))
            })
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    for run in places.chunk_by_mut(|a, b| kind_of(*a) == kind_of(*b)) {
        run.sort_by(compare);
    }
}
