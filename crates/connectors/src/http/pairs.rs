//! The list syntax of the original's HTTP options: `'K:V','K2:V2'`.

/// The pairs of a list; the first colon of each divides it.
///
/// Returns the entry that has no colon if there is one.
pub(super) fn pairs(text: &str) -> Result<Vec<(&str, &str)>, &str> {
    let text = text.trim();
    let mut inner = text.chars();
    // The first and last character are the outer quotes, whatever they are.
    inner.next();
    inner.next_back();
    let inner = inner.as_str();
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    inner.split("','").map(|entry| entry.split_once(':').ok_or(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_at_quotes_and_first_colons() {
        assert_eq!(pairs("'A:b','C:d:e'"), Ok(vec![("A", "b"), ("C", "d:e")]));
        assert_eq!(pairs("''"), Ok(vec![]));
        assert_eq!(pairs("'A'"), Err("A"));
    }
}
