//! Expressions computed for one place: what single events, joins and patterns use.

use weir_event::{DataType, NO_ROW, Object, Text, Value};

use crate::expr::{ArithmeticOp, CompareAs, CompareOp, Expr};
use crate::fault::Fault;
use crate::scope::{Scope, Source};

impl Expr {
    /// The value at one place.
    ///
    /// # Errors
    ///
    /// The event cannot be computed with; see [`Fault`].
    pub fn value_at(&self, scope: &Scope<'_>, place: usize) -> Result<Value, Fault> {
        Ok(match self {
            Self::Const(value, _) => value.clone(),
            Self::Attribute { slot, column, .. } => scope.value(*slot, *column, place),
            Self::Chain { slot, column } => chain(scope, *slot, *column, place),
            Self::Timestamp { slot } => timestamp(scope, *slot, place),
            Self::Event { slot, columns } => event(scope, *slot, *columns, place),
            Self::Arithmetic { op, data_type, sides } => {
                let left = sides.0.value_at(scope, place)?;
                let right = sides.1.value_at(scope, place)?;
                arithmetic(*op, *data_type, &left, &right)?
            }
            Self::IfElse(parts) => {
                if parts.0.holds_at(scope, place)? {
                    parts.1.value_at(scope, place)?
                } else {
                    parts.2.value_at(scope, place)?
                }
            }
            Self::Call { function, args, .. } => {
                let mut values = [const { Value::Null }; 4];
                if args.len() <= values.len() {
                    for (value, arg) in values.iter_mut().zip(args) {
                        *value = arg.value_at(scope, place)?;
                    }
                    return function.call(scope.env, &values[..args.len()]);
                }
                let values: Vec<_> =
                    args.iter().map(|arg| arg.value_at(scope, place)).collect::<Result<_, _>>()?;
                function.call(scope.env, &values)?
            }
            Self::Compare { .. }
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::IsNull(_)
            | Self::IsAbsent { .. }
            | Self::In { .. } => Value::Bool(self.holds_at(scope, place)?),
        })
    }

    /// Whether the condition is exactly true at one place.
    ///
    /// # Errors
    ///
    /// The event cannot be computed with; see [`Fault`].
    pub fn holds_at(&self, scope: &Scope<'_>, place: usize) -> Result<bool, Fault> {
        Ok(match self {
            Self::Compare { op, by, sides } => compare(*op, *by, &sides.0, &sides.1, scope, place)?,
            Self::And(sides) => {
                sides.0.holds_at(scope, place)? && sides.1.holds_at(scope, place)?
            }
            Self::Or(sides) => sides.0.holds_at(scope, place)? || sides.1.holds_at(scope, place)?,
            Self::Not(inner) => !inner.holds_at(scope, place)?,
            Self::IsNull(inner) => inner.value_at(scope, place)?.is_null(),
            Self::IsAbsent { slot } => scope.input(*slot).rows.at(place) == NO_ROW,
            Self::In { check } => match scope.env.tables {
                Some(tables) => tables.contains(*check, scope, place)?,
                None => return Err(Fault::runtime("no table can be searched here")),
            },
            Self::Const(..)
            | Self::Attribute { .. }
            | Self::Chain { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::Arithmetic { .. }
            | Self::IfElse(_)
            | Self::Call { .. } => match self.value_at(scope, place)? {
                Value::Bool(value) => value,
                Value::Null => false,
                other @ (Value::Int(_)
                | Value::Long(_)
                | Value::Float(_)
                | Value::Double(_)
                | Value::Str(_)
                | Value::Object(_)) => return Err(Fault::wrong_type(&other, "bool")),
            },
        })
    }

    /// The number at one place, widened to `double`; `None` when it is null.
    fn double_at(&self, scope: &Scope<'_>, place: usize) -> Result<Option<f64>, Fault> {
        if let Self::Attribute { slot, column, data_type: DataType::Double } = self {
            let input = scope.input(*slot);
            let row = input.rows.at(place);
            if row != NO_ROW
                && let Some(found) = stored_double(&input.source, row, *column as usize)
            {
                return Ok(found);
            }
        }
        number(&self.value_at(scope, place)?)
    }
}

/// The value of a `double` column without a detour; `None` when the column is something else.
fn stored_double(source: &Source<'_>, row: u32, column: usize) -> Option<Option<f64>> {
    let column = match source {
        Source::Batch { columns, .. } => &*columns[column],
        Source::Columns(columns) => &columns[column],
        Source::Store(store) => {
            return if let weir_event::StoredColumn::Double(values) = &store.columns()[column] {
                Some(values.get(row).copied())
            } else {
                None
            };
        }
        Source::Nothing => return None,
    };
    if let weir_event::Column::Double(values) = column {
        Some(values.get(row as usize).copied())
    } else {
        None
    }
}

fn number(value: &Value) -> Result<Option<f64>, Fault> {
    match value.as_f64() {
        None if !value.is_null() => Err(Fault::wrong_type(value, "double")),
        number => Ok(number),
    }
}

fn float(value: &Value) -> Result<Option<f32>, Fault> {
    Ok(match value {
        Value::Null => None,
        Value::Int(v) => Some(*v as f32),
        Value::Long(v) => Some(*v as f32),
        Value::Float(v) => Some(*v),
        Value::Double(v) => Some(*v as f32),
        Value::Bool(_) | Value::Str(_) | Value::Object(_) => {
            return Err(Fault::wrong_type(value, "float"));
        }
    })
}

fn whole(value: &Value) -> Result<Option<i64>, Fault> {
    Ok(match value {
        Value::Null => None,
        Value::Int(v) => Some(i64::from(*v)),
        Value::Long(v) => Some(*v),
        Value::Float(v) => Some(*v as i64),
        Value::Double(v) => Some(*v as i64),
        Value::Bool(_) | Value::Str(_) | Value::Object(_) => {
            return Err(Fault::wrong_type(value, "long"));
        }
    })
}

fn compare(
    op: CompareOp,
    by: CompareAs,
    left: &Expr,
    right: &Expr,
    scope: &Scope<'_>,
    place: usize,
) -> Result<bool, Fault> {
    let order = match by {
        CompareAs::Double => {
            match (left.double_at(scope, place)?, right.double_at(scope, place)?) {
                (Some(l), Some(r)) => l.partial_cmp(&r),
                _ => return Ok(op == CompareOp::NotEqual),
            }
        }
        CompareAs::Int | CompareAs::Long | CompareAs::Float | CompareAs::Str | CompareAs::Bool => {
            let (l, r) = (left.value_at(scope, place)?, right.value_at(scope, place)?);
            match order_as(by, &l, &r)? {
                Some(order) => order,
                None => return Ok(op == CompareOp::NotEqual),
            }
        }
    };
    Ok(op.holds(order))
}

/// The order of two values brought to one type: `None` when either is null, `Some(None)` when they
/// have no order.
///
/// # Errors
///
/// A value is not of a type that can be brought there.
pub fn order_as(
    by: CompareAs,
    left: &Value,
    right: &Value,
) -> Result<Option<Option<std::cmp::Ordering>>, Fault> {
    fn both<T: PartialOrd>(l: Option<T>, r: Option<T>) -> Option<Option<std::cmp::Ordering>> {
        Some(l?.partial_cmp(&r?))
    }
    Ok(match by {
        CompareAs::Int | CompareAs::Long => both(whole(left)?, whole(right)?),
        CompareAs::Float => both(float(left)?, float(right)?),
        CompareAs::Double => both(number(left)?, number(right)?),
        CompareAs::Str => both(text(left)?, text(right)?),
        CompareAs::Bool => both(truth(left)?, truth(right)?),
    })
}

fn text(value: &Value) -> Result<Option<&Text>, Fault> {
    match value.as_text() {
        None if !value.is_null() => Err(Fault::wrong_type(value, "string")),
        text => Ok(text),
    }
}

fn truth(value: &Value) -> Result<Option<bool>, Fault> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(v) => Ok(Some(*v)),
        Value::Int(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Str(_)
        | Value::Object(_) => Err(Fault::wrong_type(value, "bool")),
    }
}

/// Arithmetic on two values brought to `data_type`; null when either is, or on division by zero.
///
/// # Errors
///
/// A value is not a number.
pub fn arithmetic(
    op: ArithmeticOp,
    data_type: DataType,
    left: &Value,
    right: &Value,
) -> Result<Value, Fault> {
    Ok(match data_type {
        DataType::Double => match (number(left)?, number(right)?) {
            (Some(l), Some(r)) => double_op(op, l, r).map_or(Value::Null, Value::Double),
            _ => Value::Null,
        },
        DataType::Float => match (float(left)?, float(right)?) {
            (Some(l), Some(r)) => float_op(op, l, r).map_or(Value::Null, Value::Float),
            _ => Value::Null,
        },
        DataType::Long => match (whole(left)?, whole(right)?) {
            (Some(l), Some(r)) => long_op(op, l, r).map_or(Value::Null, Value::Long),
            _ => Value::Null,
        },
        DataType::Int | DataType::String | DataType::Bool | DataType::Object => {
            match (whole(left)?, whole(right)?) {
                (Some(l), Some(r)) => {
                    int_op(op, l as i32, r as i32).map_or(Value::Null, Value::Int)
                }
                _ => Value::Null,
            }
        }
    })
}

#[inline]
pub(crate) fn double_op(op: ArithmeticOp, l: f64, r: f64) -> Option<f64> {
    Some(match op {
        ArithmeticOp::Add => l + r,
        ArithmeticOp::Subtract => l - r,
        ArithmeticOp::Multiply => l * r,
        ArithmeticOp::Divide if r != 0.0 => l / r,
        ArithmeticOp::Modulo if r != 0.0 => l % r,
        ArithmeticOp::Divide | ArithmeticOp::Modulo => return None,
    })
}

#[inline]
pub(crate) fn float_op(op: ArithmeticOp, l: f32, r: f32) -> Option<f32> {
    Some(match op {
        ArithmeticOp::Add => l + r,
        ArithmeticOp::Subtract => l - r,
        ArithmeticOp::Multiply => l * r,
        ArithmeticOp::Divide if r != 0.0 => l / r,
        ArithmeticOp::Modulo if r != 0.0 => l % r,
        ArithmeticOp::Divide | ArithmeticOp::Modulo => return None,
    })
}

#[inline]
pub(crate) fn long_op(op: ArithmeticOp, l: i64, r: i64) -> Option<i64> {
    Some(match op {
        ArithmeticOp::Add => l.wrapping_add(r),
        ArithmeticOp::Subtract => l.wrapping_sub(r),
        ArithmeticOp::Multiply => l.wrapping_mul(r),
        ArithmeticOp::Divide if r != 0 => l.wrapping_div(r),
        ArithmeticOp::Modulo if r != 0 => l.wrapping_rem(r),
        ArithmeticOp::Divide | ArithmeticOp::Modulo => return None,
    })
}

#[inline]
pub(crate) fn int_op(op: ArithmeticOp, l: i32, r: i32) -> Option<i32> {
    Some(match op {
        ArithmeticOp::Add => l.wrapping_add(r),
        ArithmeticOp::Subtract => l.wrapping_sub(r),
        ArithmeticOp::Multiply => l.wrapping_mul(r),
        ArithmeticOp::Divide if r != 0 => l.wrapping_div(r),
        ArithmeticOp::Modulo if r != 0 => l.wrapping_rem(r),
        ArithmeticOp::Divide | ArithmeticOp::Modulo => return None,
    })
}

fn chain(scope: &Scope<'_>, slot: u16, column: u16, place: usize) -> Value {
    let input = scope.input(slot);
    let rows = input.chain.map_or(&[][..], |chains| chains.at(input.rows.at(place)));
    let values = rows.iter().map(|row| input.source.value(*row, column as usize)).collect();
    Value::object(Object::List(values))
}

fn timestamp(scope: &Scope<'_>, slot: u16, place: usize) -> Value {
    let input = scope.input(slot);
    let row = input.rows.at(place);
    match input.shown_at {
        Some(times) => Value::Long(times[place]),
        None if row == NO_ROW => Value::Null,
        None => Value::Long(input.source.timestamp(row)),
    }
}

fn event(scope: &Scope<'_>, slot: u16, columns: u16, place: usize) -> Value {
    let input = scope.input(slot);
    let row = input.rows.at(place);
    if row == NO_ROW {
        return Value::Null;
    }
    let data = (0..columns).map(|column| input.source.value(row, column as usize)).collect();
    Value::object(Object::Event { timestamp: input.source.timestamp(row), data })
}
