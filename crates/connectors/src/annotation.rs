//! What an app's text says about one source, sink or mapper, before anyone checks it.

use weir_event::{Schema, Text};

/// `@name(key='value', 'bare value', @nested(…))`, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Annotation {
    /// The name after the `@`.
    pub name: String,
    /// Its elements, in order.
    pub elements: Vec<Element>,
    /// The annotations within, in order.
    pub annotations: Vec<Annotation>,
}

/// One `key='value'`, or a bare value, of an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The key, if one is written.
    pub key: Option<String>,
    /// The value, without its quotes.
    pub value: String,
}

impl Annotation {
    /// An annotation with these keyed elements.
    #[must_use]
    pub fn new(name: &str, elements: &[(&str, &str)]) -> Self {
        let keyed = |(key, value): &(&str, &str)| Element {
            key: Some((*key).to_owned()),
            value: (*value).to_owned(),
        };
        Self {
            name: name.to_owned(),
            elements: elements.iter().map(keyed).collect(),
            annotations: Vec::new(),
        }
    }

    /// The same with one more annotation within.
    #[must_use]
    pub fn with(mut self, nested: Self) -> Self {
        self.annotations.push(nested);
        self
    }

    /// The same with one more bare value.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.elements.push(Element { key: None, value: value.to_owned() });
        self
    }

    /// The first annotation within that has this name, in any case.
    #[must_use]
    pub fn nested(&self, name: &str) -> Option<&Self> {
        self.annotations.iter().find(|it| it.name.eq_ignore_ascii_case(name))
    }

    /// The value of the first element with this key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.elements.iter().find(|it| it.key.as_deref() == Some(key)).map(|it| it.value.as_str())
    }
}

/// The stream a source fills or a sink drains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The app's name.
    pub app: Text,
    /// The stream's name.
    pub stream: Text,
    /// The name of this source or sink within its app: part of the ids of its outputs, so it
    /// must stay the same from one deploy of the same text to the next.
    pub element: Text,
    /// The stream's attributes.
    pub schema: Schema,
}

impl StreamInfo {
    /// The place of the attribute of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<usize> {
        self.schema.iter().position(|it| it.name == name)
    }
}
