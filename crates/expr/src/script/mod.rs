//! `define function f[language] return type { … }`: functions whose text is in the app.

#[cfg(feature = "javascript")]
mod javascript;
#[cfg(feature = "javascript")]
mod native;
#[cfg(feature = "javascript")]
mod values;

use weir_event::DataType;

use crate::functions::Bound;

/// Makes a script function ready.
///
/// # Errors
///
/// The language is not known to this build, or the text is not of that language; the sentence is
/// for the person who wrote the app.
pub fn script(language: &str, name: &str, body: &str, returns: DataType) -> Result<Bound, String> {
    match language.to_ascii_lowercase().as_str() {
        #[cfg(feature = "javascript")]
        "javascript" | "js" => javascript::bind(name, body, returns),
        _ => {
            let _ = (body, returns);
            Err(format!("functions in `{language}`, such as `{name}`, are not supported"))
        }
    }
}
