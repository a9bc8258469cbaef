//! What a text is made of.

use crate::span::Span;

/// A token: its kind and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: T,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Token {
    pub(crate) fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum T {
    /// A plain name that is no keyword.
    Id,
    /// `` `any name` ``.
    QuotedId,
    /// A keyword; nearly everywhere also a name.
    Word(K),
    Int,
    Long,
    Float,
    Double,
    /// `'…'` or `"…"`.
    Str,
    /// `"""…"""`.
    LongStr,
    /// `{ … }`.
    Script,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Semicolon,
    Comma,
    Dot,
    Ellipsis,
    Colon,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    At,
    Hash,
    Bang,
    Arrow,
    Question,
    /// What is no token of the language.
    Flaw(Flaw),
    Eof,
}

/// Why a piece of the text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A character that starts nothing.
    Character,
    /// A string that does not end on its line.
    UnclosedString,
    /// A double quote inside single quotes.
    QuoteInString,
    /// A control character inside a string.
    ControlInString,
    /// A back quote without its partner.
    UnclosedName,
    /// A brace without its partner.
    UnclosedScript,
}

/// A keyword, whatever its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum K {
    Aggregate,
    Aggregation,
    All,
    And,
    App,
    As,
    Asc,
    At,
    Begin,
    Bool,
    By,
    Current,
    Day,
    Define,
    Delete,
    Desc,
    Double,
    End,
    Events,
    Every,
    Expired,
    False,
    First,
    Float,
    For,
    From,
    Full,
    Function,
    Group,
    Having,
    Hour,
    In,
    Inner,
    Insert,
    Int,
    Into,
    Is,
    Join,
    Last,
    Left,
    Limit,
    Long,
    Millisecond,
    Minute,
    Month,
    Not,
    Null,
    Object,
    Of,
    Offset,
    On,
    Or,
    Order,
    Outer,
    Output,
    Partition,
    Per,
    Raw,
    Return,
    Right,
    Second,
    Select,
    Set,
    Snapshot,
    Stream,
    String,
    Table,
    Trigger,
    True,
    Unidirectional,
    Update,
    Week,
    Window,
    With,
    Within,
    Year,
}

/// The longest keyword, `unidirectional`.
const KEYWORD_BYTES_MAX: usize = 14;

impl K {
    /// The keyword that `word` is, if it is one.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let bytes = word.as_bytes();
        if bytes.len() < 2 || bytes.len() > KEYWORD_BYTES_MAX {
            return None;
        }
        let mut lower = [0; KEYWORD_BYTES_MAX];
        for (to, from) in lower.iter_mut().zip(bytes) {
            *to = from.to_ascii_lowercase();
        }
        Self::of_lower(&lower[..bytes.len()])
    }

    fn of_lower(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"aggregate" => Self::Aggregate,
            b"aggregation" => Self::Aggregation,
            b"all" => Self::All,
            b"and" => Self::And,
            b"app" => Self::App,
            b"as" => Self::As,
            b"asc" => Self::Asc,
            b"at" => Self::At,
            b"begin" => Self::Begin,
            b"bool" => Self::Bool,
            b"by" => Self::By,
            b"current" => Self::Current,
            b"day" | b"days" => Self::Day,
            b"define" => Self::Define,
            b"delete" => Self::Delete,
            b"desc" => Self::Desc,
            b"double" => Self::Double,
            b"end" => Self::End,
            b"events" => Self::Events,
            b"every" => Self::Every,
            b"expired" => Self::Expired,
            b"false" => Self::False,
            b"first" => Self::First,
            b"float" => Self::Float,
            b"for" => Self::For,
            b"from" => Self::From,
            b"full" => Self::Full,
            b"function" => Self::Function,
            b"group" => Self::Group,
            b"having" => Self::Having,
            b"hour" | b"hours" => Self::Hour,
            b"in" => Self::In,
            b"inner" => Self::Inner,
            b"insert" => Self::Insert,
            b"int" => Self::Int,
            b"into" => Self::Into,
            b"is" => Self::Is,
            b"join" => Self::Join,
            b"last" => Self::Last,
            b"left" => Self::Left,
            b"limit" => Self::Limit,
            b"long" => Self::Long,
            b"millisec" | b"millisecond" | b"milliseconds" => Self::Millisecond,
            b"min" | b"minute" | b"minutes" => Self::Minute,
            b"month" | b"months" => Self::Month,
            _ => return Self::of_lower_from_n(word),
        })
    }

    fn of_lower_from_n(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"not" => Self::Not,
            b"null" => Self::Null,
            b"object" => Self::Object,
            b"of" => Self::Of,
            b"offset" => Self::Offset,
            b"on" => Self::On,
            b"or" => Self::Or,
            b"order" => Self::Order,
            b"outer" => Self::Outer,
            b"output" => Self::Output,
            b"partition" => Self::Partition,
            b"per" => Self::Per,
            b"raw" => Self::Raw,
            b"return" => Self::Return,
            b"right" => Self::Right,
            b"sec" | b"second" | b"seconds" => Self::Second,
            b"select" => Self::Select,
            b"set" => Self::Set,
            b"snapshot" => Self::Snapshot,
            b"stream" => Self::Stream,
            b"string" => Self::String,
            b"table" => Self::Table,
            b"trigger" => Self::Trigger,
            b"true" => Self::True,
            b"unidirectional" => Self::Unidirectional,
            b"update" => Self::Update,
            b"week" | b"weeks" => Self::Week,
            b"window" => Self::Window,
            b"with" => Self::With,
            b"within" => Self::Within,
            b"year" | b"years" => Self::Year,
            _ => return None,
        })
    }
}
