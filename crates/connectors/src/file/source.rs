//! The file source: reads a file, or the files of a directory, as they come and grow.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use weir_event::{Text, Value};

use super::cut::{Cut, Piece};
use super::place::{Place, Places};
use super::settings::{After, From, Lines, Settings};
use super::tail::{Fate, Tail};
use crate::mapper::Decoded;
use crate::payload::{Message, Payload};
use crate::problem::Problem;
use crate::source::{
    Intake, Later, Position, Received, Refused, Source, SourceError, SourceSpec, SourceState, Stop,
};

/// Messages that are handed over together at most.
const TOGETHER_MAX: usize = 4096;

/// How long to wait before events that the host could not take are offered again.
const OFFER_AGAIN: Duration = Duration::from_millis(100);

pub(super) fn build(spec: &SourceSpec<'_>) -> Result<Box<dyn Source>, Problem> {
    if spec.mapper.eq_ignore_ascii_case("passThrough") {
        return Err(Problem::new("the `file` source needs a mapper that reads text or bytes")
            .hint("add `@map(type='json')`, `csv`, `text`, `xml` or `binary`"));
    }
    Ok(Box::new(FileSource { settings: Settings::read(spec)? }))
}

struct FileSource {
    settings: Settings,
}

impl Source for FileSource {
    fn run<'a>(
        &'a self,
        intake: Intake,
        from: Option<Position>,
        stop: Stop,
    ) -> Later<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let places = match from {
                None => Places::default(),
                Some(position) => Places::of(&position).ok_or_else(|| SourceError::Unusable {
                    reason: "the stored position is not one of a file source".to_owned(),
                })?,
            };
            let settings = &self.settings;
            let mut reading = Reading { settings, intake, places, stop, told: None };
            match &settings.from {
                From::File(path) => reading.follow_file(path).await,
                From::Dir(dir, pattern) => {
                    let wanted = |name: &str| {
                        pattern.as_ref().is_none_or(|it| it.is_match(name).unwrap_or(false))
                    };
                    reading.follow_dir(dir, wanted).await;
                }
            }
            reading.intake.state(SourceState::Closed);
            Ok(())
        })
    }
}

/// A file source at work.
struct Reading<'a> {
    settings: &'a Settings,
    intake: Intake,
    places: Places,
    stop: Stop,
    /// The state told last, so that each is told once.
    told: Option<SourceState>,
}

/// Why the reading of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The source shall stop.
    Stopped,
    /// Everything that is there was taken.
    Done,
    /// Another file has its name now.
    Replaced,
}

impl Reading<'_> {
    async fn follow_file(&mut self, path: &Path) {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        while !self.stop.is_set() {
            match Tail::open(path, self.places.get(&name)).await {
                Err(error) => self.tell_failure("open", path, &error),
                Ok(tail) => {
                    self.tell(SourceState::Open { at: path.display().to_string() });
                    if !tail.place.done {
                        match self.read_and_finish(tail, true).await {
                            Ended::Stopped => return,
                            Ended::Done => {}
                            Ended::Replaced => continue,
                        }
                    }
                }
            }
            if !self.pause().await {
                return;
            }
        }
    }

    async fn follow_dir(&mut self, dir: &Path, wanted: impl Fn(&str) -> bool) {
        while !self.stop.is_set() {
            match files(dir, &wanted).await {
                Err(error) => self.tell_failure("list", dir, &error),
                Ok(found) => {
                    self.tell(SourceState::Open { at: dir.display().to_string() });
                    self.adopt_renamed(&found);
                    for file in found {
                        if self.is_read(&file) {
                            continue;
                        }
                        let known = self.places.get(&file.name).cloned();
                        let ended = match Tail::open(&file.path, known.as_ref()).await {
                            Ok(tail) => self.read_and_finish(tail, false).await,
                            Err(error) => {
                                self.tell_failure("open", &file.path, &error);
                                Ended::Done
                            }
                        };
                        if ended == Ended::Stopped {
                            return;
                        }
                    }
                }
            }
            if !self.pause().await {
                return;
            }
        }
    }

    /// Takes over the places of files that have other names now, and forgets those that are gone.
    fn adopt_renamed(&mut self, found: &[Found]) {
        for file in found {
            let moved = self.places.by_inode(file.inode).filter(|it| it.name != file.name);
            if let Some(place) = moved.cloned() {
                let still_there =
                    found.iter().any(|it| it.name == place.name && it.inode == place.inode);
                if !still_there {
                    self.places.forget(&place.name);
                    self.places.put(Place { name: file.name.clone(), ..place });
                }
            }
        }
        self.places.keep_only(|name| found.iter().any(|it| it.name == name));
    }

    fn is_read(&self, file: &Found) -> bool {
        self.places.get(&file.name).is_some_and(|it| {
            it.inode == file.inode && it.offset == file.length && (it.done || self.settings.tailing)
        })
    }

    async fn read_and_finish(&mut self, mut tail: Tail, wait: bool) -> Ended {
        if !tail.from_start {
            self.intake.decoder().resume();
        }
        match self.read(&mut tail, wait).await {
            Ok(Ended::Done) if !self.settings.tailing => {
                tail.place.done = true;
                self.places.put(tail.place.clone());
                let after = self.settings.after_process.clone();
                self.put_away(&tail.path, &tail.place.name, &after).await;
                Ended::Done
            }
            Ok(Ended::Replaced) => {
                self.places.forget(&tail.place.name);
                Ended::Replaced
            }
            Ok(ended) => ended,
            Err(error) => {
                self.tell_failure("read", &tail.path, &error);
                let after = self.settings.after_failure.clone();
                self.put_away(&tail.path, &tail.place.name, &after).await;
                Ended::Done
            }
        }
    }

    /// Reads a file to its end, and, where it is to wait, on as it grows.
    async fn read(&mut self, tail: &mut Tail, wait: bool) -> io::Result<Ended> {
        let mut whole = !self.settings.tailing;
        let mut replaced = None;
        loop {
            if self.stop.is_set() {
                return Ok(Ended::Stopped);
            }
            match self.hand_over(tail, whole).await {
                HandedOver::Stopped => return Ok(Ended::Stopped),
                HandedOver::Enough => return Ok(Ended::Done),
                HandedOver::Some => continue,
                HandedOver::Nothing => {}
            }
            if tail.read_more().await? {
                continue;
            }
            if whole || replaced.is_some() {
                // The end of a file ends its last message; look once more under that rule.
                if matches!(self.hand_over(tail, true).await, HandedOver::Stopped) {
                    return Ok(Ended::Stopped);
                }
                return Ok(replaced.unwrap_or(Ended::Done));
            }
            if !wait {
                return Ok(Ended::Done);
            }
            match tail.fate().await {
                Fate::Same => {
                    if !self.pause().await {
                        return Ok(Ended::Stopped);
                    }
                }
                // What was added before the file was replaced is read to its end first.
                Fate::Replaced => {
                    replaced = Some(Ended::Replaced);
                    whole = true;
                    tail.at_end = false;
                }
                Fate::Truncated => return Ok(Ended::Replaced),
            }
        }
    }

    /// Hands over what was read and not yet taken, as far as it is whole messages.
    async fn hand_over(&mut self, tail: &mut Tail, whole: bool) -> HandedOver {
        let mut decoded = self.intake.decoder().begin();
        let mut raw = None;
        let mut count = 0;
        let mut enough = false;
        while count < TOGETHER_MAX && raw.is_none() && !enough {
            let Some(piece) = tail.next(&self.settings.cut, whole) else { break };
            let last = tail.ends_with(&piece);
            // Whether a message is the last is known only once the end was seen.
            if whole && last && !tail.at_end {
                break;
            }
            let wanted = self.wanted(tail, &piece, last);
            enough = wanted == Wanted::Enough;
            if wanted == Wanted::Yes {
                let message = self.message(tail, &piece, whole && last);
                count += 1;
                if !self.intake.decoder().decode_into(&message, &mut decoded) {
                    raw = Some(message);
                }
            }
            if !enough {
                tail.pass(&piece);
            }
        }
        if count == 0 {
            return if enough { HandedOver::Enough } else { HandedOver::Nothing };
        }
        let place = tail.place_after_cut();
        let mut places = self.places.clone();
        places.put(place);
        let received = received(decoded, raw, places.position());
        if !self.offer(received).await {
            return HandedOver::Stopped;
        }
        tail.taken();
        self.places = places;
        if enough { HandedOver::Enough } else { HandedOver::Some }
    }

    /// Whether a piece is to be handed over.
    fn wanted(&self, tail: &Tail, piece: &Piece, last: bool) -> Wanted {
        let by_line = matches!(self.settings.cut, Cut::Lines);
        if by_line && blank(tail.bytes(piece)) {
            return Wanted::No;
        }
        let header = tail.from_start && tail.messages < self.settings.header_lines;
        match self.settings.lines {
            Lines::All if header => Wanted::No,
            Lines::NoTrailer if header || last => Wanted::No,
            Lines::Trailer if !last => Wanted::No,
            Lines::Header if !header => Wanted::Enough,
            Lines::All | Lines::NoTrailer | Lines::Trailer | Lines::Header => Wanted::Yes,
        }
    }

    fn message(&self, tail: &Tail, piece: &Piece, last: bool) -> Message {
        let bytes = tail.bytes(piece);
        let payload = if self.settings.binary {
            Payload::Bytes(Bytes::copy_from_slice(bytes))
        } else {
            let text = String::from_utf8_lossy(bytes);
            let trimmed = matches!(self.settings.cut, Cut::Lines) && !self.settings.tailing;
            Payload::Text(Text::from(if trimmed { text.trim() } else { &*text }))
        };
        let property = |name: &String| property(name, tail, last);
        Message { payload, properties: self.settings.properties.iter().map(property).collect() }
    }

    /// Offers events until the host takes them; false when the source shall stop.
    async fn offer(&mut self, received: Received) -> bool {
        loop {
            let answer = tokio::select! {
                biased;
                answer = self.intake.send(received.clone()) => answer,
                () = self.stop.wait() => return false,
            };
            match answer {
                Ok(_) => return true,
                Err(refused @ Refused::Invalid { .. }) => {
                    tracing::error!("events of a file were left out: {refused}");
                    return true;
                }
                Err(Refused::NotActive | Refused::Busy { .. }) => {
                    tokio::select! {
                        () = tokio::time::sleep(OFFER_AGAIN) => {}
                        () = self.stop.wait() => return false,
                    }
                }
            }
        }
    }

    /// Keeps, deletes or moves a file that is done with.
    async fn put_away(&mut self, path: &Path, name: &str, after: &After) {
        let done = match after {
            After::Keep => return,
            After::Delete => tokio::fs::remove_file(path).await,
            After::Move(dir) => move_into(path, dir, name, self.settings.overwrite).await,
        };
        match done {
            Ok(()) => self.places.forget(name),
            Err(error) => self.tell_failure("put away", path, &error),
        }
    }

    /// Waits until the next look; false when the source shall stop.
    async fn pause(&mut self) -> bool {
        tokio::select! {
            () = tokio::time::sleep(self.settings.interval) => true,
            () = self.stop.wait() => false,
        }
    }

    fn tell_failure(&mut self, deed: &str, path: &Path, error: &io::Error) {
        let cause = format!("could not {deed} `{}`: {error}", path.display());
        self.tell(SourceState::Retrying { cause, after: self.settings.interval });
    }

    fn tell(&mut self, state: SourceState) {
        if self.told.as_ref() != Some(&state) {
            self.intake.state(state.clone());
            self.told = Some(state);
        }
    }
}

/// How a hand-over went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HandedOver {
    /// There is no whole message.
    Nothing,
    /// Some were taken.
    Some,
    /// The rest of the file is not wanted.
    Enough,
    /// The source shall stop.
    Stopped,
}

/// Whether a piece is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Yes,
    No,
    /// Neither it nor anything after it.
    Enough,
}

fn received(decoded: Decoded, raw: Option<Message>, position: Position) -> Received {
    let (batch, chunk_ends, failures) = decoded.finish();
    let position = Some(position);
    Received { batch, chunk_ends, failures, raw, position, idempotency_key: None }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

fn property(name: &str, tail: &Tail, last: bool) -> Option<Value> {
    Some(match name {
        "eof" => Value::text(if last { "true" } else { "false" }),
        "file.path" => Value::text(tail.path.display().to_string()),
        "file.name" => Value::text(tail.place.name.as_str()),
        "content.length" => Value::text(tail.length.to_string()),
        "sequence.number" => Value::text((tail.messages + 1).to_string()),
        "lastModifiedTimestamp" => Value::text(tail.modified_ms.to_string()),
        _ => return None,
    })
}

/// A file of the directory.
struct Found {
    path: PathBuf,
    name: String,
    inode: u64,
    length: u64,
}

/// The files of a directory in order of name.
async fn files(dir: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Found>> {
    use std::os::unix::fs::MetadataExt;
    let mut listing = tokio::fs::read_dir(dir).await?;
    let mut found = Vec::new();
    while let Some(entry) = listing.next_entry().await? {
        let name = entry.file_name().to_string_lossy().into_owned();
        // A file may be gone by now.
        let Ok(metadata) = tokio::fs::metadata(entry.path()).await else { continue };
        if metadata.is_file() && wanted(&name) {
            let (inode, length) = (metadata.ino(), metadata.len());
            found.push(Found { path: entry.path(), name, inode, length });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

async fn move_into(path: &Path, dir: &Path, name: &str, overwrite: bool) -> io::Result<()> {
    tokio::fs::create_dir_all(dir).await?;
    let mut target = dir.join(name);
    let mut copy = 1;
    while !overwrite && tokio::fs::try_exists(&target).await? {
        target = dir.join(format!("{name}.{copy}"));
        copy += 1;
    }
    match tokio::fs::rename(path, &target).await {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            tokio::fs::copy(path, &target).await?;
            tokio::fs::remove_file(path).await
        }
        moved => moved,
    }
}
