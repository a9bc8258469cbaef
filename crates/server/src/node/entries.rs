//! Entries on their way: into the log, through every log that must hold them, to their apps.

use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;
use weir_cluster::{Marks, NodeInput, SinkId};
use weir_codec::{Concerns, EntryId, Mark, RawEntry, What};
use weir_connectors::Refused;
use weir_event::Time;

use super::active::ActiveApp;
use super::app::{Committed, Job};
use super::conductor::Conductor;
use super::machine::At;
use super::request::Request;
use super::ticker;

/// The most entries that are given to the log in one go.
const APPEND_MAX: usize = 256;

/// After so many rows a mark is written without waiting.
const MARKS_ROWS: u64 = 250;

/// An entry that the log has and not every named log yet.
pub(super) struct Uncommitted {
    pub(super) id: EntryId,
    pub(super) time: Time,
    /// When it was given to the log.
    pub(super) since: Instant,
    pub(super) request: Request,
}

impl Conductor {
    /// Gives entries to the log: this one, and those that wait behind it.
    pub(super) fn append(&mut self, first: Request) {
        let mut requests = vec![first];
        while requests.len() < APPEND_MAX
            && let Ok(next) = self.incoming.try_recv()
        {
            requests.push(next);
        }
        let now = ticker::now();
        let items = requests
            .iter_mut()
            .map(|it| (now, Bytes::from(std::mem::take(&mut it.bytes))))
            .collect();
        self.under_way += requests.len();
        self.appending.push_back((Instant::now(), requests));
        self.tell(NodeInput::Append(items));
    }

    pub(super) fn appended(&mut self, entries: Vec<RawEntry>) {
        let Some((since, requests)) = self.appending.pop_front() else { return };
        for (request, entry) in requests.into_iter().zip(entries) {
            self.last = entry.id;
            self.uncommitted.push_back(Uncommitted {
                id: entry.id,
                time: entry.time,
                since,
                request,
            });
        }
    }

    pub(super) fn commit(&mut self, at: EntryId) {
        self.committed.send_replace(at);
        let now = Instant::now();
        while self.uncommitted.front().is_some_and(|it| it.id <= at) {
            let Some(Uncommitted { id, time, since, request }) = self.uncommitted.pop_front()
            else {
                break;
            };
            self.under_way -= 1;
            self.waits.note(now.saturating_duration_since(since));
            // Whoever asked may have gone; the event is safe all the same.
            let Request { what, reply, room, asker, .. } = request;
            drop(reply.send(Ok(id)));
            if let Some(term) = &mut self.term {
                term.dispatched = (id, time);
                let at = At { epoch: id.epoch, seq: id.seq, time };
                dispatch(&term.apps, Committed { at, what, room, asker });
            }
        }
    }

    /// Whether so much is confirmed that the log shall hear of it at once.
    pub(super) fn marks_are_many(&self) -> bool {
        let apps = self.term.iter().flat_map(|it| &it.apps);
        apps.flat_map(|it| &it.handle.lanes).any(|lane| lane.moved_by() >= MARKS_ROWS)
    }

    pub(super) fn log_marks(&mut self) {
        let Some(term) = &self.term else { return };
        let mut moved = Marks::new();
        for app in &term.apps {
            for lane in &app.handle.lanes {
                if let Some(mark) = lane.take_moved_mark() {
                    let sink = SinkId { app: app.handle.name.clone(), sink: lane.element.clone() };
                    moved.insert(sink, mark);
                }
            }
        }
        if !moved.is_empty() {
            self.write_marks(&moved);
        }
    }

    pub(super) fn write_marks(&mut self, marks: &Marks) {
        let marks = marks.iter().map(|(sink, through)| Mark {
            app: sink.app.clone(),
            sink: sink.sink.clone(),
            through: *through,
        });
        let what = What::Marks(marks.collect());
        let bytes = what.encode();
        let (reply, _) = oneshot::channel();
        self.append(Request { what, bytes, reply, room: None, asker: None });
    }
}

pub(super) fn refuse(request: Request) {
    // Whoever asked may have gone.
    drop(request.reply.send(Err(Refused::NotActive)));
}

/// Hands a committed entry to the apps it concerns.
fn dispatch(apps: &[ActiveApp], entry: Committed) {
    let Committed { at, what, mut room, asker } = entry;
    let concerns = match &what {
        What::Events(events) => Concerns::App(events.app.clone()),
        What::Query { app, .. } | What::Restore { app, .. } => Concerns::App(app.clone()),
        What::Answer(answer) => Concerns::App(answer.app.clone()),
        What::Tick | What::Deploy { .. } | What::Undeploy { .. } => Concerns::Every,
        What::Marks(_) => return,
    };
    match concerns {
        Concerns::App(name) => {
            if let Some(app) = apps.iter().find(|it| it.handle.name == name) {
                app.handle.ask(Job::Entry(Committed { at, what, room, asker }));
            }
        }
        Concerns::Every => {
            for app in apps {
                let what = what.clone();
                let room = room.take();
                app.handle.ask(Job::Entry(Committed { at, what, room, asker: None }));
            }
        }
    }
}
