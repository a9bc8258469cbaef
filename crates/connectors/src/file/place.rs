//! Where a file source stands: how far it has read each file, and by what it knows the file.

use std::fmt::Write;

use bytes::Bytes;

use crate::source::Position;

/// Bytes at the start of a file by which it is known again.
pub(super) const HEAD_MAX_BYTES: usize = 256;

/// Files of a directory that are remembered; the first in order of name are forgotten first.
pub(super) const FILES_MAX: usize = 10_000;

/// How far one file has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The file's name within its directory.
    pub(super) name: String,
    /// Its number on the disk, by which it is known after it was renamed.
    pub(super) inode: u64,
    /// The byte after the last that was taken.
    pub(super) offset: u64,
    /// How many bytes at its start `head_hash` is of.
    pub(super) head_bytes: usize,
    /// What those bytes hash to.
    pub(super) head_hash: u64,
    /// Whether it is done with, but for what is done with it afterwards.
    pub(super) done: bool,
}

/// How far each file has been read, in order of name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places {
    files: Vec<Place>,
}

/// The words a position starts with, so that a later shape can be told apart.
const VERSION: &str = "file 1";

impl Place {
    /// Whether `head`, the start of a file, is that of the file this place is in.
    pub(super) fn knows(&self, head: &[u8], length: u64) -> bool {
        length >= self.offset
            && head.get(..self.head_bytes).is_some_and(|it| hash(it) == self.head_hash)
    }

    /// Takes note of the file's start, as far as it has been read.
    pub(super) fn note_head(&mut self, head: &[u8]) {
        let known = usize::try_from(self.offset).unwrap_or(usize::MAX).min(HEAD_MAX_BYTES);
        let head = head.get(..known).unwrap_or(head);
        self.head_bytes = head.len();
        self.head_hash = hash(head);
    }
}

/// FNV-1a: the same on every machine.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Places {
    /// The place in the file of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Place> {
        self.files.iter().find(|it| it.name == name)
    }

    /// The place in the file of this number, whatever its name was.
    pub(super) fn by_inode(&self, inode: u64) -> Option<&Place> {
        self.files.iter().find(|it| it.inode == inode)
    }

    /// Puts a place in, instead of the one of its name.
    pub(super) fn put(&mut self, place: Place) {
        match self.files.binary_search_by(|it| it.name.cmp(&place.name)) {
            Ok(at) => self.files[at] = place,
            Err(at) => {
                self.files.insert(at, place);
                if self.files.len() > FILES_MAX {
                    self.files.remove(0);
                }
            }
        }
    }

    /// Forgets the file of this name.
    pub(super) fn forget(&mut self, name: &str) {
        self.files.retain(|it| it.name != name);
    }

    /// Forgets every file whose name `keep` does not hold for.
    pub(super) fn keep_only(&mut self, keep: impl Fn(&str) -> bool) {
        self.files.retain(|it| keep(&it.name));
    }

    /// As bytes that survive a takeover.
    pub(super) fn position(&self) -> Position {
        let mut text = String::from(VERSION);
        for it in &self.files {
            let done = u8::from(it.done);
            let (inode, offset) = (it.inode, it.offset);
            let (bytes, hash) = (it.head_bytes, it.head_hash);
            let name = it.name.replace('\\', "\\\\").replace('\n', "\\n");
            write!(text, "\n{offset} {inode} {bytes} {hash:x} {done} {name}")
                .expect("a string takes any text");
        }
        Position(Bytes::from(text))
    }

    /// What was stored as bytes; `None` if they are not of this source.
    pub(super) fn of(position: &Position) -> Option<Self> {
        let text = std::str::from_utf8(&position.0).ok()?;
        let mut lines = text.split('\n');
        if lines.next() != Some(VERSION) {
            return None;
        }
        let files = lines.map(place).collect::<Option<Vec<Place>>>()?;
        Some(Self { files })
    }
}

fn place(line: &str) -> Option<Place> {
    let mut words = line.splitn(6, ' ');
    let offset = words.next()?.parse().ok()?;
    let inode = words.next()?.parse().ok()?;
    let head_bytes = words.next()?.parse().ok()?;
    let head_hash = u64::from_str_radix(words.next()?, 16).ok()?;
    let done = words.next()? == "1";
    let mut name = String::new();
    let mut chars = words.next()?.chars();
    while let Some(c) = chars.next() {
        name.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                other => other,
            },
            c => c,
        });
    }
    Some(Place { name, inode, offset, head_bytes, head_hash, done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_as_it_was() {
        let mut places = Places::default();
        for (name, offset) in [("b c", 7), ("a\\n\nx", 0)] {
            let mut place = Place { name: name.into(), offset, inode: 5, ..Place::default() };
            place.note_head(b"0123456789");
            places.put(place);
        }
        assert_eq!(places.files[1].head_bytes, 7);
        assert_eq!(Places::of(&places.position()), Some(places));
        assert_eq!(Places::of(&Position(Bytes::from_static(b"file 2"))), None);
        assert_eq!(Places::of(&Position(Bytes::from_static(b"\xff"))), None);
    }

    #[test]
    fn a_file_is_known_by_its_start_and_length() {
        let mut place = Place { offset: 4, ..Place::default() };
        place.note_head(b"abcdef");
        assert!(place.knows(b"abcdxyz", 7));
        assert!(!place.knows(b"abXdxyz", 7));
        assert!(!place.knows(b"abcd", 3));
    }
}
