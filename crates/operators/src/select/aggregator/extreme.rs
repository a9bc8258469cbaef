//! `min`, `max`, `minForever` and `maxForever`.

use std::cmp::Ordering;
use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, DataType, Kind, Value};
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
    fn better(self, a: &Value, b: &Value) -> bool {
        let wanted = if self == Self::Smallest { Ordering::Less } else { Ordering::Greater };
        a.order(b) == wanted
    }
}

fn checked(value: Value) -> Result<Value, Fault> {
    if value.is_null() || value.as_f64().is_some() {
        Ok(value)
    } else {
        Err(Fault::wrong_type(&value, "number"))
    }
}

/// `min` and `max`: the values that may yet become the best, best first.
#[derive(Debug)]
pub(in crate::select) struct Best {
    direction: Direction,
    /// Invariant: from the front, no value is better than the one before it.
    groups: Vec<VecDeque<Value>>,
}

impl Best {
    pub(super) fn boxed(direction: Direction, _arg: DataType) -> Box<dyn Aggregator> {
        Box::new(Self { direction, groups: Vec::new() })
    }

    fn take(&mut self, group: usize, kind: Kind, value: Value) -> Value {
        if self.groups.len() <= group {
            self.groups.resize_with(group + 1, VecDeque::new);
        }
        let best = &mut self.groups[group];
        if !value.is_null() {
            match kind {
                Kind::Current => {
                    while best.back().is_some_and(|last| self.direction.better(&value, last)) {
                        best.pop_back();
                    }
                    best.push_back(value);
                }
                Kind::Expired => {
                    if best.front() == Some(&value) {
                        best.pop_front();
                    } else if let Some(at) = best.iter().position(|held| *held == value) {
                        best.remove(at);
                    }
                }
                Kind::Timer | Kind::Reset => {}
            }
        }
        best.front().cloned().unwrap_or_default()
    }
}

impl Aggregator for Best {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        for place in rows.range.clone() {
            let value = checked(rows.arg.value(place))?;
            out.push(self.take(rows.groups[place] as usize, rows.kinds[place], value));
        }
        Ok(())
    }

    fn clear(&mut self, group: u32) {
        if let Some(best) = self.groups.get_mut(group as usize) {
            best.clear();
        }
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        for group in groups {
            let best = self.groups.get(*group as usize);
            w.len(best.map_or(0, VecDeque::len));
            for value in best.into_iter().flatten() {
                w.value(value);
            }
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        self.groups.clear();
        for _ in 0..count {
            self.groups.push(r.values()?.into());
        }
        Ok(())
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

    fn clear(&mut self, group: u32) {
        if let Some(best) = self.groups.get_mut(group as usize) {
            *best = Value::Null;
        }
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
