//! Text measured in UTF-16 units, as the original measures it.

/// The number of UTF-16 units.
pub(super) fn len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The units `from..to` as text, half a character as the replacement character; `None` when they
/// are not all there.
pub(super) fn slice(text: &str, from: usize, to: usize) -> Option<String> {
    if text.is_ascii() {
        return text.get(from..to).map(String::from);
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    units.get(from..to).map(String::from_utf16_lossy)
}

/// The byte at which a unit starts, or the character it is the second half of; `None` past the end.
pub(super) fn byte_of(text: &str, unit: usize) -> Option<usize> {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units + c.len_utf16() > unit {
            return Some(byte);
        }
        units += c.len_utf16();
    }
    (units == unit).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_the_basic_plane_counts_twice() {
        assert_eq!(len("a😀b"), 4);
        assert_eq!(slice("a😀b", 3, 4).as_deref(), Some("b"));
        assert_eq!(slice("a😀b", 1, 3).as_deref(), Some("😀"));
        assert_eq!(slice("abc", 2, 4), None);
        assert_eq!(slice("abc", 2, 1), None);
        assert_eq!(byte_of("a😀b", 3), Some(5));
        assert_eq!(byte_of("ab", 2), Some(2));
        assert_eq!(byte_of("ab", 3), None);
    }
}
