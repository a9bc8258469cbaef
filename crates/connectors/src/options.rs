//! The options of one connector or mapper, checked against its description.

use crate::annotation::{Annotation, StreamInfo};
use crate::extension::{Extension, Need, Param};
use crate::problem::Problem;
use crate::template::Template;

/// Options as written, with defaults filled in from the description.
#[derive(Debug, Clone)]
pub struct Options {
    of: String,
    entries: Vec<(String, String)>,
    params: &'static [Param],
}

/// Options with their templates, and what the author should hear about them.
#[derive(Debug)]
pub struct CheckedOptions {
    /// Those whose value holds for every event.
    pub fixed: Options,
    /// Those whose value is made from each event, by name.
    pub per_event: Vec<(String, Template)>,
    /// Sentences for the author: options that are not known here.
    pub warnings: Vec<String>,
}

/// Keys that belong to the framework rather than to one extension.
const SHARED_KEYS: [&str; 3] = ["type", "ref", "on.error"];

impl Options {
    /// Options for tests and for hosts that have no annotation.
    #[must_use]
    pub fn of(extension: &Extension, entries: &[(&str, &str)]) -> Self {
        Self {
            of: title(extension),
            entries: entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            params: extension.params,
        }
    }

    /// Checks an annotation's keyed elements against a description.
    ///
    /// A described name that ends in `.*` stands for every key that starts as it does.
    ///
    /// # Errors
    ///
    /// A mandatory option is missing, or one holds a template and may not.
    pub fn check(
        annotation: &Annotation,
        extension: &Extension,
        stream: &StreamInfo,
    ) -> Result<CheckedOptions, Problem> {
        let of = title(extension);
        let mut entries = Vec::new();
        let mut per_event = Vec::new();
        let mut warnings = Vec::new();
        for element in &annotation.elements {
            let Some(key) = element.key.as_deref().map(str::trim) else { continue };
            let known = extension.params.iter().find(|it| it.names(key));
            if known.is_none() && !SHARED_KEYS.contains(&key) {
                warnings.push(format!("{of} does not know the option `{key}`, it is ignored"));
            }
            if !Template::has_braces(&element.value) {
                entries.push((key.to_owned(), element.value.clone()));
            } else if known.is_some_and(|it| it.dynamic) {
                let template = Template::compile(&element.value, stream)?;
                per_event.push((key.to_owned(), template));
            } else if known.is_some() {
                return Err(not_dynamic(&of, key, extension));
            }
        }
        let given = |name: &str| {
            entries.iter().any(|(key, _)| key == name) || per_event.iter().any(|(k, _)| k == name)
        };
        for param in extension.params.iter().filter(|it| it.need == Need::Mandatory) {
            if !given(param.name) {
                return Err(Problem::new(format!("{of} needs the option `{}`", param.name))
                    .hint(format!("add `{}='…'`: {}", param.name, param.about)));
            }
        }
        let fixed = Self { of, entries, params: extension.params };
        Ok(CheckedOptions { fixed, per_event, warnings })
    }

    /// The value as written, or its default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.written(name).or_else(|| {
            self.params.iter().find(|it| it.name == name).and_then(|it| match it.need {
                Need::Default(value) => Some(value),
                Need::Mandatory | Need::Optional => None,
            })
        })
    }

    /// The value only if the author wrote it.
    #[must_use]
    pub fn written(&self, name: &str) -> Option<&str> {
        // The last one counts, as where keys are put into a map.
        self.entries.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every option as written, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A mandatory option.
    ///
    /// # Errors
    ///
    /// It is not there (a description that calls it mandatory rules this out).
    pub fn require(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::new(format!("{} needs the option `{name}`", self.of)))
    }

    /// A truth value, read as the original does: `true` in any case is true, all else false.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A whole number.
    ///
    /// # Errors
    ///
    /// The value is not one.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.trim().parse().map(Some).map_err(|_| {
            Problem::new(format!("`{name}` of {} is not a number: `{value}`", self.of))
                .hint(format!("write a whole number, such as `{name}='10'`"))
        })
    }

    /// Who these options belong to, such as "the `http` source".
    #[must_use]
    pub fn title(&self) -> &str {
        &self.of
    }
}

fn title(extension: &Extension) -> String {
    format!("the `{}` {}", extension.name, extension.build.kind())
}

fn not_dynamic(of: &str, key: &str, extension: &Extension) -> Problem {
    let dynamic: Vec<String> = extension
        .params
        .iter()
        .filter(|it| it.dynamic)
        .map(|it| format!("`{}`", it.name))
        .collect();
    let hint = if dynamic.is_empty() {
        "none of its options can".to_owned()
    } else {
        format!("these can: {}", dynamic.join(", "))
    };
    Problem::new(format!("`{key}` of {of} cannot change from event to event")).hint(hint)
}
