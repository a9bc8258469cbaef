//! The file sink: each message at the end of a file, or as all it holds.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use weir_event::Value;

use super::uri::path;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::sink::{DeliverError, Outgoing, Setting, Sink, SinkSpec, Undelivered};
use crate::source::Later;

/// Files that are kept open at a time.
const OPEN_MAX: usize = 64;

/// Bytes that are gathered before they are written.
const WRITE_MAX_BYTES: usize = 1024 * 1024;

pub(super) fn build(spec: &SinkSpec<'_>) -> Result<Box<dyn Sink>, Problem> {
    if spec.mapper.eq_ignore_ascii_case("passThrough") {
        return Err(Problem::new("the `file` sink needs a mapper that writes text or bytes")
            .hint("add `@map(type='json')`, `csv`, `text`, `xml` or `binary`"));
    }
    let Some(uri) = spec.setting("file.uri") else {
        return Err(Problem::new("the `file` sink needs the option `file.uri`"));
    };
    if let Setting::Fixed(uri) = &uri {
        path(uri)?;
    }
    let line_end = match spec.options.written("add.line.separator") {
        Some(_) => spec.options.flag("add.line.separator"),
        None => !spec.mapper.eq_ignore_ascii_case("csv"),
    };
    let writer = Writer { append: spec.options.flag("append"), open: Vec::new() };
    Ok(Box::new(FileSink { uri, line_end, writer: Some(writer) }))
}

struct FileSink {
    uri: Setting,
    line_end: bool,
    /// Away while a write is under way on another thread.
    writer: Option<Writer>,
}

/// Messages for one file that are written together.
struct Run {
    path: PathBuf,
    bytes: Vec<u8>,
    /// How many messages they are.
    messages: usize,
}

impl Sink for FileSink {
    fn deliver<'a>(&'a mut self, messages: &'a [Outgoing]) -> Later<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let append = self.writer.as_ref().is_none_or(|it| it.append);
            let (runs, refused) = self.runs(messages, append);
            let mut writer = self.writer.take().unwrap_or(Writer { append, open: Vec::new() });
            let written = tokio::task::spawn_blocking(move || {
                let outcome = writer.write_all(&runs);
                (writer, outcome)
            });
            match written.await {
                Ok((writer, Ok(()))) => {
                    self.writer = Some(writer);
                    refused.map_or(Ok(()), Err)
                }
                Ok((writer, Err(undelivered))) => {
                    self.writer = Some(writer);
                    Err(undelivered)
                }
                // The runtime is shutting down.
                Err(cause) => Err(Undelivered {
                    delivered: 0,
                    error: DeliverError::Unreachable {
                        endpoint: "the file".to_owned(),
                        reason: cause.to_string(),
                        retry_after: None,
                    },
                }),
            }
        })
    }
}

impl FileSink {
    /// Messages that follow each other into the same file, up to the first that goes into none.
    fn runs(&self, messages: &[Outgoing], append: bool) -> (Vec<Run>, Option<Undelivered>) {
        let mut runs: Vec<Run> = Vec::new();
        for (delivered, message) in messages.iter().enumerate() {
            let uri = self.uri.value(message);
            let refuse = |reason: String| Undelivered {
                delivered,
                error: DeliverError::Refused { endpoint: uri.to_owned(), reason },
            };
            let path = match path(uri) {
                Ok(path) => path,
                Err(problem) => return (runs, Some(refuse(problem.message))),
            };
            let fits =
                |it: &&mut Run| append && it.path == path && it.bytes.len() < WRITE_MAX_BYTES;
            let mut bytes = Vec::new();
            if !self.add(&message.payload, &mut bytes) {
                let reason = format!("a file cannot hold {}", message.payload.kind());
                return (runs, Some(refuse(reason)));
            }
            match runs.last_mut().filter(fits) {
                Some(run) => {
                    run.bytes.append(&mut bytes);
                    run.messages += 1;
                }
                None => runs.push(Run { path, bytes, messages: 1 }),
            }
        }
        (runs, None)
    }

    fn add(&self, payload: &Payload, out: &mut Vec<u8>) -> bool {
        match payload {
            Payload::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                return true;
            }
            Payload::Text(text) => out.extend_from_slice(text.as_bytes()),
            Payload::Value(Value::Str(text)) => out.extend_from_slice(text.as_bytes()),
            Payload::Map(entries) => {
                // As Java writes a map.
                let pair = |(key, value): &(weir_event::Text, Value)| format!("{key}={value}");
                let pairs: Vec<String> = entries.iter().map(pair).collect();
                out.extend_from_slice(format!("{{{}}}", pairs.join(", ")).as_bytes());
            }
            Payload::Event(_) | Payload::Events(_) | Payload::Value(_) => return false,
        }
        if self.line_end {
            out.push(b'\n');
        }
        true
    }
}

/// Writes to files, some of which it keeps open.
struct Writer {
    append: bool,
    open: Vec<(PathBuf, File)>,
}

impl Writer {
    fn write_all(&mut self, runs: &[Run]) -> Result<(), Undelivered> {
        let mut delivered = 0;
        for run in runs {
            let written =
                if self.append { self.append(run) } else { replace(&run.path, &run.bytes) };
            written.map_err(|cause| Undelivered {
                delivered,
                error: DeliverError::Unreachable {
                    endpoint: run.path.display().to_string(),
                    reason: reason(&cause),
                    retry_after: None,
                },
            })?;
            delivered += run.messages;
        }
        Ok(())
    }

    fn append(&mut self, run: &Run) -> io::Result<()> {
        let mut file = self.take(&run.path)?;
        let before = file.metadata()?;
        if let Err(error) = file.write_all(&run.bytes) {
            // Part of it may be there; it is written whole on the next try, and once.
            if before.is_file() {
                file.set_len(before.len())?;
            }
            return Err(error);
        }
        self.open.push((run.path.clone(), file));
        Ok(())
    }

    /// The file of this path, which may have been moved away or deleted since it was opened.
    fn take(&mut self, path: &Path) -> io::Result<File> {
        if let Some(at) = self.open.iter().position(|(known, _)| known == path) {
            let (_, file) = self.open.remove(at);
            if same_file(&file, path) {
                return Ok(file);
            }
        }
        if self.open.len() >= OPEN_MAX {
            self.open.remove(0);
        }
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        OpenOptions::new().append(true).create(true).open(path)
    }
}

/// Why a file could not be written, and what to do where it is plain.
fn reason(cause: &io::Error) -> String {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kind = cause.kind();
    if matches!(kind, StorageFull | QuotaExceeded) {
        format!("{cause}; make room on its disk")
    } else if matches!(kind, PermissionDenied | ReadOnlyFilesystem) {
        format!("{cause}; let this user write it")
    } else {
        cause.to_string()
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        (Ok(_) | Err(_), _) => false,
    }
}

/// Makes `bytes` all that a file holds; what it held stands until the new content is whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let is_special = std::fs::metadata(path).is_ok_and(|it| !it.is_file());
    if is_special {
        return std::fs::write(path, bytes);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".weir-part");
    let part = path.with_file_name(name);
    let written = std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // The first error is the one to tell.
        std::fs::remove_file(&part).ok();
    }
    written
}
