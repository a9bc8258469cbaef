//! Lists and maps that functions changed while a query's rows are computed.
//!
//! Values never change here. In the original a function such as `list:add` changes the very list
//! it was given, and whoever else holds that list sees it. So that a query's other attributes see
//! it too, a change is noted as an old object with the new one that stands in its place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use weir_event::{Column, Object, Value};

/// Objects that have another in their place, by where the old one is in memory.
#[derive(Debug, Default)]
pub struct Changes(RefCell<BTreeMap<usize, Change>>);

#[derive(Debug)]
struct Change {
    /// Kept, so that no other object can come to be in its place meanwhile.
    #[expect(dead_code, reason = "held, not read")]
    old: Arc<Object>,
    new: Arc<Object>,
}

fn place(object: &Arc<Object>) -> usize {
    Arc::as_ptr(object).addr()
}

impl Changes {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// What stands in the place of a value now.
    #[must_use]
    pub fn newest(&self, value: &Value) -> Value {
        let Value::Object(object) = value else { return value.clone() };
        let changes = self.0.borrow();
        let mut newest = object;
        while let Some(change) = changes.get(&place(newest)) {
            newest = &change.new;
        }
        Value::Object(Arc::clone(newest))
    }

    /// Notes that `new` stands in the place of `old`, which is the newest so far.
    pub(crate) fn note(&self, old: &Value, new: &Value) {
        if let (Value::Object(old), Value::Object(new)) = (old, new)
            && !Arc::ptr_eq(old, new)
        {
            let change = Change { old: Arc::clone(old), new: Arc::clone(new) };
            self.0.borrow_mut().insert(place(old), change);
        }
    }

    /// Puts the newest objects into a column.
    pub fn apply(&self, column: &mut Column) {
        if let Column::Object(values) = column {
            for value in values {
                *value = self.newest(value);
            }
        }
    }
}
