//! `min` and `max`: the values that may yet become the best, in typed loops.

use std::cmp::Ordering;
use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, DataType, Kind, Value, Values};
use weir_expr::{Fault, Vals, Vector};

use super::aggregates::{Aggregator, Rows};
use super::extreme::{Direction, checked};
use super::peak::Peak;

/// A type of number that has a smallest and a largest, in the order of [`Value::order`].
pub(super) trait Ranked: Copy + Default + Send + 'static {
    fn rank(&self, other: &Self) -> Ordering;
    fn of<'v, 'a>(vector: &'v Vector<'a>) -> Option<&'v Vals<'a, Self>>;
    fn of_column(column: &mut Column) -> Option<&mut Values<Self>>;
    fn of_value(value: &Value) -> Option<Self>;
    fn value(self) -> Value;
}

macro_rules! ranked {
    ($type:ty, $case:ident, $rank:path) => {
        impl Ranked for $type {
            #[inline]
            fn rank(&self, other: &Self) -> Ordering {
                $rank(self, other)
            }

            fn of<'v, 'a>(vector: &'v Vector<'a>) -> Option<&'v Vals<'a, Self>> {
                if let Vector::$case(values) = vector { Some(values) } else { None }
            }

            fn of_column(column: &mut Column) -> Option<&mut Values<Self>> {
                if let Column::$case(values) = column { Some(values) } else { None }
            }

            fn of_value(value: &Value) -> Option<Self> {
                if let Value::$case(value) = value { Some(*value) } else { None }
            }

            fn value(self) -> Value {
                Value::$case(self)
            }
        }
    };
}

ranked!(i32, Int, Ord::cmp);
ranked!(i64, Long, Ord::cmp);
ranked!(f32, Float, f32::total_cmp);
ranked!(f64, Double, f64::total_cmp);

/// The values of a group that may yet become its best: none is better than the one before it.
/// Invariant: without a front there is no rest.
#[derive(Debug)]
struct Queue<T> {
    /// The best one, apart from the rest because most groups have no other.
    front: Option<T>,
    rest: VecDeque<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { front: None, rest: VecDeque::new() }
    }
}

impl<T> FromIterator<T> for Queue<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut values = values.into_iter();
        Self { front: values.next(), rest: values.collect() }
    }
}

impl<T> Queue<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        self.front.iter().chain(&self.rest)
    }

    fn len(&self) -> usize {
        usize::from(self.front.is_some()) + self.rest.len()
    }

    fn clear(&mut self) {
        self.front = None;
        self.rest.clear();
    }

    #[inline(always)]
    fn take(
        &mut self,
        kind: Kind,
        value: T,
        better: impl Fn(&T, &T) -> bool,
        same: impl Fn(&T, &T) -> bool,
    ) {
        match kind {
            Kind::Current => {
                let Some(front) = &self.front else {
                    self.front = Some(value);
                    return;
                };
                if better(&value, front) {
                    self.rest.clear();
                    self.front = Some(value);
                    return;
                }
                while self.rest.back().is_some_and(|last| better(&value, last)) {
                    self.rest.pop_back();
                }
                self.rest.push_back(value);
            }
            Kind::Expired => {
                if self.front.as_ref().is_some_and(|front| same(front, &value)) {
                    self.front = self.rest.pop_front();
                } else if let Some(at) = self.rest.iter().position(|held| same(held, &value)) {
                    self.rest.remove(at);
                }
            }
            Kind::Timer | Kind::Reset => {}
        }
    }
}

/// The values of each group.
#[derive(Debug)]
struct Queues<T>(Vec<Queue<T>>);

impl<T> Queues<T> {
    fn grow(&mut self, groups: usize) {
        if self.0.len() < groups {
            self.0.resize_with(groups, Queue::default);
        }
    }

    fn save(&self, w: &mut Writer, groups: &[u32], write: impl Fn(&mut Writer, &T)) {
        for group in groups {
            let best = self.0.get(*group as usize);
            w.len(best.map_or(0, Queue::len));
            best.into_iter().flat_map(Queue::iter).for_each(|value| write(w, value));
        }
    }
}

/// `min` and `max` of values of the declared type; of any values once another one has come.
#[derive(Debug)]
struct Best<T> {
    direction: Direction,
    typed: Queues<T>,
    /// What takes the place of `typed` when a value is of another type.
    mixed: Option<Queues<Value>>,
}

/// Makes `min` or `max` for an argument of the type.
pub(super) fn best(direction: Direction, arg: DataType, rows_leave: bool) -> Box<dyn Aggregator> {
    fn of<T: Ranked>(direction: Direction, rows_leave: bool) -> Box<dyn Aggregator> {
        if rows_leave {
            Box::new(Best::<T> { direction, typed: Queues(Vec::new()), mixed: None })
        } else {
            Peak::<T>::boxed(direction)
        }
    }
    match arg {
        DataType::Int => of::<i32>(direction, rows_leave),
        DataType::Long => of::<i64>(direction, rows_leave),
        DataType::Float => of::<f32>(direction, rows_leave),
        DataType::Double | DataType::Bool | DataType::String | DataType::Object => {
            of::<f64>(direction, rows_leave)
        }
    }
}

impl<T: Ranked> Best<T> {
    /// Takes rows whose values are all of the type, or all null.
    fn run_typed(&mut self, rows: &Rows<'_>, values: Option<&Vals<'_, T>>, out: &mut Values<T>) {
        let wanted = self.direction.wanted();
        let better = |a: &T, b: &T| a.rank(b) == wanted;
        let same = |a: &T, b: &T| a.rank(b) == Ordering::Equal;
        let places = rows.range.clone();
        let (kinds, groups) = (&rows.kinds[places.clone()], &rows.groups[places.clone()]);
        self.typed.grow(rows.top);
        let queues = &mut self.typed.0;
        let given = kinds.iter().zip(groups);
        if let Some(Vals::Each { data, nulls: None }) = values {
            out.extend(given.zip(&data[places]).map(|((kind, group), value)| {
                let best = &mut queues[*group as usize];
                best.take(*kind, *value, better, same);
                best.front
            }));
            return;
        }
        let value_at = |i: usize| values.and_then(|values| values.get(places.start + i));
        out.extend(given.enumerate().map(|(i, (kind, group))| {
            let best = &mut queues[*group as usize];
            if let Some(value) = value_at(i) {
                best.take(*kind, *value, better, same);
            }
            best.front
        }));
    }

    fn run_mixed(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        let typed = &mut self.typed.0;
        let mixed = self.mixed.get_or_insert_with(|| {
            let lift = |it: Queue<T>| it.front.into_iter().chain(it.rest).map(T::value).collect();
            Queues(std::mem::take(typed).into_iter().map(lift).collect())
        });
        let direction = self.direction;
        for place in rows.range.clone() {
            let value = checked(rows.arg.value(place))?;
            let group = rows.groups[place] as usize;
            mixed.grow(group + 1);
            let best = &mut mixed.0[group];
            if !value.is_null() {
                let better = |a: &Value, b: &Value| direction.better(a, b);
                best.take(rows.kinds[place], value, better, |a, b| a == b);
            }
            out.push(best.front.clone().unwrap_or_default());
        }
        Ok(())
    }
}

impl<T: Ranked> Aggregator for Best<T> {
    fn run(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        let values = T::of(rows.arg);
        if self.mixed.is_none()
            && (values.is_some() || matches!(rows.arg, Vector::Null))
            && let Some(out) = T::of_column(out)
        {
            self.run_typed(rows, values, out);
            return Ok(());
        }
        self.run_mixed(rows, out)
    }

    fn clear(&mut self, groups: &[u32]) {
        for group in groups.iter().map(|group| *group as usize) {
            if let Some(best) = self.typed.0.get_mut(group) {
                best.clear();
            }
            if let Some(best) = self.mixed.as_mut().and_then(|mixed| mixed.0.get_mut(group)) {
                best.clear();
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        let group = group as usize;
        match &self.mixed {
            Some(mixed) => mixed.0.get(group).is_none_or(|it| it.front.is_none()),
            None => self.typed.0.get(group).is_none_or(|it| it.front.is_none()),
        }
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        match &self.mixed {
            Some(mixed) => mixed.save(w, groups, Writer::value),
            None => self.typed.save(w, groups, |w, value| w.value(&value.value())),
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        let loaded: Vec<Vec<Value>> = (0..count).map(|_| r.values()).collect::<Result<_, _>>()?;
        let typed = |best: &Vec<Value>| best.iter().map(T::of_value).collect();
        let typed: Option<Vec<Queue<T>>> = loaded.iter().map(typed).collect();
        match typed {
            Some(typed) => (self.typed, self.mixed) = (Queues(typed), None),
            None => {
                let mixed = loaded.into_iter().map(Queue::from_iter).collect();
                (self.typed, self.mixed) = (Queues(Vec::new()), Some(Queues(mixed)));
            }
        }
        Ok(())
    }
}
