//! Just enough of an app's text: its sources and sinks, and the streams they stand before.

use weir_connectors::{Annotation, Element, StreamInfo};
use weir_event::{Attribute, DataType};

/// One `@source` or `@sink` with its stream.
pub(crate) struct Declared {
    pub(crate) annotation: Annotation,
    pub(crate) stream: StreamInfo,
}

/// All of an app.
pub(crate) fn declared(app: &str) -> Result<Vec<Declared>, String> {
    let mut found = Vec::new();
    let mut rest = app;
    loop {
        let next = ["@source(", "@sink("].iter().filter_map(|it| rest.find(it)).min();
        let Some(start) = next else { return Ok(found) };
        let mut text = Text { rest: rest.get(start..).unwrap() };
        let mut annotations = Vec::new();
        while {
            text.blanks();
            text.rest.starts_with('@')
        } {
            annotations.push(text.annotation()?);
        }
        let stream = text.stream()?;
        rest = text.rest;
        for annotation in annotations {
            found.push(Declared { annotation, stream: stream.clone() });
        }
    }
}

struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, mark: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        let near: String = self.rest.chars().take(30).collect();
        if self.take(mark) { Ok(()) } else { Err(format!("expected {mark} near {near}")) }
    }

    fn word(&mut self) -> &'a str {
        self.blanks();
        let ticked = self.rest.starts_with('`');
        let rest = self.rest.trim_start_matches('`');
        let end = rest.find(|c: char| !c.is_alphanumeric() && !"._-".contains(c));
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = if ticked { rest.trim_start_matches('`') } else { rest };
        word
    }

    fn quoted(&mut self) -> Option<String> {
        self.blanks();
        for quote in ["\"\"\"", "'", "\""] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote)?;
                self.rest = rest;
                return Some(text.to_owned());
            }
        }
        None
    }

    fn annotation(&mut self) -> Result<Annotation, String> {
        self.expect("@")?;
        let mut annotation = Annotation::new(self.word(), &[]);
        self.expect("(")?;
        while !self.take(")") {
            self.blanks();
            if self.rest.starts_with('@') {
                let nested = self.annotation()?;
                annotation = annotation.with(nested);
            } else if let Some(value) = self.quoted() {
                annotation.elements.push(Element { key: None, value });
            } else {
                let key = Some(self.word().to_owned());
                self.expect("=")?;
                let value = self.quoted().ok_or("expected a value")?;
                annotation.elements.push(Element { key, value });
            }
            self.take(",");
        }
        Ok(annotation)
    }

    fn stream(&mut self) -> Result<StreamInfo, String> {
        self.expect("define")?;
        self.expect("stream")?;
        let name = self.word();
        self.expect("(")?;
        let mut schema = Vec::new();
        while !self.take(")") {
            let name = self.word().to_owned();
            let data_type = match self.word().to_ascii_lowercase().as_str() {
                "string" => DataType::String,
                "int" => DataType::Int,
                "long" => DataType::Long,
                "float" => DataType::Float,
                "double" => DataType::Double,
                "bool" => DataType::Bool,
                "object" => DataType::Object,
                other => return Err(format!("no type {other}")),
            };
            schema.push(Attribute { name, data_type });
            self.take(",");
        }
        Ok(StreamInfo {
            app: "app".into(),
            stream: name.into(),
            element: name.into(),
            schema: schema.into(),
        })
    }
}
