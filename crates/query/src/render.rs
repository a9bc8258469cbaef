//! Problems as people read them: code, place, the line itself and a caret under the fault.

use crate::problem::Problem;
use crate::span::{LineIndex, Position, Span};

/// How many characters of a line are shown; of a longer one, those around the fault.
const SHOWN_CHARACTERS_MAX: usize = 120;

/// How many characters stand before the fault where the line is cut.
const BEFORE_CHARACTERS: usize = 40;

/// Shows one problem of `text`; `file` is the name that its place is given with.
///
/// ```text
/// error[unexpected]: expected `into`, found `O`
///  --> app.siddhi:3:8
///   |
/// 3 | insert O;
///   |        ^
/// hint: …
/// ```
pub fn render_problem(file: &str, text: &str, problem: &Problem) -> String {
    render(file, &LineIndex::new(text), problem)
}

/// Shows all problems of `text`, with an empty line between them.
pub fn render_problems(file: &str, text: &str, problems: &[Problem]) -> String {
    let lines = LineIndex::new(text);
    let shown: Vec<_> = problems.iter().map(|problem| render(file, &lines, problem)).collect();
    shown.join("\n")
}

fn render(file: &str, lines: &LineIndex<'_>, problem: &Problem) -> String {
    let Position { line, column } = lines.position(problem.span.start);
    let places = problem.labels.iter().map(|label| (label.span, label.message.as_str()));
    let mut places: Vec<_> = std::iter::once((problem.span, "")).chain(places).collect();
    places.sort_by_key(|(span, _)| span.start);
    let last = places.iter().map(|(span, _)| lines.position(span.start).line).max();
    let margin = " ".repeat(last.unwrap_or(line).to_string().len());

    let mut out = format!("error[{}]: {}\n", problem.code, problem.message);
    out.push_str(&format!("{margin}--> {file}:{line}:{column}\n{margin} |\n"));
    let mut shown: Option<u32> = None;
    for (span, message) in places {
        let at = lines.position(span.start);
        let (text, carets) = excerpt(lines, span, at);
        if shown != Some(at.line) || problem.labels.len() > 1 || text.starts_with('…') {
            if shown.is_some_and(|before| before + 1 < at.line) {
                out.push_str(&format!("{margin} …\n"));
            }
            let number = format!("{:>width$}", at.line, width = margin.len());
            out.push_str(format!("{number} | {text}").trim_end());
            out.push('\n');
        }
        shown = Some(at.line);
        out.push_str(format!("{margin} | {carets} {message}").trim_end());
        out.push('\n');
    }
    if let Some(hint) = &problem.hint {
        out.push_str(&format!("hint: {hint}\n"));
    }
    out
}

/// The part of the line to show, and the carets under what `span` covers of it.
fn excerpt(lines: &LineIndex<'_>, span: Span, at: Position) -> (String, String) {
    let line = lines.line(at.line);
    let column = at.column as usize - 1;
    let length = line.chars().count();
    let end = lines.position(span.end);
    let covered = if end.line == at.line {
        (end.column as usize - 1).saturating_sub(column)
    } else {
        length.saturating_sub(column)
    };
    let cut = length > SHOWN_CHARACTERS_MAX && column > SHOWN_CHARACTERS_MAX - BEFORE_CHARACTERS;
    let from = if cut { column - BEFORE_CHARACTERS } else { 0 };
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let mut shown: String = line.chars().skip(from).take(SHOWN_CHARACTERS_MAX).map(plain).collect();
    let mut before = column - from;
    if cut {
        shown.insert(0, '…');
        before += 1;
    }
    if from + SHOWN_CHARACTERS_MAX < length {
        shown.push('…');
    }
    let room = SHOWN_CHARACTERS_MAX.saturating_sub(column - from).max(1);
    let carets = format!("{}{}", " ".repeat(before), "^".repeat(covered.clamp(1, room)));
    (shown, carets)
}
