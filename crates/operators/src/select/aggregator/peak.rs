//! `min` and `max` where no row ever leaves: one value a group.

use std::cmp::Ordering;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Kind, Value, Values};
use weir_expr::{Fault, Vals, Vector};

use super::aggregates::{Aggregator, Rows, are_all};
use super::best::Ranked;
use super::extreme::{Direction, checked};

/// `min` and `max` where no row ever leaves: the best value alone is kept (gotcha 15).
///
/// Its state is written as that of [`super::best`] is, so that a query may get or lose its
/// expired output between two versions of an app.
#[derive(Debug)]
pub(super) struct Peak<T> {
    direction: Direction,
    typed: Vec<Held<T>>,
    /// What takes the place of `typed` when a value is of another type.
    mixed: Option<Vec<Value>>,
}

/// The best value of a group, if it has any.
#[derive(Debug, Clone, Copy, Default)]
struct Held<T> {
    best: T,
    any: bool,
}

impl<T: Ranked> Held<T> {
    fn get(self) -> Option<T> {
        self.any.then_some(self.best)
    }
}

impl<T: Ranked> Peak<T> {
    pub(super) fn boxed(direction: Direction) -> Box<dyn Aggregator> {
        Box::new(Self { direction, typed: Vec::new(), mixed: None })
    }

    /// Takes rows whose values are all of the type, or all null.
    fn run_typed(&mut self, rows: &Rows<'_>, values: Option<&Vals<'_, T>>, out: &mut Values<T>) {
        let places = rows.range.clone();
        let (kinds, groups) = (&rows.kinds[places.clone()], &rows.groups[places.clone()]);
        if self.typed.len() < rows.top {
            self.typed.resize(rows.top, Held::default());
        }
        let run = Run { kinds, groups, peaks: &mut self.typed, out };
        match (values, self.direction) {
            (Some(Vals::Each { data, nulls: None }), Direction::Smallest) => {
                run.take(data[places].iter().map(Some), |a, b| a.rank(b) == Ordering::Less);
            }
            (Some(Vals::Each { data, nulls: None }), Direction::Largest) => {
                run.take(data[places].iter().map(Some), |a, b| a.rank(b) == Ordering::Greater);
            }
            (values, direction) => {
                let values = places.map(|place| values.and_then(|values| values.get(place)));
                run.take(values, |a, b| a.rank(b) == direction.wanted());
            }
        }
    }

    fn run_mixed(&mut self, rows: &Rows<'_>, out: &mut Column) -> Result<(), Fault> {
        let typed = &mut self.typed;
        let mixed = self.mixed.get_or_insert_with(|| {
            let lift = |held: Held<T>| held.get().map_or(Value::Null, T::value);
            std::mem::take(typed).into_iter().map(lift).collect()
        });
        for place in rows.range.clone() {
            let value = checked(rows.arg.value(place))?;
            let group = rows.groups[place] as usize;
            if mixed.len() <= group {
                mixed.resize(group + 1, Value::Null);
            }
            let best = &mut mixed[group];
            if rows.kinds[place] == Kind::Current
                && !value.is_null()
                && (best.is_null() || self.direction.better(&value, best))
            {
                *best = value;
            }
            out.push(best.clone());
        }
        Ok(())
    }
}

/// Rows of the type on their way into the peaks.
struct Run<'r, T> {
    kinds: &'r [Kind],
    groups: &'r [u32],
    peaks: &'r mut [Held<T>],
    out: &'r mut Values<T>,
}

impl<T: Ranked> Run<'_, T> {
    fn take<'v>(
        self,
        values: impl Iterator<Item = Option<&'v T>>,
        is_better: impl Fn(&T, &T) -> bool,
    ) {
        let Self { kinds, groups, peaks, out } = self;
        let given = kinds.iter().zip(groups).zip(values);
        out.extend(given.map(|((kind, group), value)| {
            let held = &mut peaks[*group as usize];
            if let Some(value) = value {
                // Whether a value is better cannot be foretold: no branch hangs on it.
                let better = !held.any | is_better(value, &held.best);
                let takes = (*kind == Kind::Current) & better;
                held.best = if takes { *value } else { held.best };
                held.any |= takes;
            }
            held.any.then_some(held.best)
        }));
    }
}

impl<T: Ranked> Aggregator for Peak<T> {
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
        if self.mixed.is_none() && are_all(groups, self.typed.len()) {
            self.typed.fill(Held::default());
            return;
        }
        for group in groups.iter().map(|group| *group as usize) {
            if let Some(held) = self.typed.get_mut(group) {
                *held = Held::default();
            }
            if let Some(best) = self.mixed.as_mut().and_then(|mixed| mixed.get_mut(group)) {
                *best = Value::Null;
            }
        }
    }

    fn is_blank(&self, group: u32) -> bool {
        let group = group as usize;
        match &self.mixed {
            Some(mixed) => mixed.get(group).is_none_or(Value::is_null),
            None => self.typed.get(group).is_none_or(|held| !held.any),
        }
    }

    fn save(&self, w: &mut Writer, groups: &[u32]) {
        for group in groups.iter().map(|group| *group as usize) {
            let best = match &self.mixed {
                Some(mixed) => mixed.get(group).cloned().unwrap_or_default(),
                None => self.typed.get(group).and_then(|it| it.get()).map_or(Value::Null, T::value),
            };
            w.len(usize::from(!best.is_null()));
            if !best.is_null() {
                w.value(&best);
            }
        }
    }

    fn load(&mut self, r: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
        let mut loaded = Vec::new();
        for _ in 0..count {
            // The first one is the best.
            loaded.push(r.values()?.into_iter().next());
        }
        let typed = |best: &Option<Value>| match best {
            Some(best) => T::of_value(best).map(|best| Held { best, any: true }),
            None => Some(Held::default()),
        };
        let typed: Option<Vec<Held<T>>> = loaded.iter().map(typed).collect();
        match typed {
            Some(typed) => (self.typed, self.mixed) = (typed, None),
            None => {
                let mixed = loaded.into_iter().map(Option::unwrap_or_default).collect();
                (self.typed, self.mixed) = (Vec::new(), Some(mixed));
            }
        }
        Ok(())
    }
}
