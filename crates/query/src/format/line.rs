//! One line of a statement: its spaces, and where it is broken if it is too long.

use crate::lexer::T;

/// How wide a line may be before it is broken.
const COLUMNS_MAX: usize = 100;

/// How much further in the rest of a broken line stands.
pub(super) const INDENT: usize = 4;

/// A token or a comment in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'t> {
    /// As it is to be written, but for its case.
    pub(super) text: &'t str,
    /// What it is.
    pub(super) kind: PieceKind,
    /// No space before it, whatever it follows.
    pub(super) glued: bool,
    /// Where the line is too long it may be broken before it.
    pub(super) soft: bool,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A token.
    Token(T),
    /// A keyword, written in lower case.
    Keyword,
    /// A comment that the rest of the line may follow.
    Comment,
    /// A comment that ends its line.
    LastComment,
    /// A comment with a line of its own.
    OwnComment,
}

impl Piece<'_> {
    fn is(&self, kind: T) -> bool {
        self.kind == PieceKind::Token(kind)
    }

    fn opens(&self) -> bool {
        self.is(T::LeftParen) || self.is(T::LeftBracket)
    }

    fn closes(&self) -> bool {
        self.is(T::RightParen) || self.is(T::RightBracket)
    }

    fn width(&self) -> usize {
        self.text.lines().next().map_or(0, |line| line.chars().count())
    }

    fn write(&self, out: &mut String) {
        if self.kind == PieceKind::Keyword {
            out.extend(self.text.chars().map(|it| it.to_ascii_lowercase()));
        } else {
            out.push_str(self.text);
        }
    }
}

/// Whether a space stands between two pieces of one line.
fn spaced(before: &Piece<'_>, after: &Piece<'_>) -> bool {
    let tight_before = [T::RightParen, T::RightBracket, T::Comma, T::Semicolon, T::Dot, T::Colon];
    let tight_after = [T::LeftParen, T::LeftBracket, T::At, T::Hash, T::Bang, T::Dot, T::Colon];
    !after.glued
        && !tight_before.iter().any(|&kind| after.is(kind))
        && !tight_after.iter().any(|&kind| before.is(kind))
}

/// Writes a line and its line break, in several lines where it is too long or a comment ends it.
pub(super) fn write_line(out: &mut String, pieces: &[Piece<'_>], indent: usize) {
    let mut indent_now = indent;
    let mut rest = pieces;
    while !rest.is_empty() {
        let end = segment_end(rest);
        let (segment, behind) = rest.split_at(end);
        out.extend(std::iter::repeat_n(' ', indent_now));
        Breaker { out, indent: indent + INDENT, column: indent_now }.write(segment, 0);
        out.push('\n');
        rest = behind;
        indent_now = indent + INDENT;
    }
}

/// Where the first line that comments force apart ends; at least 1.
fn segment_end(pieces: &[Piece<'_>]) -> usize {
    for (at, piece) in pieces.iter().enumerate() {
        match piece.kind {
            PieceKind::OwnComment if at > 0 => return at,
            PieceKind::OwnComment | PieceKind::LastComment => return at + 1,
            PieceKind::Token(_) | PieceKind::Keyword | PieceKind::Comment => {}
        }
    }
    pieces.len()
}

struct Breaker<'o> {
    out: &'o mut String,
    /// Where broken lines go on.
    indent: usize,
    column: usize,
}

impl Breaker<'_> {
    /// Writes pieces from the current column, broken at the outermost soft places as needed.
    fn write(&mut self, pieces: &[Piece<'_>], depth: usize) {
        let chunks =
            if self.column + width(pieces) <= COLUMNS_MAX { vec![pieces] } else { chunks(pieces) };
        if let [only] = chunks.as_slice() {
            return self.write_flat(only);
        }
        for (at, chunk) in chunks.iter().enumerate() {
            if at > 0 {
                let fits = self.column + 1 + width(chunk) <= COLUMNS_MAX;
                if fits && chunk.first().is_some_and(|piece| !piece.soft) {
                    self.space();
                } else {
                    self.new_line(depth);
                }
            }
            self.write(chunk, depth + 1);
        }
    }

    fn write_flat(&mut self, pieces: &[Piece<'_>]) {
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 && spaced(&pieces[at - 1], piece) {
                self.space();
            }
            piece.write(self.out);
            match piece.text.rsplit_once('\n') {
                Some((_, last)) => self.column = last.chars().count(),
                None => self.column += piece.width(),
            }
        }
    }

    fn space(&mut self) {
        self.out.push(' ');
        self.column += 1;
    }

    fn new_line(&mut self, depth: usize) {
        let indent = self.indent + INDENT * depth.min(4);
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }
}

fn width(pieces: &[Piece<'_>]) -> usize {
    let spaces = pieces.windows(2).filter(|pair| spaced(&pair[0], &pair[1])).count();
    spaces + pieces.iter().map(Piece::width).sum::<usize>()
}

/// Cuts pieces behind the commas and before the soft places of the outermost level that has any.
fn chunks<'p, 't>(pieces: &'p [Piece<'t>]) -> Vec<&'p [Piece<'t>]> {
    let mut depth = 0_usize;
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        if piece.closes() {
            depth = depth.saturating_sub(1);
        }
        if at > 0 && (piece.soft || pieces[at - 1].is(T::Comma)) {
            cuts.push((depth, at));
        }
        if piece.opens() {
            depth += 1;
        }
    }
    let outermost = cuts.iter().map(|&(depth, _)| depth).min();
    let mut chunks = Vec::new();
    let mut from = 0;
    for (_, at) in cuts.into_iter().filter(|&(depth, _)| Some(depth) == outermost) {
        chunks.push(&pieces[from..at]);
        from = at;
    }
    chunks.push(&pieces[from..]);
    chunks
}
