//! A compiled expression: names are slots and columns, types are known.

use std::fmt;
use std::sync::Arc;

use weir_event::{DataType, Value};

use crate::fault::Fault;
use crate::scope::Env;

/// `+ - * / %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; by zero gives null.
    Divide,
    /// `%`; by zero gives null, else the sign of the dividend.
    Modulo,
}

/// `== != < <= > >=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`; true when either side is null.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl CompareOp {
    /// The operator that means the same with its sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether two values in this order satisfy it; `None` when they cannot be ordered (NaN).
    #[must_use]
    #[inline]
    pub fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equal => order == Some(Equal),
            Self::NotEqual => order != Some(Equal),
            Self::Less => order == Some(Less),
            Self::LessOrEqual => matches!(order, Some(Less | Equal)),
            Self::Greater => order == Some(Greater),
            Self::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        }
    }
}

/// The type both sides of a comparison are brought to, as Java promotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareAs {
    /// Both `int`.
    Int,
    /// `int` or `long`.
    Long,
    /// `float` with anything but `double`, precision lost where the original loses it.
    Float,
    /// Anything with `double`.
    Double,
    /// Text.
    Str,
    /// `bool`.
    Bool,
}

impl CompareAs {
    /// How two operands of these types compare; `None` when they cannot.
    #[must_use]
    pub fn of(op: CompareOp, left: DataType, right: DataType) -> Option<Self> {
        use DataType::{Bool, Double, Float, Int, Long, String};
        let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        Some(match (left, right) {
            (String, String) if equality => Self::Str,
            (Bool, Bool) if equality => Self::Bool,
            (l, r) if !l.is_numeric() || !r.is_numeric() => return None,
            (Double, _) | (_, Double) => Self::Double,
            // The original widens these for equality but not for order (told by 5.1.30).
            (Long, Float) | (Float, Long) if equality => Self::Double,
            (Float, _) | (_, Float) => Self::Float,
            (Int, Int) => Self::Int,
            _ => Self::Long,
        })
    }
}

/// A function over the values of its arguments, the same answer for the same values and entry.
pub trait Callable: fmt::Debug + Send + Sync {
    /// The function's value.
    ///
    /// # Errors
    ///
    /// The arguments cannot be computed with; the event goes to `@OnError`.
    fn call(&self, env: &Env<'_>, args: &[Value]) -> Result<Value, Fault>;
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub enum Expr {
    /// The same value each time, with the type it was written as.
    Const(Value, DataType),
    /// An attribute of the event in a slot.
    Attribute {
        /// The input.
        slot: u16,
        /// The attribute's place in the input's schema.
        column: u16,
        /// Its declared type.
        data_type: DataType,
    },
    /// Every value of an attribute of a counted pattern element, as a list.
    Chain {
        /// The input.
        slot: u16,
        /// The attribute's place in the input's schema.
        column: u16,
    },
    /// When the event in a slot happened.
    Timestamp {
        /// The input.
        slot: u16,
    },
    /// The whole event in a slot as a value; null when there is none.
    Event {
        /// The input.
        slot: u16,
        /// How many attributes it has.
        columns: u16,
    },
    /// Arithmetic, both sides brought to `data_type`.
    Arithmetic {
        /// Which.
        op: ArithmeticOp,
        /// The type of the result.
        data_type: DataType,
        /// Left and right.
        sides: Box<(Expr, Expr)>,
    },
    /// A comparison; never null.
    Compare {
        /// Which.
        op: CompareOp,
        /// What both sides are brought to.
        by: CompareAs,
        /// Left and right.
        sides: Box<(Expr, Expr)>,
    },
    /// Both; null counts as false, the right side is computed only when it matters.
    And(Box<(Expr, Expr)>),
    /// Either; null counts as false.
    Or(Box<(Expr, Expr)>),
    /// True unless the operand is exactly true.
    Not(Box<Expr>),
    /// Whether the operand is null.
    IsNull(Box<Expr>),
    /// Whether a slot holds no event.
    IsAbsent {
        /// The input.
        slot: u16,
    },
    /// `ifThenElse(condition, then, else)`; a null condition counts as false.
    IfElse(Box<(Expr, Expr, Expr)>),
    /// Whether some row of a table meets a condition.
    In {
        /// The number of the check within its query.
        check: usize,
    },
    /// A function call.
    Call {
        /// What is called.
        function: Arc<dyn Callable>,
        /// The arguments.
        args: Vec<Expr>,
        /// The declared type of the answer.
        data_type: DataType,
    },
}

impl Expr {
    /// The declared type of what the expression gives.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Const(_, data_type)
            | Self::Attribute { data_type, .. }
            | Self::Arithmetic { data_type, .. }
            | Self::Call { data_type, .. } => *data_type,
            Self::Chain { .. } | Self::Event { .. } => DataType::Object,
            Self::Timestamp { .. } => DataType::Long,
            Self::Compare { .. }
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::IsNull(_)
            | Self::IsAbsent { .. }
            | Self::In { .. } => DataType::Bool,
            Self::IfElse(parts) => parts.1.data_type(),
        }
    }

    /// Calls `visit` for this expression and each one inside it.
    pub fn walk(&self, visit: &mut dyn FnMut(&Expr)) {
        visit(self);
        match self {
            Self::Const(..)
            | Self::Attribute { .. }
            | Self::Chain { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::IsAbsent { .. }
            | Self::In { .. } => {}
            Self::Arithmetic { sides, .. } | Self::Compare { sides, .. } => {
                sides.0.walk(visit);
                sides.1.walk(visit);
            }
            Self::And(sides) | Self::Or(sides) => {
                sides.0.walk(visit);
                sides.1.walk(visit);
            }
            Self::Not(inner) | Self::IsNull(inner) => inner.walk(visit),
            Self::IfElse(parts) => {
                parts.0.walk(visit);
                parts.1.walk(visit);
                parts.2.walk(visit);
            }
            Self::Call { args, .. } => args.iter().for_each(|arg| arg.walk(visit)),
        }
    }

    /// Calls `change` for the slot and column of every attribute inside.
    pub fn for_each_column(&mut self, change: &mut dyn FnMut(u16, &mut u16)) {
        match self {
            Self::Attribute { slot, column, .. } | Self::Chain { slot, column } => {
                change(*slot, column);
            }
            Self::Const(..)
            | Self::In { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::IsAbsent { .. } => {}
            Self::Arithmetic { sides, .. } | Self::Compare { sides, .. } => {
                sides.0.for_each_column(change);
                sides.1.for_each_column(change);
            }
            Self::And(sides) | Self::Or(sides) => {
                sides.0.for_each_column(change);
                sides.1.for_each_column(change);
            }
            Self::Not(inner) | Self::IsNull(inner) => inner.for_each_column(change),
            Self::IfElse(parts) => {
                parts.0.for_each_column(change);
                parts.1.for_each_column(change);
                parts.2.for_each_column(change);
            }
            Self::Call { args, .. } => args.iter_mut().for_each(|arg| arg.for_each_column(change)),
        }
    }

    /// Calls `change` for each expression inside, then for this one.
    pub fn walk_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::Const(..)
            | Self::Attribute { .. }
            | Self::Chain { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::IsAbsent { .. }
            | Self::In { .. } => {}
            Self::Arithmetic { sides, .. } | Self::Compare { sides, .. } => {
                sides.0.walk_mut(change);
                sides.1.walk_mut(change);
            }
            Self::And(sides) | Self::Or(sides) => {
                sides.0.walk_mut(change);
                sides.1.walk_mut(change);
            }
            Self::Not(inner) | Self::IsNull(inner) => inner.walk_mut(change),
            Self::IfElse(parts) => {
                parts.0.walk_mut(change);
                parts.1.walk_mut(change);
                parts.2.walk_mut(change);
            }
            Self::Call { args, .. } => args.iter_mut().for_each(|arg| arg.walk_mut(change)),
        }
        change(self);
    }

    /// Calls `change` for the slot of every reference inside.
    pub fn for_each_slot(&mut self, change: &mut dyn FnMut(&mut u16)) {
        match self {
            Self::Attribute { slot, .. }
            | Self::Chain { slot, .. }
            | Self::Timestamp { slot }
            | Self::Event { slot, .. }
            | Self::IsAbsent { slot } => change(slot),
            Self::Const(..) | Self::In { .. } => {}
            Self::Arithmetic { sides, .. } | Self::Compare { sides, .. } => {
                sides.0.for_each_slot(change);
                sides.1.for_each_slot(change);
            }
            Self::And(sides) | Self::Or(sides) => {
                sides.0.for_each_slot(change);
                sides.1.for_each_slot(change);
            }
            Self::Not(inner) | Self::IsNull(inner) => inner.for_each_slot(change),
            Self::IfElse(parts) => {
                parts.0.for_each_slot(change);
                parts.1.for_each_slot(change);
                parts.2.for_each_slot(change);
            }
            Self::Call { args, .. } => args.iter_mut().for_each(|arg| arg.for_each_slot(change)),
        }
    }

    /// Whether the expression may depend on the entry itself (its clock, random numbers) or on
    /// tables, or may fail: then events have to be taken one chunk at a time.
    #[must_use]
    pub fn needs_care(&self) -> bool {
        let mut care = false;
        self.walk(&mut |expr| match expr {
            Self::Call { .. } | Self::In { .. } => care = true,
            Self::Arithmetic { sides, .. } => {
                care |= !sides.0.data_type().is_numeric() || !sides.1.data_type().is_numeric();
            }
            Self::Const(..)
            | Self::Attribute { .. }
            | Self::Chain { .. }
            | Self::Timestamp { .. }
            | Self::Event { .. }
            | Self::Compare { .. }
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::IsNull(_)
            | Self::IsAbsent { .. }
            | Self::IfElse(_) => {}
        });
        care
    }
}
