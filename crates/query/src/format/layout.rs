//! Tokens, comments and the parser's marks to lines.

use super::line::{INDENT, Piece, PieceKind, write_line};
use crate::lexer::{T, Token};
use crate::parse::{Mark, Marked};
use crate::span::Span;

/// What the parser noted about one token.
#[derive(Debug, Clone, Copy, Default)]
struct Notes {
    keyword: bool,
    glued: bool,
    statement: bool,
    line: bool,
    soft: bool,
    indent: bool,
    dedent: bool,
}

/// How a statement stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// An `@app` annotation.
    AppAnnotation,
    /// On one line: may stand close to others of its kind.
    Short,
    /// On several lines: an empty line around it.
    Long,
}

/// The text laid out; it was read without problems.
pub(super) fn lay_out(text: &str, marked: &Marked) -> String {
    let tokens = &marked.scanned.tokens;
    let mut notes = vec![Notes::default(); tokens.len()];
    for &(at, mark) in &marked.marks {
        let Some(note) = notes.get_mut(at as usize) else {
            continue;
        };
        match mark {
            Mark::Keyword => note.keyword = true,
            Mark::Glue => note.glued = true,
            Mark::Statement => note.statement = true,
            Mark::Line => note.line = true,
            Mark::Soft => note.soft = true,
            Mark::Indent => note.indent = true,
            Mark::Dedent => note.dedent = true,
        }
    }
    let mut layout = Layout {
        text,
        tokens,
        notes: &notes,
        out: String::with_capacity(text.len() + text.len() / 8),
        line: Vec::new(),
        line_indent: 0,
        indent: 0,
        before: None,
        fresh_block: true,
        read_to: 0,
    };
    let mut comments = marked.scanned.comments.as_slice();
    for (at, token) in tokens.iter().enumerate() {
        let own = comments.partition_point(|comment| comment.start < token.start);
        let (leading, rest) = comments.split_at(own);
        comments = rest;
        layout.token(at, leading);
    }
    layout.flush();
    layout.out
}

struct Layout<'t> {
    text: &'t str,
    tokens: &'t [Token],
    notes: &'t [Notes],
    out: String,
    /// The line being filled, and how far in it stands.
    line: Vec<Piece<'t>>,
    line_indent: usize,
    indent: usize,
    /// The shape of the statement before.
    before: Option<Shape>,
    /// Nothing has been written since the start of the text or of a block.
    fresh_block: bool,
    /// The end of what has been read of the text.
    read_to: usize,
}

impl<'t> Layout<'t> {
    fn token(&mut self, at: usize, leading: &[Span]) {
        let (token, note) = (self.tokens[at], self.notes[at]);
        let starts_line = note.line || note.statement || token.kind == T::Eof;
        let leading = if note.dedent { self.close_block(leading) } else { leading };
        if note.indent {
            self.flush();
            self.indent += INDENT;
            self.fresh_block = true;
        }
        // What stands behind the last token on its line belongs to that line.
        let trailing = leading.iter().take_while(|comment| !self.breaks_before(**comment)).count();
        let trailing = if self.fresh_block && self.line.is_empty() { 0 } else { trailing };
        let (trailing, leading) = leading.split_at(trailing);
        let fills_last_line = !trailing.is_empty() && self.line.is_empty();
        self.trailing(trailing, starts_line || fills_last_line);
        if note.statement {
            self.flush();
            self.separate(at, leading);
        }
        if starts_line {
            self.flush();
            self.line_indent = self.indent;
            for &comment in leading {
                self.own_line_comment(comment);
            }
        } else {
            self.trailing(leading, false);
        }
        if token.kind == T::Eof {
            return;
        }
        if note.statement && !leading.is_empty() && self.empty_line_before(token.start as usize) {
            self.empty_line();
        }
        let kind = if note.keyword { PieceKind::Keyword } else { PieceKind::Token(token.kind) };
        let text = token.span().of(self.text);
        self.line.push(Piece { text, kind, glued: note.glued, soft: note.soft });
        self.fresh_block = false;
        self.read_to = token.end as usize;
    }

    /// The comments before the end of a block are still inside it.
    fn close_block<'c>(&mut self, leading: &'c [Span]) -> &'c [Span] {
        let trailing = leading.iter().take_while(|comment| !self.breaks_before(**comment)).count();
        let (trailing, own) = leading.split_at(trailing);
        self.trailing(trailing, true);
        self.flush();
        for &comment in own {
            self.own_line_comment(comment);
        }
        self.indent -= INDENT;
        &[]
    }

    /// Comments inside a line, or at its end.
    fn trailing(&mut self, comments: &[Span], ends_line: bool) {
        for &comment in comments {
            let text = comment.of(self.text).trim_end();
            let kind = if self.breaks_before(comment) {
                PieceKind::OwnComment
            } else if text.starts_with("--") || ends_line {
                PieceKind::LastComment
            } else {
                PieceKind::Comment
            };
            self.line.push(Piece { text, kind, glued: false, soft: false });
            self.read_to = comment.end as usize;
        }
    }

    fn own_line_comment(&mut self, comment: Span) {
        if !self.fresh_block && self.empty_line_before(comment.start as usize) {
            self.empty_line();
        }
        let text = comment.of(self.text).trim_end();
        let kind = PieceKind::OwnComment;
        write_line(&mut self.out, &[Piece { text, kind, glued: false, soft: false }], self.indent);
        self.read_to = comment.end as usize;
        self.fresh_block = false;
    }

    /// Whether a line break stands between what has been read and a comment.
    fn breaks_before(&self, comment: Span) -> bool {
        let gap = self.text.get(self.read_to..comment.start as usize).unwrap_or_default();
        self.read_to == 0 || gap.contains('\n')
    }

    /// Whether an empty line stands between what has been read and `start`.
    fn empty_line_before(&self, start: usize) -> bool {
        let gap = self.text.get(self.read_to..start).unwrap_or_default();
        gap.bytes().filter(|&byte| byte == b'\n').count() > 1
    }

    /// An empty line between two statements, where their shapes or the text ask for it.
    fn separate(&mut self, at: usize, leading: &[Span]) {
        let shape = self.shape(at);
        let start = leading.first().map_or(self.tokens[at].start, |comment| comment.start);
        let wanted = match self.before {
            None => false,
            Some(Shape::AppAnnotation) => shape != Shape::AppAnnotation,
            Some(Shape::Long) => true,
            Some(Shape::Short) => shape != Shape::Short,
        };
        if !self.fresh_block && (wanted || self.empty_line_before(start as usize)) {
            self.empty_line();
        }
        self.before = Some(shape);
    }

    fn shape(&self, at: usize) -> Shape {
        let lines = self.notes[at..]
            .iter()
            .enumerate()
            .take_while(|&(ahead, note)| ahead == 0 || !note.statement)
            .filter(|(_, note)| note.line)
            .take(2)
            .count();
        match lines {
            0 => Shape::AppAnnotation,
            1 => Shape::Short,
            _ => Shape::Long,
        }
    }

    fn empty_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.line);
        write_line(&mut self.out, &line, self.line_indent);
        self.line = line;
        self.line.clear();
    }
}
