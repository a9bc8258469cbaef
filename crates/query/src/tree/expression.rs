//! Expressions.

use super::StreamRef;
use crate::span::Span;

/// An expression and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands; parentheses around it are not part of it.
    pub span: Span,
}

/// What an expression is. Parentheses leave no trace but the shape of the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `5`, `'text'`, `1 min`.
    Literal(Literal),
    /// `price`, `S.price`, `e1[last].price`.
    Attribute(Box<AttributeRef>),
    /// `str:concat(a, b)`; the planner tells functions from aggregators.
    Call(Box<FunctionCall>),
    /// `left + right`.
    Arithmetic {
        /// The operator.
        op: ArithmeticOp,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// `left < right`.
    Compare {
        /// The operator.
        op: CompareOp,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// `left and right`.
    And(Box<Expr>, Box<Expr>),
    /// `left or right`.
    Or(Box<Expr>, Box<Expr>),
    /// `not operand`; binds tighter than any binary operator.
    Not(Box<Expr>),
    /// `condition in Table`.
    In {
        /// The condition on a row of the table.
        condition: Box<Expr>,
        /// The table.
        table: String,
        /// Where the table is named.
        table_span: Span,
    },
    /// `x is null`.
    IsNull(NullTest),
}

/// What `is null` asks about.
#[derive(Debug, Clone, PartialEq)]
pub enum NullTest {
    /// `x`, `#x`, `e1[0]` or `e1[last]`: the event of a stream reference. A bare `x` that is no
    /// stream reference of the query is the attribute of that name.
    Stream {
        /// The reference.
        stream: StreamRef,
        /// Which event, if the text says.
        index: Option<Index>,
    },
    /// Any other attribute (`S.price`) or a function call.
    Value(Box<Expr>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `5`, `-5`.
    Int(i32),
    /// `5L`.
    Long(i64),
    /// `5f`.
    Float(f32),
    /// `5.0`, `5d`.
    Double(f64),
    /// `true`.
    Bool(bool),
    /// `'text'`, without quotes; there are no escapes.
    Str(String),
    /// `1 min 30 sec`, in milliseconds: of type long.
    TimeMs(i64),
}

/// A constant and its place, where the grammar takes nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// The constant.
    pub value: Literal,
    /// Where it stands.
    pub span: Span,
}

/// `name`, or `Source.name` with its index.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeRef {
    /// The stream, alias or event reference before the dot.
    pub source: Option<StreamRef>,
    /// Which of its events: `e1[0].price`.
    pub index: Option<Index>,
    /// `#handler` between the source and the dot: read, and used by nothing.
    pub handler: Option<Box<HandlerRef>>,
    /// The attribute.
    pub name: String,
    /// The whole reference.
    pub span: Span,
}

/// The `#log[1]` of `S#log[1].price`.
#[derive(Debug, Clone, PartialEq)]
pub struct HandlerRef {
    /// The handler.
    pub name: String,
    /// Its index.
    pub index: Option<Index>,
}

/// Which event of a reference that holds several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// `[2]`: from the first, which is 0.
    At(i32),
    /// `[last]` is `Last(0)`, `[last - 2]` is `Last(2)`.
    Last(i32),
}

/// `namespace:name(args)`: a function, an aggregator, a window or a stream function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    /// What stands before the colon.
    pub namespace: Option<String>,
    /// The function.
    pub name: String,
    /// The arguments.
    pub args: Args,
    /// From the namespace to the closing parenthesis.
    pub span: Span,
}

/// What stands between the parentheses of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Args {
    /// `f(a, b)`; empty for `f()`.
    List(Vec<Expr>),
    /// `f(*)`: all attributes of the input.
    All,
}

impl Args {
    /// The listed arguments; none for `*`.
    pub fn listed(&self) -> &[Expr] {
        match self {
            Self::List(args) => args,
            Self::All => &[],
        }
    }
}

/// An operator on numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl ArithmeticOp {
    /// The sign of the language.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
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
    /// The sign of the language.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}
