//! The part of XPath 1.0 that finds elements, attributes and text.

use roxmltree::{Attribute, Node};

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Whether it starts at the document rather than where it is applied.
    absolute: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// Whether it looks at every depth.
    deep: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Any,
    Here,
    Parent,
    Text,
    Element(Name),
    Attribute(Name),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    uri: Option<String>,
    local: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Predicate {
    /// The nth, from 1.
    Place(usize),
    /// A child or attribute is there, and has this text if one is given.
    Has { test: Test, text: Option<String> },
}

/// Something a path finds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a, 'i> {
    Node(Node<'a, 'i>),
    Attribute(Attribute<'a, 'i>),
}

/// Prefixes and what they stand for.
pub(super) type Namespaces = Vec<(String, String)>;

impl Path {
    pub(super) fn parse(text: &str, namespaces: &Namespaces) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut path = Self { absolute: rest.starts_with('/'), steps: Vec::new() };
        if !path.absolute && rest.is_empty() {
            return Err("it is empty".to_owned());
        }
        let mut first = !path.absolute;
        while !rest.is_empty() {
            let deep = rest.starts_with("//");
            if !first {
                rest = rest
                    .strip_prefix("//")
                    .or_else(|| rest.strip_prefix('/'))
                    .ok_or_else(|| format!("expected `/` before `{rest}`"))?;
            }
            first = false;
            let (step, after) = step(rest, deep, namespaces)?;
            path.steps.push(step);
            rest = after;
        }
        if path.steps.is_empty() {
            return Err("it names nothing".to_owned());
        }
        Ok(path)
    }

    /// Everything at the path, in order of the document.
    pub(super) fn find<'a, 'i>(&self, from: Node<'a, 'i>) -> Vec<Found<'a, 'i>> {
        let start = if self.absolute { from.document().root() } else { from };
        let mut found = vec![Found::Node(start)];
        for step in &self.steps {
            let mut next = Vec::new();
            for it in found {
                if let Found::Node(node) = it {
                    step.apply(node, &mut next);
                }
            }
            found = next;
        }
        found
    }
}

fn step<'t>(text: &'t str, deep: bool, names: &Namespaces) -> Result<(Step, &'t str), String> {
    let end = text.find(['/', '[']).unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    let mut predicates = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let (inside, after) =
            inner.split_once(']').ok_or_else(|| format!("`[` is not closed in `{text}`"))?;
        predicates.push(predicate(inside.trim(), names)?);
        rest = after;
    }
    Ok((Step { deep, test: test(word.trim(), names)?, predicates }, rest))
}

fn test(word: &str, names: &Namespaces) -> Result<Test, String> {
    match word {
        "*" => return Ok(Test::Any),
        "." => return Ok(Test::Here),
        ".." => return Ok(Test::Parent),
        "text()" => return Ok(Test::Text),
        _ => {}
    }
    let (attribute, word) = match word.strip_prefix('@') {
        Some(word) => (true, word),
        None => (false, word.strip_prefix("child::").unwrap_or(word)),
    };
    let (prefix, local) = match word.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, word),
    };
    let is_name = |it: &str| {
        it.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && it.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
    };
    if !is_name(local) || prefix.is_some_and(|it| !is_name(it)) {
        return Err(format!("`{word}` is not a name; functions are not yet supported"));
    }
    let uri = match prefix {
        Some(prefix) => match names.iter().find(|(known, _)| known == prefix) {
            Some((_, uri)) => Some(uri.clone()),
            None => return Err(format!("the prefix `{prefix}` is not in `namespaces`")),
        },
        None => None,
    };
    let name = Name { uri, local: local.to_owned() };
    Ok(if attribute { Test::Attribute(name) } else { Test::Element(name) })
}

fn predicate(text: &str, names: &Namespaces) -> Result<Predicate, String> {
    if let Ok(place) = text.parse() {
        return Ok(Predicate::Place(place));
    }
    let (left, right) = match text.split_once('=') {
        Some((left, right)) => {
            let right = right.trim();
            let quoted = ['\'', '"']
                .into_iter()
                .find_map(|quote| right.strip_prefix(quote).and_then(|it| it.strip_suffix(quote)));
            let number = right.parse::<f64>().ok().map(|_| right);
            let value = quoted.or(number);
            let value = value.ok_or_else(|| format!("`{right}` is not a quoted text"))?;
            (left.trim(), Some(value.to_owned()))
        }
        None => (text, None),
    };
    Ok(Predicate::Has { test: test(left, names)?, text: right })
}

impl Step {
    fn apply<'a, 'i>(&self, node: Node<'a, 'i>, out: &mut Vec<Found<'a, 'i>>) {
        if !self.deep {
            return self.apply_here(node, out);
        }
        for node in node.descendants().filter(|it| it.is_element() || it.is_root()) {
            self.apply_here(node, out);
        }
    }

    fn apply_here<'a, 'i>(&self, node: Node<'a, 'i>, out: &mut Vec<Found<'a, 'i>>) {
        let mut found = Vec::new();
        self.test.apply(node, &mut found);
        for predicate in &self.predicates {
            let mut place = 0;
            found.retain(|it| {
                place += 1;
                match predicate {
                    Predicate::Place(wanted) => *wanted == place,
                    Predicate::Has { test, text } => has(*it, test, text.as_deref()),
                }
            });
        }
        out.append(&mut found);
    }
}

fn has(found: Found<'_, '_>, test: &Test, text: Option<&str>) -> bool {
    let Found::Node(node) = found else { return false };
    let mut inner = Vec::new();
    test.apply(node, &mut inner);
    inner.iter().any(|it| text.is_none_or(|text| it.text() == text))
}

impl Test {
    fn apply<'a, 'i>(&self, node: Node<'a, 'i>, out: &mut Vec<Found<'a, 'i>>) {
        match self {
            Self::Here => out.push(Found::Node(node)),
            Self::Parent => out.extend(node.parent().map(Found::Node)),
            Self::Any => {
                out.extend(node.children().filter(Node::is_element).map(Found::Node));
            }
            Self::Text => out.extend(node.children().filter(Node::is_text).map(Found::Node)),
            Self::Element(name) => {
                let named = |it: &Node<'_, '_>| {
                    it.is_element()
                        && it.tag_name().name() == name.local
                        && it.tag_name().namespace() == name.uri.as_deref()
                };
                out.extend(node.children().filter(named).map(Found::Node));
            }
            Self::Attribute(name) => {
                let named = |it: &Attribute<'_, '_>| {
                    it.name() == name.local && it.namespace() == name.uri.as_deref()
                };
                out.extend(node.attributes().filter(named).map(Found::Attribute));
            }
        }
    }
}

impl<'a> Found<'a, '_> {
    /// The text of a text node or an attribute, or the texts directly within an element.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Attribute(attribute) => attribute.value().to_owned(),
            Self::Node(node) if node.is_text() => node.text().unwrap_or("").to_owned(),
            Self::Node(node) => {
                node.children().filter(Node::is_text).filter_map(|it| it.text()).collect()
            }
        }
    }

    /// The element, if it is one that holds elements.
    pub(super) fn nested(&self) -> Option<Node<'a, '_>> {
        match self {
            Self::Node(node) if node.children().any(|it| it.is_element()) => Some(*node),
            Self::Node(_) | Self::Attribute(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Vec<String> {
        let text =
            "<r xmlns:p='u'><o id='1'><n>A</n><n>B</n></o><o id='2'><n>C</n><p:n>D</p:n></o></r>";
        let document = roxmltree::Document::parse(text).unwrap();
        let namespaces = vec![("q".to_owned(), "u".to_owned())];
        let path = Path::parse(path, &namespaces).unwrap();
        path.find(document.root_element()).iter().map(Found::text).collect()
    }

    #[test]
    fn paths_find_elements_attributes_and_text() {
        let cases: [(&str, &[&str]); 9] = [
            ("o/n", &["A", "B", "C"]),
            ("//n", &["A", "B", "C"]),
            ("/r/o[2]/n", &["C"]),
            ("o/@id", &["1", "2"]),
            ("o[@id='1']/n[2]", &["B"]),
            ("o[n='C']/q:n", &["D"]),
            ("//q:n/text()", &["D"]),
            ("n", &[]),
            ("o/n[1]", &["A", "C"]),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_told() {
        for path in ["", "//12", "a[", "x:a", "a//", "count(a)"] {
            assert!(Path::parse(path, &Vec::new()).is_err(), "{path}");
        }
    }
}
