//! Every connector and mapper this build carries.

use crate::extension::Extension;
#[cfg(feature = "file")]
use crate::file;
#[cfg(feature = "http")]
use crate::http;
#[cfg(feature = "in-memory")]
use crate::in_memory;
use crate::mappers;
#[cfg(feature = "log")]
use crate::sinks;

/// Every connector and mapper this build carries, in order of kind and name. Add yours here.
pub const BUILTIN: &[&Extension] = &[
    // Sinks.
    #[cfg(feature = "file")]
    &file::SINK,
    #[cfg(feature = "http")]
    &http::SINK,
    #[cfg(feature = "in-memory")]
    &in_memory::SINK,
    #[cfg(feature = "log")]
    &sinks::log::SINK,
    // Sink mappers.
    #[cfg(feature = "binary")]
    &mappers::binary::SINK,
    #[cfg(feature = "csv")]
    &mappers::csv::SINK,
    #[cfg(feature = "json")]
    &mappers::json::SINK,
    #[cfg(feature = "keyvalue")]
    &mappers::keyvalue::SINK,
    &mappers::pass_through::SINK,
    #[cfg(feature = "text")]
    &mappers::text::SINK,
    #[cfg(feature = "xml")]
    &mappers::xml::SINK,
    // Sources.
    #[cfg(feature = "file")]
    &file::SOURCE,
    #[cfg(feature = "http")]
    &http::SOURCE,
    #[cfg(feature = "in-memory")]
    &in_memory::SOURCE,
    // Source mappers.
    #[cfg(feature = "binary")]
    &mappers::binary::SOURCE,
    #[cfg(feature = "csv")]
    &mappers::csv::SOURCE,
    #[cfg(feature = "json")]
    &mappers::json::SOURCE,
    #[cfg(feature = "keyvalue")]
    &mappers::keyvalue::SOURCE,
    &mappers::pass_through::SOURCE,
    #[cfg(feature = "text")]
    &mappers::text::SOURCE,
    #[cfg(feature = "xml")]
    &mappers::xml::SOURCE,
];

/// The extension of this kind and name; names are compared in any case.
#[must_use]
pub fn find(kind: &str, name: &str) -> Option<&'static Extension> {
    let mut known = BUILTIN.iter().copied();
    known.find(|it| it.build.kind() == kind && it.name.eq_ignore_ascii_case(name))
}

/// The names of all extensions of a kind, in back-quotes.
#[must_use]
pub(crate) fn names(kind: &str) -> Vec<String> {
    let known = BUILTIN.iter().filter(|it| it.build.kind() == kind);
    known.map(|it| format!("`{}`", it.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtin_is_in_order_and_each_parameter_is_described() {
        assert!(BUILTIN.is_sorted_by_key(|it| (it.build.kind(), it.name)));
        for extension in BUILTIN {
            assert!(extension.params.is_sorted_by_key(|it| it.name), "`{}`", extension.name);
            for param in extension.params {
                assert!(param.about.ends_with('.'), "`{}` wants a sentence", param.name);
            }
        }
    }
}
