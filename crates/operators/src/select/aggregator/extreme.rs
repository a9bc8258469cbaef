//! `minForever` and `maxForever`, and which of two values is the better one.

use std::cmp::Ordering;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Value};
use weir_expr::Fault;

use super::aggregates::{Aggregator, Rows};

/// Which value is the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::select) enum Direction {
    /// `min`
    Smallest,
    /// `max`
    Largest,
}

impl Direction {
    /// How a better value compares with another one.
    pub(super) fn wanted(self) -> Ordering {
        if self == Self::Smallest { Ordering::Less } else { Ordering::Greater }
    }

    pub(super) fn better(self, a: &Value, b: &Value) -> bool {
        a.order(b) == self.wanted()
    }
}

pub(super) fn checked(value: Value) -> Result<Value, Fault> {
    if value.is_null() || value.as_f64().is_some() {
        Ok(value)
    } else {
        Err(Fault::wrong_type(&value, "number"))
    }
}

/// `minForever` and `maxForever`: the best value seen; leaving rows teach it too.
#[derive(Debug)]
pub(in crate::select) struct Forever {
    direction: Direction,
    groups: Vec<Value>,
}

impl Forever {
    pub(super) fn boxed(direction: Direction) -> Box<dyn Aggregator> {
        Box::new(Self { direction, groups: Vec::new() })
    }
}

impl Aggregator for Forever {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        for place in rows.range.clone() {
            let value = checked(rows.arg.value(place))?;
            let group = rows.groups[place] as usize;
            if self.groups.len() <= group {
                self.groups.resize(group + 1, Value::Null);
            }
            let best = &mut self.groups[group];
            if !value.is_null() && (best.is_null() || self.direction.better(&value, best)) {
                *best = value;
            }
            out.push(best.clone());
        }
        Ok(())
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(best) = self.groups.get_mut(*group as usize) {
                *best = Value::Null;
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        self.groups.get(group as usize).is_none_or(Value::is_null)
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        for group in groups {
            w.value(self.groups.get(*group as usize).unwrap_or(&Value::Null));
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        self.groups.clear();
        for _ in 0..count {
            self.groups.push(r.value()?);
        }
        Ok(())
    }
}
