//! One file being read: what was read of it and not yet taken, and where that stands.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::cut::{Cut, Piece};
use super::place::{HEAD_MAX_BYTES, Place};

/// Bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// The largest message; a longer one is an error of the file.
pub(super) const MESSAGE_MAX_BYTES: usize = 64 * 1024 * 1024;

/// One file being read.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) path: PathBuf,
    file: File,
    head: Vec<u8>,
    /// How far it has been taken.
    pub(super) place: Place,
    /// Bytes read from `place.offset` on.
    buffer: Vec<u8>,
    /// How many of `buffer` have been cut into messages.
    cut: usize,
    /// Whether the last read found the end.
    pub(super) at_end: bool,
    /// Messages passed since it was opened.
    pub(super) messages: usize,
    /// Whether it was opened at its start.
    pub(super) from_start: bool,
    pub(super) modified_ms: i64,
    pub(super) length: u64,
}

/// What became of a file under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there and may have grown.
    Same,
    /// Its name is another file's now, or nobody's.
    Replaced,
    /// It is shorter than what was read of it.
    Truncated,
}

impl Tail {
    /// Opens a file where `known` left it, or at its start if it is not the file known.
    pub(super) async fn open(path: &Path, known: Option<&Place>) -> io::Result<Self> {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        let mut file = File::open(path).await?;
        let metadata = file.metadata().await?;
        let mut head = vec![0; HEAD_MAX_BYTES];
        let mut filled = 0;
        while filled < head.len() {
            match file.read(&mut head[filled..]).await? {
                0 => break,
                count => filled += count,
            }
        }
        head.truncate(filled);
        let name = name.unwrap_or_default();
        let place = match known {
            Some(place) if place.knows(&head, metadata.len()) => {
                Place { name, inode: metadata.ino(), ..place.clone() }
            }
            Some(_) | None => Place { name, inode: metadata.ino(), ..Place::default() },
        };
        let from_start = place.offset == 0;
        file.seek(SeekFrom::Start(place.offset)).await?;
        Ok(Self {
            path: path.to_owned(),
            file,
            head,
            place,
            buffer: Vec::new(),
            cut: 0,
            at_end: false,
            messages: 0,
            from_start,
            modified_ms: metadata.mtime().saturating_mul(1000) + metadata.mtime_nsec() / 1_000_000,
            length: metadata.len(),
        })
    }

    /// Reads on; false at the end of what is there.
    pub(super) async fn read_more(&mut self) -> io::Result<bool> {
        if self.buffer.len() - self.cut > MESSAGE_MAX_BYTES {
            return Err(io::Error::other(format!(
                "a message is longer than {MESSAGE_MAX_BYTES} bytes"
            )));
        }
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let count = match self.file.read(&mut self.buffer[before..]).await {
            Ok(count) => count,
            Err(error) => {
                self.buffer.truncate(before);
                return Err(error);
            }
        };
        self.buffer.truncate(before + count);
        if self.head.len() < HEAD_MAX_BYTES {
            let missing = HEAD_MAX_BYTES - self.head.len();
            let fresh = self.buffer.get(before..).unwrap_or_default();
            self.head.extend_from_slice(fresh.get(..missing).unwrap_or(fresh));
        }
        self.at_end = count == 0;
        Ok(count > 0)
    }

    /// The next message of what was read; `whole` says that the file's end ends a message.
    pub(super) fn next(&self, cut: &Cut, whole: bool) -> Option<Piece> {
        cut.next(&self.buffer, self.cut, whole && self.at_end)
    }

    /// Goes on behind a piece.
    pub(super) fn pass(&mut self, piece: &Piece) {
        self.cut = piece.next;
        self.messages += 1;
    }

    /// The bytes of a piece.
    pub(super) fn bytes(&self, piece: &Piece) -> &[u8] {
        self.buffer.get(piece.content.clone()).unwrap_or_default()
    }

    /// Whether nothing that was read follows a piece.
    pub(super) fn ends_with(&self, piece: &Piece) -> bool {
        piece.next >= self.buffer.len()
    }

    /// Where the file stands once all pieces cut so far are taken.
    pub(super) fn place_after_cut(&self) -> Place {
        let mut place = self.place.clone();
        place.offset += self.cut as u64;
        place.note_head(&self.head);
        place
    }

    /// All pieces cut so far are taken.
    pub(super) fn taken(&mut self) {
        self.place = self.place_after_cut();
        self.buffer.drain(..self.cut);
        self.cut = 0;
    }

    /// What became of the file under its name since it was opened.
    pub(super) async fn fate(&self) -> Fate {
        match tokio::fs::metadata(&self.path).await {
            Ok(metadata) if metadata.ino() == self.place.inode => {
                let read = self.place.offset + self.buffer.len() as u64;
                if metadata.len() < read { Fate::Truncated } else { Fate::Same }
            }
            Ok(_) | Err(_) => Fate::Replaced,
        }
    }
}
