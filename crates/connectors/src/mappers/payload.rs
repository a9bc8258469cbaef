//! What mappers share: the text of a message, and what `@payload` may hold.

use std::borrow::Cow;

use weir_event::Value;

use crate::mapper::SinkMapperSpec;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::template::{Content, Template};

/// The one text template of a mapper that takes no other kind of `@payload`.
pub(crate) fn one_template(
    spec: &SinkMapperSpec<'_>,
    mapper: &str,
) -> Result<Option<Template>, Problem> {
    let Some(payload) = spec.payload else { return Ok(None) };
    let [element] = payload else {
        return Err(Problem::new(format!(
            "`{mapper}` takes one text as `@payload`, and there are {}",
            payload.len()
        ))
        .hint("put them into one text: `@payload('…{{attribute}}…')`"));
    };
    match Content::compile(&element.value, spec.stream)? {
        Content::Text(template) => Ok(Some(template)),
        Content::Attribute(_) => Err(Problem::new(format!(
            "`{mapper}` writes text, and `@payload('{}')` names an attribute itself",
            element.value
        ))
        .hint(format!("write `{{{{{}}}}}` for its text", element.value.trim()))),
    }
}

/// The text of a payload that can be read as text.
pub(crate) fn text_of(payload: &Payload) -> Option<Cow<'_, str>> {
    match payload {
        Payload::Text(text) => Some(Cow::Borrowed(text)),
        Payload::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
        Payload::Value(Value::Str(text)) => Some(Cow::Borrowed(text)),
        Payload::Value(_) | Payload::Map(_) | Payload::Event(_) | Payload::Events(_) => None,
    }
}
