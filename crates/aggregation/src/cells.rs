//! The parts that aggregates are put together from, a typed column a part.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Value;
use weir_expr::{Fault, Vals, Vector};

use crate::distinct::Distinct;

/// What a part adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The number of events.
    Count,
    /// Whole numbers.
    SumLong,
    /// Other numbers.
    SumDouble,
    /// The least or greatest whole number.
    ExtremeLong { greatest: bool },
    /// The least or greatest of other numbers.
    ExtremeDouble { greatest: bool },
    /// Different values.
    Set,
    /// The value of the newest event.
    Newest,
}

/// Numbers of which some rows have none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers<T> {
    data: Vec<T>,
    some: Vec<bool>,
}

impl<T: Copy + Default> Numbers<T> {
    fn resize(&mut self, rows: usize) {
        self.data.resize(rows, T::default());
        self.some.resize(rows, false);
    }

    fn push(&mut self, value: Option<T>) {
        self.some.push(value.is_some());
        self.data.push(value.unwrap_or_default());
    }

    #[inline]
    fn put(&mut self, row: usize, value: T, join: impl Fn(T, T) -> T) {
        let held = if self.some[row] { join(self.data[row], value) } else { value };
        self.data[row] = held;
        self.some[row] = true;
    }

    fn get(&self, row: usize) -> Option<T> {
        if self.some[row] { Some(self.data[row]) } else { None }
    }

    fn extend(&mut self, other: &Self) {
        self.data.extend_from_slice(&other.data);
        self.some.extend_from_slice(&other.some);
    }

    fn merge(&mut self, from: &Self, rows: &[u32], join: impl Fn(T, T) -> T) {
        for ((value, some), row) in from.data.iter().zip(&from.some).zip(rows) {
            if *some {
                self.put(*row as usize, *value, &join);
            }
        }
    }

    fn retain(&mut self, keep: &[bool]) {
        retain(&mut self.data, keep);
        retain(&mut self.some, keep);
    }

    fn save(&self, w: &mut Writer, put: impl Fn(&mut Writer, T)) {
        w.len(self.data.len());
        for row in 0..self.data.len() {
            w.option(self.get(row), &put);
        }
    }

    fn load(
        r: &mut Reader<'_>,
        take: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let mut numbers = Self::default();
        for _ in 0..r.len()? {
            let value = r.option(|r| take(r))?;
            numbers.some.push(value.is_some());
            numbers.data.push(value.unwrap_or_default());
        }
        Ok(numbers)
    }
}

/// Leaves only the items whose place is kept.
pub(crate) fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut kept = keep.iter();
    items.retain(|_| kept.next().copied().unwrap_or(false));
}

/// One part of every row.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    Count(Vec<i64>),
    SumLong(Numbers<i64>),
    SumDouble(Numbers<f64>),
    ExtremeLong(Numbers<i64>, bool),
    ExtremeDouble(Numbers<f64>, bool),
    Set(Vec<Distinct>),
    Newest(Vec<Value>),
}

fn extreme_long(greatest: bool) -> impl Fn(i64, i64) -> i64 {
    move |a, b| if greatest == (b > a) { b } else { a }
}

fn extreme_double(greatest: bool) -> impl Fn(f64, f64) -> f64 {
    move |a, b| if (greatest && b > a) || (!greatest && b < a) { b } else { a }
}

impl Cells {
    pub(crate) fn new(part: Part) -> Self {
        match part {
            Part::Count => Self::Count(Vec::new()),
            Part::SumLong => Self::SumLong(Numbers::default()),
            Part::SumDouble => Self::SumDouble(Numbers::default()),
            Part::ExtremeLong { greatest } => Self::ExtremeLong(Numbers::default(), greatest),
            Part::ExtremeDouble { greatest } => Self::ExtremeDouble(Numbers::default(), greatest),
            Part::Set => Self::Set(Vec::new()),
            Part::Newest => Self::Newest(Vec::new()),
        }
    }

    pub(crate) fn resize(&mut self, rows: usize) {
        match self {
            Self::Count(v) => v.resize(rows, 0),
            Self::SumLong(v) | Self::ExtremeLong(v, _) => v.resize(rows),
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => v.resize(rows),
            Self::Set(v) => v.resize_with(rows, Distinct::default),
            Self::Newest(v) => v.resize(rows, Value::Null),
        }
    }

    /// Adds a row with this part; a value that is none of its kind counts as none.
    pub(crate) fn push(&mut self, value: &Value) {
        match self {
            Self::Count(v) => v.push(value.as_i64().unwrap_or(0)),
            Self::SumLong(v) | Self::ExtremeLong(v, _) => v.push(value.as_i64()),
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => v.push(value.as_f64()),
            Self::Set(v) => v.push(Distinct::default()),
            Self::Newest(v) => v.push(value.clone()),
        }
    }

    /// Takes events: the place `from + i` of `arg` belongs to row `rows[i]`. Newest values are
    /// those of events that `fresh` marks, of all without it.
    pub(crate) fn take(
        &mut self,
        rows: &[u32],
        arg: &Vector<'_>,
        from: usize,
        fresh: Option<&[bool]>,
    ) -> Result<(), Fault> {
        match self {
            Self::Count(v) => rows.iter().for_each(|row| v[*row as usize] += 1),
            Self::SumLong(v) => {
                whole(rows, arg, from, |row, it| v.put(row, it, i64::wrapping_add))?
            }
            Self::SumDouble(v) => number(rows, arg, from, |row, it| v.put(row, it, |a, b| a + b))?,
            Self::ExtremeLong(v, greatest) => {
                let join = extreme_long(*greatest);
                whole(rows, arg, from, |row, it| v.put(row, it, &join))?;
            }
            Self::ExtremeDouble(v, greatest) => {
                let join = extreme_double(*greatest);
                number(rows, arg, from, |row, it| v.put(row, it, &join))?;
            }
            Self::Set(v) => {
                for (i, row) in rows.iter().enumerate() {
                    v[*row as usize].add(&arg.value(from + i));
                }
            }
            Self::Newest(v) => {
                for (i, row) in rows.iter().enumerate() {
                    if fresh.is_none_or(|fresh| fresh[i]) {
                        v[*row as usize] = arg.value(from + i);
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts row `i` of another of its kind into row `rows[i]` of this one.
    pub(crate) fn merge(&mut self, from: &Self, rows: &[u32], fresh: Option<&[bool]>) {
        match (self, from) {
            (Self::Count(v), Self::Count(from)) => {
                for (count, row) in from.iter().zip(rows) {
                    v[*row as usize] += count;
                }
            }
            (Self::SumLong(v), Self::SumLong(from)) => v.merge(from, rows, i64::wrapping_add),
            (Self::SumDouble(v), Self::SumDouble(from)) => v.merge(from, rows, |a, b| a + b),
            (Self::ExtremeLong(v, greatest), Self::ExtremeLong(from, _)) => {
                v.merge(from, rows, extreme_long(*greatest));
            }
            (Self::ExtremeDouble(v, greatest), Self::ExtremeDouble(from, _)) => {
                v.merge(from, rows, extreme_double(*greatest));
            }
            (Self::Set(v), Self::Set(from)) => {
                for (set, row) in from.iter().zip(rows) {
                    v[*row as usize].add_all(set);
                }
            }
            (Self::Newest(v), Self::Newest(from)) => {
                for (i, (value, row)) in from.iter().zip(rows).enumerate() {
                    if fresh.is_none_or(|fresh| fresh[i]) {
                        v[*row as usize] = value.clone();
                    }
                }
            }
            (held, _) => debug_assert!(held.len() == 0, "parts of one kind stand at one place"),
        }
    }

    /// Adds the rows of another of its kind.
    pub(crate) fn extend(&mut self, other: &Self) {
        match (self, other) {
            (Self::Count(v), Self::Count(other)) => v.extend_from_slice(other),
            (Self::SumLong(v), Self::SumLong(other))
            | (Self::ExtremeLong(v, _), Self::ExtremeLong(other, _)) => v.extend(other),
            (Self::SumDouble(v), Self::SumDouble(other))
            | (Self::ExtremeDouble(v, _), Self::ExtremeDouble(other, _)) => v.extend(other),
            (Self::Set(v), Self::Set(other)) => v.extend_from_slice(other),
            (Self::Newest(v), Self::Newest(other)) => v.extend_from_slice(other),
            (held, _) => debug_assert!(held.len() == 0, "parts of one kind stand at one place"),
        }
    }

    /// The rows named, in that order.
    pub(crate) fn gather(&self, rows: &[u32]) -> Self {
        fn picked<T: Clone>(items: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| items[*row as usize].clone()).collect()
        }
        fn numbers<T: Copy>(v: &Numbers<T>, rows: &[u32]) -> Numbers<T> {
            Numbers { data: picked(&v.data, rows), some: picked(&v.some, rows) }
        }
        match self {
            Self::Count(v) => Self::Count(picked(v, rows)),
            Self::SumLong(v) => Self::SumLong(numbers(v, rows)),
            Self::SumDouble(v) => Self::SumDouble(numbers(v, rows)),
            Self::ExtremeLong(v, greatest) => Self::ExtremeLong(numbers(v, rows), *greatest),
            Self::ExtremeDouble(v, greatest) => Self::ExtremeDouble(numbers(v, rows), *greatest),
            Self::Set(v) => Self::Set(picked(v, rows)),
            Self::Newest(v) => Self::Newest(picked(v, rows)),
        }
    }

    pub(crate) fn retain(&mut self, keep: &[bool]) {
        match self {
            Self::Count(v) => retain(v, keep),
            Self::SumLong(v) | Self::ExtremeLong(v, _) => v.retain(keep),
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => v.retain(keep),
            Self::Set(v) => retain(v, keep),
            Self::Newest(v) => retain(v, keep),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Count(v) => v.len(),
            Self::SumLong(v) | Self::ExtremeLong(v, _) => v.data.len(),
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => v.data.len(),
            Self::Set(v) => v.len(),
            Self::Newest(v) => v.len(),
        }
    }

    /// The part of one row: a `long`, a `double`, the number of different values, or the newest.
    pub(crate) fn value(&self, row: usize) -> Value {
        match self {
            Self::Count(v) => Value::Long(v[row]),
            Self::SumLong(v) | Self::ExtremeLong(v, _) => {
                v.get(row).map_or(Value::Null, Value::Long)
            }
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => {
                v.get(row).map_or(Value::Null, Value::Double)
            }
            // The original counts in `int`, whatever the attribute is declared as.
            Self::Set(v) => Value::Int(i32::try_from(v[row].len()).unwrap_or(i32::MAX)),
            Self::Newest(v) => v[row].clone(),
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        match self {
            Self::Count(v) => {
                w.len(v.len());
                v.iter().for_each(|count| w.var_i64(*count));
            }
            Self::SumLong(v) | Self::ExtremeLong(v, _) => v.save(w, Writer::var_i64),
            Self::SumDouble(v) | Self::ExtremeDouble(v, _) => v.save(w, Writer::f64),
            Self::Set(v) => {
                w.len(v.len());
                v.iter().for_each(|set| set.save(w));
            }
            Self::Newest(v) => w.values(v),
        }
    }

    /// Reads what `save` of a part of this kind wrote.
    pub(crate) fn load(part: Part, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match part {
            Part::Count => {
                Self::Count((0..r.len()?).map(|_| r.var_i64()).collect::<Result<_, _>>()?)
            }
            Part::SumLong => Self::SumLong(Numbers::load(r, |r| r.var_i64())?),
            Part::SumDouble => Self::SumDouble(Numbers::load(r, |r| r.f64())?),
            Part::ExtremeLong { greatest } => {
                Self::ExtremeLong(Numbers::load(r, |r| r.var_i64())?, greatest)
            }
            Part::ExtremeDouble { greatest } => {
                Self::ExtremeDouble(Numbers::load(r, |r| r.f64())?, greatest)
            }
            Part::Set => {
                Self::Set((0..r.len()?).map(|_| Distinct::load(r)).collect::<Result<_, _>>()?)
            }
            Part::Newest => Self::Newest(r.values()?),
        })
    }
}

/// Tells each value that is not null with its row.
fn each<T: Clone + Default, U>(
    rows: &[u32],
    values: &Vals<'_, T>,
    from: usize,
    as_wanted: impl Fn(&T) -> U,
    mut told: impl FnMut(usize, U),
) {
    if let Vals::Each { data, nulls: None } = values {
        for (row, value) in rows.iter().zip(&data[from..]) {
            told(*row as usize, as_wanted(value));
        }
        return;
    }
    for (i, row) in rows.iter().enumerate() {
        if let Some(value) = values.get(from + i) {
            told(*row as usize, as_wanted(value));
        }
    }
}

fn whole(
    rows: &[u32],
    arg: &Vector<'_>,
    from: usize,
    mut told: impl FnMut(usize, i64),
) -> Result<(), Fault> {
    match arg {
        Vector::Int(v) => each(rows, v, from, |it| i64::from(*it), told),
        Vector::Long(v) => each(rows, v, from, |it| *it, told),
        other @ (Vector::Null
        | Vector::Bool(_)
        | Vector::Float(_)
        | Vector::Double(_)
        | Vector::Str(_)
        | Vector::Object(_)) => {
            for (i, row) in rows.iter().enumerate() {
                let value = other.value(from + i);
                match value.as_i64() {
                    Some(number) => told(*row as usize, number),
                    None if value.is_null() => {}
                    None => return Err(Fault::wrong_type(&value, "long")),
                }
            }
        }
    }
    Ok(())
}

fn number(
    rows: &[u32],
    arg: &Vector<'_>,
    from: usize,
    mut told: impl FnMut(usize, f64),
) -> Result<(), Fault> {
    match arg {
        Vector::Float(v) => each(rows, v, from, |it| f64::from(*it), told),
        Vector::Double(v) => each(rows, v, from, |it| *it, told),
        other @ (Vector::Null
        | Vector::Bool(_)
        | Vector::Int(_)
        | Vector::Long(_)
        | Vector::Str(_)
        | Vector::Object(_)) => {
            for (i, row) in rows.iter().enumerate() {
                let value = other.value(from + i);
                match value.as_f64() {
                    Some(number) => told(*row as usize, number),
                    None if value.is_null() => {}
                    None => return Err(Fault::wrong_type(&value, "double")),
                }
            }
        }
    }
    Ok(())
}
