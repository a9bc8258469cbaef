//! What an app finds in the configuration of its host: properties, and options under a name.

use weir_query as q;
use weir_query::{Annotation, AnnotationElement, Problem};

use crate::compile::{nearest, quoted};

/// What the section `siddhi` of `deployment.yaml` gives to apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// `properties`, such as `shardId`.
    pub properties: Vec<(String, String)>,
    /// `refs`: what `@source`, `@sink` and `@store` may name as their `ref`.
    pub refs: Vec<Reference>,
}

/// Options of a source, sink or store, under a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: String,
    /// The options, with `type`.
    pub options: Vec<(String, String)>,
}

/// The annotations that may name options of the configuration.
const REFERRING: [&str; 3] = ["source", "sink", "store"];

impl Configured {
    /// A property, if it is set.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let (_, value) = self.properties.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The app with the options that its annotations name; those written beside the name win.
    pub(crate) fn referred(&self, app: &q::App, problems: &mut Vec<Problem>) -> q::App {
        let mut app = app.clone();
        for definition in &mut app.definitions {
            let annotations = match definition {
                q::Definition::Stream(it) => &mut it.annotations,
                q::Definition::Table(it) => &mut it.annotations,
                q::Definition::Window(it) => &mut it.annotations,
                q::Definition::Aggregation(it) => &mut it.annotations,
                q::Definition::Trigger(_) | q::Definition::Function(_) => continue,
            };
            for annotation in annotations {
                if REFERRING.iter().any(|name| annotation.name.eq_ignore_ascii_case(name)) {
                    self.refer(annotation, problems);
                }
            }
        }
        app
    }

    fn refer(&self, annotation: &mut Annotation, problems: &mut Vec<Problem>) {
        let Some(named) = annotation.element("ref").cloned() else { return };
        let Some(reference) = self.refs.iter().find(|it| it.name == named.value) else {
            let message = format!("the configuration has no `ref` of the name `{}`", named.value);
            let names: Vec<&str> = self.refs.iter().map(|it| it.name.as_str()).collect();
            let hint = match nearest(&named.value, &names) {
                Some(near) => format!("did you mean `{near}`"),
                None if names.is_empty() => "add it to `siddhi.refs` in deployment.yaml".to_owned(),
                None => format!("there are {}", quoted(&names)),
            };
            problems.push(Problem::new("ref", named.span, message).with_hint(hint));
            return;
        };
        for (key, value) in &reference.options {
            if annotation.element(key).is_none() {
                let (key, value) = (Some(key.clone()), value.clone());
                annotation.elements.push(AnnotationElement { key, value, span: named.span });
            }
        }
    }
}
