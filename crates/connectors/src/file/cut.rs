//! How the bytes of a file are cut into messages.

use std::ops::Range;

use fancy_regex::Regex;

/// How a file is cut.
#[derive(Debug, Clone)]
pub(super) enum Cut {
    /// A message a line.
    Lines,
    /// A message from one match to another.
    Regex(Box<Marks>),
    /// The whole file.
    Whole,
    /// Pieces of so many bytes.
    Chunks(usize),
}

/// What a message begins and ends with; one of the two at least.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    pub(super) begin: Option<Regex>,
    pub(super) end: Option<Regex>,
}

/// One message within a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The message.
    pub(super) content: Range<usize>,
    /// Where the next may begin.
    pub(super) next: usize,
}

impl Cut {
    /// The next message of `buffer` from `from` on; `None` if more bytes are needed, or, at the
    /// end of the file, if there is no other.
    pub(super) fn next(&self, buffer: &[u8], from: usize, at_end: bool) -> Option<Piece> {
        let rest = buffer.get(from..)?;
        match self {
            Self::Lines => line(rest, from, at_end),
            Self::Regex(marks) => matched(rest, from, at_end, marks),
            Self::Whole => (at_end && !rest.is_empty())
                .then_some(Piece { content: from..buffer.len(), next: buffer.len() }),
            Self::Chunks(size) => {
                let length = (*size).min(rest.len());
                let whole = length == *size || (at_end && length > 0);
                whole.then_some(Piece { content: from..from + length, next: from + length })
            }
        }
    }
}

fn line(rest: &[u8], from: usize, at_end: bool) -> Option<Piece> {
    let (length, next) = match rest.iter().position(|it| *it == b'\n') {
        Some(length) => (length, from + length + 1),
        None if at_end && !rest.is_empty() => (rest.len(), from + rest.len()),
        None => return None,
    };
    let content = rest.get(..length).unwrap_or(rest);
    let length = if content.ends_with(b"\r") { length - 1 } else { length };
    Some(Piece { content: from..from + length, next })
}

fn matched(rest: &[u8], from: usize, at_end: bool, marks: &Marks) -> Option<Piece> {
    let (begin, end) = (marks.begin.as_ref(), marks.end.as_ref());
    // A character that is cut off at the end waits for the rest of it.
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(rest.get(..error.valid_up_to())?).ok()?,
    };
    let find = |regex: &Regex, at: usize| {
        regex.find_from_pos(text, at).ok().flatten().map(|it| it.start()..it.end())
    };
    let start = match begin {
        Some(begin) => find(begin, 0)?,
        None => 0..0,
    };
    let after = start.end.max(start.start);
    let (stop, next) = match end {
        Some(end) => {
            let stop = find(end, after)?.end;
            (stop, stop)
        }
        None => {
            let next = begin.and_then(|begin| {
                let step = text.get(after..)?.chars().next().map_or(0, char::len_utf8);
                let from = if start.is_empty() { after + step } else { after };
                find(begin, from)
            });
            match next {
                Some(next) => (next.start, next.start),
                None if at_end && !text.is_empty() => (text.len(), text.len()),
                None => return None,
            }
        }
    };
    // A match of nothing would be found for ever.
    if stop <= start.start {
        return None;
    }
    Some(Piece { content: from + start.start..from + stop, next: from + next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<'a>(cut: &Cut, text: &'a str, at_end: bool) -> (Vec<&'a str>, &'a str) {
        let (mut from, mut found) = (0, Vec::new());
        while let Some(piece) = cut.next(text.as_bytes(), from, at_end) {
            found.push(text.get(piece.content).unwrap());
            from = piece.next;
        }
        (found, text.get(from..).unwrap())
    }

    fn regex(begin: Option<&str>, end: Option<&str>) -> Cut {
        let compiled = |it: Option<&str>| it.map(|it| Regex::new(it).unwrap());
        Cut::Regex(Box::new(Marks { begin: compiled(begin), end: compiled(end) }))
    }

    #[test]
    fn an_unfinished_line_waits_for_its_end() {
        assert_eq!(all(&Cut::Lines, "a\r\n\nb", false), (vec!["a", ""], "b"));
        assert_eq!(all(&Cut::Lines, "a\nb", true), (vec!["a", "b"], ""));
    }

    #[test]
    fn messages_between_matches_are_found() {
        let text = "x<a>1</a>y<a>2</a><a>3";
        let both = regex(Some("<a>"), Some("</a>"));
        assert_eq!(all(&both, text, false), (vec!["<a>1</a>", "<a>2</a>"], "<a>3"));
        let begin = regex(Some("<a>"), None);
        assert_eq!(all(&begin, text, false), (vec!["<a>1</a>y", "<a>2</a>"], "<a>3"));
        assert_eq!(all(&begin, text, true).0.last(), Some(&"<a>3"));
        let end = regex(None, Some("</a>"));
        assert_eq!(all(&end, text, false), (vec!["x<a>1</a>", "y<a>2</a>"], "<a>3"));
        assert_eq!(all(&regex(Some(""), Some("")), text, true), (vec![], text));
    }

    #[test]
    fn whole_files_and_pieces_end_with_the_file() {
        assert_eq!(all(&Cut::Whole, "abc", false), (vec![], "abc"));
        assert_eq!(all(&Cut::Whole, "abc", true), (vec!["abc"], ""));
        assert_eq!(all(&Cut::Chunks(2), "abc", false), (vec!["ab"], "c"));
        assert_eq!(all(&Cut::Chunks(2), "abc", true), (vec!["ab", "c"], ""));
    }
}
