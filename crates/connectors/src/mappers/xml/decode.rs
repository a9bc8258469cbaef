//! XML into events: by the names of elements, or by path.

use roxmltree::{Document, Node};
use weir_event::{DataType, Schema, Value};

use super::path::{Found, Namespaces, Path};
use crate::mapper::{Decoded, MapError, SourceMapper, SourceMapperSpec};
use crate::mappers::payload::text_of;
use crate::payload::{ENTRY_TIME, Message};
use crate::problem::Problem;
use crate::text_value::text_value;

pub(super) fn build(spec: &SourceMapperSpec<'_>) -> Result<Box<dyn SourceMapper>, Problem> {
    for option in ["enable.streaming.xml.content", "extract.leaf.node.data"] {
        if spec.options.flag(option) {
            let what = format!("`{option}` of the `xml` mapper is not supported");
            let hint = "send whole messages, and map the paths that are wanted";
            return Err(Problem::new(what).hint(hint));
        }
    }
    let mut namespaces = Namespaces::new();
    for pair in spec.options.get("namespaces").unwrap_or("").split(',') {
        if pair.trim().is_empty() {
            continue;
        }
        let Some((prefix, uri)) = pair.split_once('=') else {
            return Err(Problem::new(format!("`namespaces` of the `xml` mapper holds `{pair}`"))
                .hint("write `prefix=uri,prefix=uri`"));
        };
        namespaces.push((prefix.trim().to_owned(), uri.trim().to_owned()));
    }
    let path = |text: &str| {
        Path::parse(text, &namespaces)
            .map_err(|cause| Problem::new(format!("`{text}` is not an XPath: {cause}")))
    };
    let paths = match spec.attributes {
        Some(attributes) => Some(
            attributes
                .iter()
                .map(|it| Ok((it.attribute, path(&it.path)?)))
                .collect::<Result<Vec<_>, Problem>>()?,
        ),
        None => None,
    };
    let enclosing = match spec.options.get("enclosing.element") {
        Some(text) => Some(path(text)?),
        None => None,
    };
    Ok(Box::new(XmlMapper {
        schema: spec.stream.schema.clone(),
        paths,
        enclosing,
        enclosing_is_event: spec.options.flag("enclosing.element.as.event"),
        strict: spec.options.flag("fail.on.missing.attribute"),
    }))
}

struct XmlMapper {
    schema: Schema,
    /// Which path fills which attribute; `None` is default mapping.
    paths: Option<Vec<(usize, Path)>>,
    enclosing: Option<Path>,
    enclosing_is_event: bool,
    strict: bool,
}

impl SourceMapper for XmlMapper {
    fn decode(&self, message: &Message, out: &mut Decoded) {
        let Some(text) = text_of(&message.payload) else {
            let kind = message.payload.kind();
            out.fail(MapError::malformed(format!("`xml` reads text, and this is {kind}")));
            return;
        };
        let document = match Document::parse(&text) {
            Ok(document) => document,
            Err(cause) => {
                let at = cause.pos();
                out.fail(MapError::Malformed {
                    reason: format!("not XML: {cause}"),
                    at: Some((at.row as usize, at.col as usize)),
                });
                return;
            }
        };
        let events = match self.events(document.root_element()) {
            Ok(events) => events,
            Err(reason) => {
                out.fail(MapError::malformed(reason));
                return;
            }
        };
        let several = events.len() > 1;
        for (nth, event) in events.into_iter().enumerate() {
            match self.row(event) {
                Ok(mut row) => out.push(ENTRY_TIME, &mut row),
                Err(reason) => {
                    out.fail(MapError::Unfit { event: several.then_some(nth), reason });
                }
            }
        }
    }

    fn allows_missing_properties(&self) -> bool {
        !self.strict
    }
}

impl XmlMapper {
    /// The elements that are events.
    fn events<'a, 'i>(&self, root: Node<'a, 'i>) -> Result<Vec<Node<'a, 'i>>, String> {
        if self.paths.is_none() {
            if root.tag_name().name() != "events" {
                return Err(format!(
                    "the root is `{}`, and events stand in `events`",
                    root.tag_name().name()
                ));
            }
            let is_event = |it: &Node<'_, '_>| it.is_element() && it.tag_name().name() == "event";
            return Ok(root.children().filter(is_event).collect());
        }
        let Some(enclosing) = &self.enclosing else { return Ok(vec![root]) };
        let mut events = Vec::new();
        for found in enclosing.find(root) {
            let Found::Node(node) = found else { continue };
            if self.enclosing_is_event {
                events.push(node);
            } else {
                events.extend(node.children().filter(Node::is_element));
            }
        }
        if events.is_empty() {
            return Err("the message has no enclosing element with events".to_owned());
        }
        Ok(events)
    }

    fn row(&self, event: Node<'_, '_>) -> Result<Vec<Value>, String> {
        let mut row = vec![Value::Null; self.schema.len()];
        let Some(paths) = &self.paths else {
            let mut seen = vec![false; self.schema.len()];
            for child in event.children().filter(Node::is_element) {
                let name = child.tag_name().name();
                let Some(place) = self.schema.iter().position(|it| it.name == name) else {
                    continue;
                };
                row[place] = self.value(place, &Found::Node(child).text())?;
                seen[place] = true;
            }
            return match seen.iter().position(|it| !it) {
                Some(place) if self.strict => {
                    Err(format!("there is no element `{}`", self.schema[place].name))
                }
                Some(_) | None => Ok(row),
            };
        };
        for (place, path) in paths {
            match path.find(event).first() {
                Some(found) => {
                    let text = match found.nested() {
                        Some(node) if self.schema[*place].data_type == DataType::String => {
                            written(node)
                        }
                        Some(_) | None => found.text(),
                    };
                    match self.value(*place, &text) {
                        Ok(value) => row[*place] = value,
                        Err(reason) if self.strict => return Err(reason),
                        // As in the original, what cannot be read is as if it were not there.
                        Err(_) => {}
                    }
                }
                None if self.strict => {
                    return Err(format!("nothing is found for `{}`", self.schema[*place].name));
                }
                None => {}
            }
        }
        Ok(row)
    }

    fn value(&self, place: usize, text: &str) -> Result<Value, String> {
        let attribute = &self.schema[place];
        text_value(text, attribute.data_type)
            .map_err(|cause| format!("`{}`: {cause}", attribute.name))
    }
}

/// An element as it is written in the message.
fn written(node: Node<'_, '_>) -> String {
    node.document().input_text().get(node.range()).unwrap_or("").to_owned()
}
