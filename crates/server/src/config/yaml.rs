//! YAML text to a tree in which every key and value knows its line.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::problem::{ConfigProblem, Place};

/// The largest file that is read.
pub(super) const FILE_MAX_BYTES: usize = 1 << 20;
/// How deep lists and sections may be nested.
const DEPTH_MAX: usize = 64;
/// How many values a file may hold, those repeated by aliases counted each time.
const NODES_MAX: usize = 100_000;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) shape: Shape,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A word; `quoted` ones are text, whatever they look like.
    Scalar { text: String, quoted: bool },
    /// A list.
    List(Vec<Node>),
    /// A section: keys in the order of the file.
    Section(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) value: Node,
}

impl Node {
    /// Whether nothing was written: `key:` alone, `~` or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.shape, Shape::Scalar { text, quoted: false }
            if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// What was written, in a word for messages.
    pub(super) fn word(&self) -> String {
        match &self.shape {
            Shape::Scalar { text, .. } if self.is_nothing() => {
                if text.is_empty() {
                    "nothing".into()
                } else {
                    format!("`{text}`")
                }
            }
            Shape::Scalar { text, .. } => format!("`{text}`"),
            Shape::List(_) => "a list".into(),
            Shape::Section(_) => "a section".into(),
        }
    }

    fn nodes(&self) -> usize {
        1 + match &self.shape {
            Shape::Scalar { .. } => 0,
            Shape::List(items) => items.iter().map(Self::nodes).sum(),
            Shape::Section(entries) => entries.iter().map(|it| it.value.nodes()).sum(),
        }
    }
}

/// A list or section that is still open, with the anchor it may carry.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Place)>,
}

/// Builds the tree from the parser's events, without recursion.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchored: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// Reads the first document of `text`; `None` when there is nothing in it.
pub(super) fn read(text: &str) -> Result<Option<Node>, ConfigProblem> {
    if text.len() > FILE_MAX_BYTES {
        return Err(ConfigProblem::new(
            None,
            format!("the file has {} bytes; at most {FILE_MAX_BYTES} are read", text.len()),
        ));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            ConfigProblem::new(Some(place_of(*marker)), format!("not YAML: {}", error.info()))
                .hint("check the indentation and the quotes of this line and the one above")
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event, place_of(span.start))?;
    }
    Ok(builder.root.filter(|root| !root.is_nothing()))
}

fn place_of(marker: saphyr_parser::Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), ConfigProblem> {
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let Some(node) = self.anchored.get(&anchor).cloned() else {
                    return Err(ConfigProblem::new(
                        Some(place),
                        "an alias of something unfinished".to_owned(),
                    ));
                };
                self.put(Node { place, ..node })
            }
            Event::Scalar(text, style, anchor, _) => {
                let quoted = !matches!(style, ScalarStyle::Plain);
                let shape = Shape::Scalar { text: text.into_owned(), quoted };
                let node = Node { place, shape };
                if anchor > 0 {
                    self.anchored.insert(anchor, node.clone());
                }
                self.put(node)
            }
            Event::SequenceStart(anchor, _) => self.begin(place, Shape::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => self.begin(place, Shape::Section(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn begin(&mut self, place: Place, shape: Shape, anchor: usize) -> Result<(), ConfigProblem> {
        if self.open.len() >= DEPTH_MAX {
            return Err(ConfigProblem::new(
                Some(place),
                format!("nested more than {DEPTH_MAX} deep"),
            ));
        }
        self.open.push(Open { node: Node { place, shape }, anchor, key: None });
        Ok(())
    }

    fn end(&mut self) -> Result<(), ConfigProblem> {
        let Some(done) = self.open.pop() else { return Ok(()) };
        if done.anchor > 0 {
            self.anchored.insert(done.anchor, done.node.clone());
        }
        self.put(done.node)
    }

    fn put(&mut self, node: Node) -> Result<(), ConfigProblem> {
        self.nodes += node.nodes();
        if self.nodes > NODES_MAX * 2 {
            return Err(ConfigProblem::new(
                Some(node.place),
                format!("more than {NODES_MAX} values"),
            ));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.node.shape, open.key.take()) {
            (Shape::List(items), _) => items.push(node),
            (Shape::Section(entries), Some((key, key_place))) => {
                if let Some(first) = entries.iter().find(|it| it.key == key) {
                    let line = first.key_place.line;
                    return Err(ConfigProblem::new(
                        Some(key_place),
                        format!("`{key}` is there twice; the first is on line {line}"),
                    )
                    .hint("keep one of them"));
                }
                entries.push(Entry { key, key_place, value: node });
            }
            (Shape::Section(_), None) => match node.shape {
                Shape::Scalar { text, .. } => open.key = Some((text, node.place)),
                Shape::List(_) | Shape::Section(_) => {
                    return Err(ConfigProblem::new(
                        Some(node.place),
                        "a key must be a word".to_owned(),
                    ));
                }
            },
            (Shape::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(node: &'a Node, key: &str) -> &'a Entry {
        let Shape::Section(entries) = &node.shape else { panic!("{node:?}") };
        entries.iter().find(|it| it.key == key).unwrap()
    }

    #[test]
    fn every_key_knows_its_line() {
        let root = read("# one\na:\n  b: 1\n  c: [x, 'y']\n").unwrap().unwrap();
        let c = entry(&entry(&root, "a").value, "c");
        assert_eq!(c.key_place, Place { line: 4, column: 3 });
        assert_eq!(c.value.word(), "a list");
    }

    #[test]
    fn an_alias_repeats_what_it_names() {
        let root = read("a: &x {b: 1}\nc: *x\n").unwrap().unwrap();
        assert_eq!(entry(&entry(&root, "c").value, "b").value.word(), "`1`");
    }

    #[test]
    fn aliases_of_aliases_come_to_an_end() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let names = vec![format!("*a{}", i - 1); 10].join(",");
            text.push_str(&format!("a{i}: &a{i} [{names}]\n"));
        }
        assert!(read(&text).unwrap_err().message.contains("values"));
    }

    #[test]
    fn depth_comes_to_an_end() {
        let text = "[".repeat(100_000);
        assert!(read(&text).is_err());
    }

    #[test]
    fn an_empty_file_is_nothing() {
        for text in ["", "# only a comment\n", "---\n", "null\n"] {
            assert_eq!(read(text).unwrap(), None, "{text:?}");
        }
    }
}
