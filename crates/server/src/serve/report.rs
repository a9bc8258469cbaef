//! A node's view as JSON: what `weir status --json` prints.

use serde_json::{Value as Json, json};
use weir_connectors::SourceState;

use crate::node::{AppView, NodeView, PeerView, Role, SinkView, SourceLook, Standby};

/// The whole view.
pub(crate) fn json(view: &NodeView) -> Json {
    let why = match &view.role {
        Role::Passive(why) => Json::from(*why),
        Role::Starting
        | Role::TakingOver
        | Role::Active
        | Role::Suspended
        | Role::Draining
        | Role::Released => Json::Null,
    };
    let standby = match view.standby.0 {
        Standby::Hot => "hot",
        Standby::Queue => "queue",
    };
    json!({
        "node": view.node,
        "group": view.group,
        "release": view.release,
        "standby": standby,
        "standbyWhy": view.standby.1,
        "role": view.role.word(),
        "why": why,
        "epoch": view.epoch,
        "committed": view.committed.seq.0,
        "last": view.last.seq.0,
        "inSync": view.in_sync,
        "takeoverMs": view.takeover.map(|it| it.as_millis() as u64),
        "peers": view.peers.iter().map(peer).collect::<Vec<_>>(),
        "apps": view.apps.iter().map(app).collect::<Vec<_>>(),
    })
}

fn peer(view: &PeerView) -> Json {
    json!({
        "node": view.node, "at": view.at, "connected": view.connected, "lag": view.lag,
        "release": view.release,
    })
}

fn app(view: &AppView) -> Json {
    let state = |state: &Option<SourceState>| match state {
        None => json!({ "state": "closed" }),
        Some(SourceState::Open { at }) => json!({ "state": "open", "at": at }),
        Some(SourceState::Retrying { cause, after }) => json!({
            "state": "retrying", "cause": cause, "againInMs": after.as_millis() as u64,
        }),
        Some(SourceState::Closed) => json!({ "state": "closed" }),
    };
    let source = |it: &SourceLook| {
        let mut json = state(&it.state);
        if let Some(fields) = json.as_object_mut() {
            fields.insert("name".to_owned(), it.name.as_str().into());
            fields.insert("taken".to_owned(), it.taken.into());
            fields.insert("unread".to_owned(), it.unread.into());
        }
        json
    };
    json!({
        "name": view.name,
        "failed": view.failed,
        "applied": view.applied.seq.0,
        "events": view.events,
        "repeated": view.repeated,
        "queuedKib": view.queued_kib,
        "heldBytes": view.held_bytes,
        "unsavedMs": view.unsaved.as_millis() as u64,
        "snapshot": view.snapshot.as_ref().map(|it| json!({
            "entry": it.at.seq.0, "revision": it.revision, "takenAtMs": it.taken.0,
            "bytes": it.bytes, "pauseUs": it.pause.as_micros() as u64,
        })),
        "sources": view.sources.iter().map(source).collect::<Vec<_>>(),
        "sinks": view.sinks.iter().map(sink).collect::<Vec<_>>(),
    })
}

fn sink(view: &SinkView) -> Json {
    json!({
        "name": view.name,
        "mark": view.mark,
        "waiting": view.waiting_rows,
        "delivered": view.delivered,
        "givenUp": view.given_up,
        "trouble": view.trouble,
    })
}
