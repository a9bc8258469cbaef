//! Expressions computed a column at a time; the answer is that of `value_at` for each place.

use std::borrow::Cow;

use weir_event::{Bitmap, Column, DataType, NO_ROW, StoredColumn, StoredValues, Value, Values};

use crate::eval_row::{arithmetic as arithmetic_at, double_op, float_op, int_op, long_op};
use crate::expr::{ArithmeticOp, CompareAs, CompareOp, Expr};
use crate::fault::Fault;
use crate::scope::{Input, Rows, Scope, Source};
use crate::vector::{Vals, Vector};

impl Expr {
    /// The values at every place of the scope.
    ///
    /// # Errors
    ///
    /// Some place cannot be computed; see [`Fault`].
    pub fn eval<'a>(&self, scope: &Scope<'a>) -> Result<Vector<'a>, Fault> {
        let found = match self {
            Self::Const(value, _) => Some(Vector::same(value)),
            Self::Attribute { slot, column, .. } => {
                Some(attribute(&scope.input(*slot), *column as usize, scope.len))
            }
            Self::Arithmetic { op, data_type, sides } => {
                let (left, right) = (sides.0.eval(scope)?, sides.1.eval(scope)?);
                arithmetic(*op, *data_type, &left, &right)
            }
            Self::Compare { op, by, sides } => {
                let (left, right) = (sides.0.eval(scope)?, sides.1.eval(scope)?);
                compare(*op, *by, &left, &right, scope.len)
            }
            Self::And(sides) | Self::Or(sides) if !sides.1.needs_care() => {
                let (left, right) = (sides.0.eval(scope)?, sides.1.eval(scope)?);
                logic(left, &right, matches!(self, Self::And(_)))
            }
            Self::Not(inner) => {
                if let Vector::Bool(values) = inner.eval(scope)? {
                    Some(negate(&values))
                } else {
                    None
                }
            }
            Self::IsNull(inner) if !inner.needs_care() => {
                let values = inner.eval(scope)?;
                Some(Vector::Bool(Vals::of((0..scope.len).map(|i| values.is_null(i)).collect())))
            }
            Self::IfElse(parts) if !parts.1.needs_care() && !parts.2.needs_care() => {
                let (condition, then, other) =
                    (parts.0.eval(scope)?, parts.1.eval(scope)?, parts.2.eval(scope)?);
                choose(&condition, &then, &other, scope.len)
            }
            Self::And(_)
            | Self::Or(_)
            | Self::IsNull(_)
            | Self::IfElse(_)
            | Self::Chain { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::IsAbsent { .. }
            | Self::In { .. }
            | Self::Call { .. } => None,
        };
        match found {
            Some(vector) => Ok(vector),
            None => self.eval_each(scope),
        }
    }

    /// The column of the values at every place.
    ///
    /// # Errors
    ///
    /// Some place cannot be computed; see [`Fault`].
    pub fn eval_column(&self, scope: &Scope<'_>) -> Result<Column, Fault> {
        Ok(self.eval(scope)?.into_column(self.data_type(), scope.len))
    }

    /// The places where the condition is exactly true, added to `places`.
    ///
    /// # Errors
    ///
    /// Some place cannot be computed; see [`Fault`].
    pub fn select(&self, scope: &Scope<'_>, places: &mut Vec<u32>) -> Result<(), Fault> {
        match self.eval(scope)? {
            Vector::Bool(Vals::Same(true)) => places.extend(0..scope.len as u32),
            Vector::Bool(Vals::Same(false)) | Vector::Null => {}
            Vector::Bool(Vals::Each { data, nulls: None }) => {
                select_true(&data[..scope.len], places);
            }
            Vector::Bool(values) => places
                .extend((0..scope.len).filter(|i| values.get(*i) == Some(&true)).map(|i| i as u32)),
            other @ (Vector::Int(_)
            | Vector::Long(_)
            | Vector::Float(_)
            | Vector::Double(_)
            | Vector::Str(_)
            | Vector::Object(_)) => {
                for place in 0..scope.len {
                    match other.value(place) {
                        Value::Bool(true) => places.push(place as u32),
                        Value::Bool(false) | Value::Null => {}
                        value @ (Value::Int(_)
                        | Value::Long(_)
                        | Value::Float(_)
                        | Value::Double(_)
                        | Value::Str(_)
                        | Value::Object(_)) => return Err(Fault::wrong_type(&value, "bool")),
                    }
                }
            }
        }
        Ok(())
    }

    fn eval_each<'a>(&self, scope: &Scope<'a>) -> Result<Vector<'a>, Fault> {
        let mut column = Column::with_capacity(self.data_type(), scope.len);
        for place in 0..scope.len {
            column.push(self.value_at(scope, place)?);
        }
        Ok(match column {
            Column::Bool(v) => Vector::Bool(each(v)),
            Column::Int(v) => Vector::Int(each(v)),
            Column::Long(v) => Vector::Long(each(v)),
            Column::Float(v) => Vector::Float(each(v)),
            Column::Double(v) => Vector::Double(each(v)),
            Column::Str(v) => Vector::Str(each(v)),
            Column::Object(v) => Vector::Object(Cow::Owned(v)),
        })
    }
}

/// Appends the places that are true without a branch a place.
fn select_true(data: &[bool], places: &mut Vec<u32>) {
    let start = places.len();
    places.resize(start + data.len(), 0);
    let mut found = start;
    for (i, holds) in data.iter().enumerate() {
        places[found] = i as u32;
        found += usize::from(*holds);
    }
    places.truncate(found);
}

fn each<'a, T: Clone>(values: Values<T>) -> Vals<'a, T> {
    Vals::Each { data: Cow::Owned(values.data), nulls: values.nulls }
}

/// The places of a plain column, borrowed where they lie side by side.
fn places<'a, T: Clone + Default>(
    values: &'a Values<T>,
    rows: Rows<'_>,
    len: usize,
) -> Vals<'a, T> {
    match rows {
        Rows::From(start) => {
            let start = start as usize;
            let nulls = values.nulls.as_ref().and_then(|from| {
                let mut nulls = Bitmap::unset(len);
                (0..len).filter(|i| from.get(start + i)).for_each(|i| nulls.set(i, true));
                nulls.any().then_some(nulls)
            });
            Vals::Each { data: Cow::Borrowed(&values.data[start..start + len]), nulls }
        }
        Rows::List(rows) => {
            let rows = &rows[..len];
            if rows.contains(&NO_ROW) {
                let mut out = Values::default();
                for row in rows {
                    out.push(if *row == NO_ROW {
                        None
                    } else {
                        values.get(*row as usize).cloned()
                    });
                }
                return each(out);
            }
            each(values.gather(rows))
        }
        Rows::Same(row) => each(same_row(values.get(row as usize).cloned(), len)),
    }
}

fn same_row<T: Clone + Default>(value: Option<T>, len: usize) -> Values<T> {
    let mut out = Values::default();
    for _ in 0..len {
        out.push(value.clone());
    }
    out
}

fn stored<'a, T: Clone + Default>(
    values: &StoredValues<T>,
    rows: Rows<'_>,
    len: usize,
) -> Vals<'a, T> {
    match rows {
        Rows::List(rows) => each(values.gather(&rows[..len])),
        Rows::From(start) => {
            let rows: Vec<u32> = (start..start + len as u32).collect();
            each(values.gather(&rows))
        }
        Rows::Same(row) => match values.get(row) {
            Some(value) => Vals::Same(value.clone()),
            None => each(same_row(None, len)),
        },
    }
}

fn attribute<'a>(input: &Input<'a>, column: usize, len: usize) -> Vector<'a> {
    let rows = input.rows;
    if matches!(rows, Rows::Same(NO_ROW)) {
        return Vector::Null;
    }
    let objects = || {
        let value = |i| input.source.value(rows.at(i), column);
        Vector::Object((0..len).map(value).collect())
    };
    let plain = match input.source {
        Source::Nothing => return Vector::Null,
        Source::Batch { columns, .. } => &*columns[column],
        Source::Columns(columns) => &columns[column],
        Source::Store(store) => {
            return match &store.columns()[column] {
                StoredColumn::Bool(v) => Vector::Bool(stored(v, rows, len)),
                StoredColumn::Int(v) => Vector::Int(stored(v, rows, len)),
                StoredColumn::Long(v) => Vector::Long(stored(v, rows, len)),
                StoredColumn::Float(v) => Vector::Float(stored(v, rows, len)),
                StoredColumn::Double(v) => Vector::Double(stored(v, rows, len)),
                StoredColumn::Str(v) => Vector::Str(stored(v, rows, len)),
                StoredColumn::Object(_) => objects(),
            };
        }
    };
    match plain {
        Column::Bool(v) => Vector::Bool(places(v, rows, len)),
        Column::Int(v) => Vector::Int(places(v, rows, len)),
        Column::Long(v) => Vector::Long(places(v, rows, len)),
        Column::Float(v) => Vector::Float(places(v, rows, len)),
        Column::Double(v) => Vector::Double(places(v, rows, len)),
        Column::Str(v) => Vector::Str(places(v, rows, len)),
        Column::Object(_) => objects(),
    }
}

/// Both operands through `f`; a null operand, or `None`, gives null.
fn zip<'a, T: Clone + Default, U: Clone + Default>(
    left: &Vals<'_, T>,
    right: &Vals<'_, T>,
    f: impl Fn(&T, &T) -> Option<U>,
) -> Vals<'a, U> {
    let len = match (left, right) {
        (Vals::Each { data, .. }, _) | (_, Vals::Each { data, .. }) => data.len(),
        (Vals::Same(_), Vals::Same(_)) => 1,
    };
    let mut out = Values { data: Vec::with_capacity(len), nulls: None };
    for i in 0..len {
        out.push(match (left.get(i), right.get(i)) {
            (Some(l), Some(r)) => f(l, r),
            _ => None,
        });
    }
    each(out)
}

/// Both operands through `f`, where neither is null and `f` always answers.
fn zip_plain<'a, T: Clone, U: Clone>(
    left: &Vals<'_, T>,
    right: &Vals<'_, T>,
    f: impl Fn(&T, &T) -> U,
) -> Vals<'a, U> {
    match (left, right) {
        (Vals::Same(l), Vals::Same(r)) => Vals::Same(f(l, r)),
        (Vals::Same(l), Vals::Each { data, .. }) => {
            Vals::of(data.iter().map(|r| f(l, r)).collect())
        }
        (Vals::Each { data, .. }, Vals::Same(r)) => {
            Vals::of(data.iter().map(|l| f(l, r)).collect())
        }
        (Vals::Each { data: l, .. }, Vals::Each { data: r, .. }) => {
            Vals::of(l.iter().zip(r.iter()).map(|(l, r)| f(l, r)).collect())
        }
    }
}

macro_rules! arithmetic_of {
    ($op:expr, $left:expr, $right:expr, $total:expr, $part:ident) => {{
        let (left, right) = ($left, $right);
        if left.never_null() && right.never_null() {
            match $op {
                ArithmeticOp::Add => zip_plain(left, right, |l, r| $total.0(*l, *r)),
                ArithmeticOp::Subtract => zip_plain(left, right, |l, r| $total.1(*l, *r)),
                ArithmeticOp::Multiply => zip_plain(left, right, |l, r| $total.2(*l, *r)),
                ArithmeticOp::Divide | ArithmeticOp::Modulo => {
                    zip(left, right, |l, r| $part($op, *l, *r))
                }
            }
        } else {
            zip(left, right, |l, r| $part($op, *l, *r))
        }
    }};
}

fn arithmetic<'a>(
    op: ArithmeticOp,
    data_type: DataType,
    left: &Vector<'_>,
    right: &Vector<'_>,
) -> Option<Vector<'a>> {
    if matches!(left, Vector::Null) || matches!(right, Vector::Null) {
        return Some(Vector::Null);
    }
    if left.is_same() && right.is_same() {
        let folded = arithmetic_at(op, data_type, &left.value(0), &right.value(0)).ok()?;
        return Some(Vector::same(&folded));
    }
    Some(match data_type {
        DataType::Double => {
            let (l, r) = (doubles(left)?, doubles(right)?);
            let total = (|l: f64, r: f64| l + r, |l: f64, r: f64| l - r, |l: f64, r: f64| l * r);
            Vector::Double(arithmetic_of!(op, &l, &r, total, double_op))
        }
        DataType::Float => {
            let (l, r) = (floats(left)?, floats(right)?);
            let total = (|l: f32, r: f32| l + r, |l: f32, r: f32| l - r, |l: f32, r: f32| l * r);
            Vector::Float(arithmetic_of!(op, &l, &r, total, float_op))
        }
        DataType::Long => {
            let (l, r) = (longs(left)?, longs(right)?);
            let total = (i64::wrapping_add, i64::wrapping_sub, i64::wrapping_mul);
            Vector::Long(arithmetic_of!(op, &l, &r, total, long_op))
        }
        DataType::Int => match (left, right) {
            (Vector::Int(l), Vector::Int(r)) => {
                let total = (i32::wrapping_add, i32::wrapping_sub, i32::wrapping_mul);
                Vector::Int(arithmetic_of!(op, l, r, total, int_op))
            }
            _ => return None,
        },
        DataType::String | DataType::Bool | DataType::Object => return None,
    })
}

macro_rules! brought_to {
    ($name:ident, $type:ty) => {
        /// The numbers brought to one type; `None` when they are not plain numbers.
        fn $name<'a>(vector: &'a Vector<'_>) -> Option<Cow<'a, Vals<'a, $type>>> {
            Some(match vector {
                Vector::Int(v) => Cow::Owned(v.map(|v| *v as $type)),
                Vector::Long(v) => Cow::Owned(v.map(|v| *v as $type)),
                Vector::Float(v) => Cow::Owned(v.map(|v| *v as $type)),
                Vector::Double(v) => Cow::Owned(v.map(|v| *v as $type)),
                Vector::Null | Vector::Bool(_) | Vector::Str(_) | Vector::Object(_) => return None,
            })
        }
    };
}

brought_to!(floats, f32);

/// The numbers as doubles, borrowed when they are; `None` when they are not plain numbers.
fn doubles<'a>(vector: &'a Vector<'_>) -> Option<Cow<'a, Vals<'a, f64>>> {
    Some(match vector {
        Vector::Double(v) => Cow::Borrowed(v),
        Vector::Int(v) => Cow::Owned(v.map(|v| f64::from(*v))),
        Vector::Long(v) => Cow::Owned(v.map(|v| *v as f64)),
        Vector::Float(v) => Cow::Owned(v.map(|v| f64::from(*v))),
        Vector::Null | Vector::Bool(_) | Vector::Str(_) | Vector::Object(_) => return None,
    })
}

/// The whole numbers as longs, borrowed when they are; `None` when they are something else.
fn longs<'a>(vector: &'a Vector<'_>) -> Option<Cow<'a, Vals<'a, i64>>> {
    Some(match vector {
        Vector::Long(v) => Cow::Borrowed(v),
        Vector::Int(v) => Cow::Owned(v.map(|v| i64::from(*v))),
        Vector::Null
        | Vector::Float(_)
        | Vector::Double(_)
        | Vector::Bool(_)
        | Vector::Str(_)
        | Vector::Object(_) => return None,
    })
}

fn compare_plain<'a, T: Clone + Default + PartialOrd>(
    op: CompareOp,
    left: &Vals<'_, T>,
    right: &Vals<'_, T>,
    len: usize,
) -> Vector<'a> {
    if left.never_null() && right.never_null() {
        return Vector::Bool(match op {
            CompareOp::Equal => zip_plain(left, right, |l, r| l == r),
            CompareOp::NotEqual => zip_plain(left, right, |l, r| l != r),
            CompareOp::Less => zip_plain(left, right, |l, r| l < r),
            CompareOp::LessOrEqual => zip_plain(left, right, |l, r| l <= r),
            CompareOp::Greater => zip_plain(left, right, |l, r| l > r),
            CompareOp::GreaterOrEqual => zip_plain(left, right, |l, r| l >= r),
        });
    }
    let holds = |i: usize| match (left.get(i), right.get(i)) {
        (Some(l), Some(r)) => op.holds(l.partial_cmp(r)),
        _ => op == CompareOp::NotEqual,
    };
    Vector::Bool(Vals::of((0..len).map(holds).collect()))
}

fn compare<'a>(
    op: CompareOp,
    by: CompareAs,
    left: &Vector<'_>,
    right: &Vector<'_>,
    len: usize,
) -> Option<Vector<'a>> {
    if matches!(left, Vector::Null) || matches!(right, Vector::Null) {
        return Some(Vector::Bool(Vals::Same(op == CompareOp::NotEqual)));
    }
    Some(match (by, left, right) {
        (CompareAs::Int, Vector::Int(l), Vector::Int(r)) => compare_plain(op, l, r, len),
        (CompareAs::Str, Vector::Str(l), Vector::Str(r)) => compare_plain(op, l, r, len),
        (CompareAs::Bool, Vector::Bool(l), Vector::Bool(r)) => compare_plain(op, l, r, len),
        (CompareAs::Long, l, r) => compare_plain(op, &*longs(l)?, &*longs(r)?, len),
        (CompareAs::Float, l, r) => compare_plain(op, &*floats(l)?, &*floats(r)?, len),
        (CompareAs::Double, l, r) => compare_plain(op, &*doubles(l)?, &*doubles(r)?, len),
        (CompareAs::Int | CompareAs::Str | CompareAs::Bool, _, _) => return None,
    })
}

fn logic<'a>(left: Vector<'a>, right: &Vector<'_>, and: bool) -> Option<Vector<'a>> {
    let (Vector::Bool(l), Vector::Bool(r)) = (left, right) else { return None };
    if !l.never_null() || !r.never_null() {
        return None;
    }
    if let (Vals::Each { data, .. }, Vals::Each { data: r, .. }) = (&l, r) {
        let mut data = data.clone().into_owned();
        for (l, r) in data.iter_mut().zip(r.iter()) {
            *l = if and { *l & *r } else { *l | *r };
        }
        return Some(Vector::Bool(Vals::of(data)));
    }
    Some(Vector::Bool(if and {
        zip_plain(&l, r, |l, r| *l && *r)
    } else {
        zip_plain(&l, r, |l, r| *l || *r)
    }))
}

fn negate<'a>(values: &Vals<'_, bool>) -> Vector<'a> {
    Vector::Bool(match values {
        Vals::Same(value) => Vals::Same(!value),
        Vals::Each { data, .. } => {
            Vals::of((0..data.len()).map(|i| values.get(i) != Some(&true)).collect())
        }
    })
}

fn choose<'a>(
    condition: &Vector<'_>,
    then: &Vector<'_>,
    other: &Vector<'_>,
    len: usize,
) -> Option<Vector<'a>> {
    fn pick<'a, T: Clone + Default>(
        condition: &Vals<'_, bool>,
        then: &Vals<'_, T>,
        other: &Vals<'_, T>,
        len: usize,
    ) -> Option<Vals<'a, T>> {
        if let (Vals::Each { data, nulls: None }, Vals::Same(then), Vals::Same(other)) =
            (condition, then, other)
        {
            let one = |holds: &bool| if *holds { then } else { other }.clone();
            return Some(Vals::of(data.iter().map(one).collect()));
        }
        let side = |i: usize| if condition.get(i) == Some(&true) { then } else { other }.get(i);
        if then.never_null() && other.never_null() {
            return Some(Vals::of(
                (0..len).map(|i| side(i).cloned().unwrap_or_default()).collect(),
            ));
        }
        let mut out = Values::default();
        (0..len).for_each(|i| out.push(side(i).cloned()));
        Some(each(out))
    }
    let Vector::Bool(condition) = condition else { return None };
    Some(match (then, other) {
        (Vector::Bool(t), Vector::Bool(o)) => Vector::Bool(pick(condition, t, o, len)?),
        (Vector::Int(t), Vector::Int(o)) => Vector::Int(pick(condition, t, o, len)?),
        (Vector::Long(t), Vector::Long(o)) => Vector::Long(pick(condition, t, o, len)?),
        (Vector::Float(t), Vector::Float(o)) => Vector::Float(pick(condition, t, o, len)?),
        (Vector::Double(t), Vector::Double(o)) => Vector::Double(pick(condition, t, o, len)?),
        (Vector::Str(t), Vector::Str(o)) => Vector::Str(pick(condition, t, o, len)?),
        _ => return None,
    })
}
