//! A node's view as Prometheus reads it: `GET /metrics`. The names are told in docs/metrics.md.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{mpsc, oneshot};
use weir_connectors::SourceState;

use crate::memory::{resident_bytes, state_max_bytes};
use crate::node::{
    AppView, Command, NodeView, STEPS_US, SinkView, SourceLook, Standby, ticker_now,
};

/// How long a node may take to say how it is.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// As the text format asks to be called.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The words of roles, of which one is 1 at a time.
const ROLES: [&str; 7] =
    ["starting", "passive", "taking over", "active", "suspended", "handing over", "released"];

/// The route, for the node's own HTTP service.
pub(crate) fn router(commands: mpsc::Sender<Command>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(commands)
}

async fn metrics(State(commands): State<mpsc::Sender<Command>>) -> Response {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        commands.send(Command::View(reply)).await.ok()?;
        answer.await.ok()
    };
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(Some(view)) => {
            (StatusCode::OK, [(header::CONTENT_TYPE, CONTENT_TYPE)], text(&view)).into_response()
        }
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Metrics by name, each with its lines.
struct Page(String);

/// A label and its value.
type Label<'a> = (&'static str, &'a str);

impl Page {
    fn head(&mut self, name: &str, kind: &str, about: &str) {
        // Writing to a text does not fail.
        let _written = write!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[Label<'_>], value: f64) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let open = if n == 0 { '{' } else { ',' };
            let _written = write!(self.0, "{open}{label}=\"{text}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _written = writeln!(self.0, "{close} {value}");
    }

    fn one(&mut self, (name, kind, about): (&str, &str, &str), value: f64) {
        self.head(name, kind, about);
        self.line(name, &[], value);
    }
}

/// The whole view.
pub(crate) fn text(view: &NodeView) -> String {
    let mut page = Page(String::new());
    node(&mut page, view);
    peers(&mut page, view);
    waits(&mut page, view);
    for metric in APPS {
        page.head(metric.name, metric.kind, metric.about);
        for app in &view.apps {
            if let Some(value) = (metric.of)(app) {
                page.line(metric.name, &[("app", &app.name)], value);
            }
        }
    }
    for metric in SOURCES {
        page.head(metric.name, metric.kind, metric.about);
        for (app, it) in view.apps.iter().flat_map(|app| app.sources.iter().map(move |s| (app, s)))
        {
            let labels: [Label<'_>; 3] =
                [("app", &app.name), ("source", &it.name), ("stream", &it.stream)];
            page.line(metric.name, &labels, (metric.of)(it));
        }
    }
    for metric in SINKS {
        page.head(metric.name, metric.kind, metric.about);
        for (app, it) in view.apps.iter().flat_map(|app| app.sinks.iter().map(move |s| (app, s))) {
            let labels: [Label<'_>; 3] =
                [("app", &app.name), ("sink", &it.name), ("stream", stream_of(&it.name))];
            page.line(metric.name, &labels, (metric.of)(it));
        }
    }
    page.0
}

fn node(page: &mut Page, view: &NodeView) {
    page.head("weir_info", "gauge", "The node, its group and its release; always 1.");
    let group = view.group.as_deref().unwrap_or_default();
    let about: [Label<'_>; 3] =
        [("node", &view.node), ("group", group), ("release", &view.release)];
    page.line("weir_info", &about, 1.0);
    page.head("weir_role", "gauge", "1 for the role that the node has, 0 for the others.");
    for role in ROLES {
        page.line("weir_role", &[("role", role)], truth(view.role.word() == role));
    }
    let gauges = [
        ("weir_epoch", "The epoch of the node's lease; 0 without one.", view.epoch.unwrap_or(0)),
        ("weir_log_last_entry", "The last entry of the node's log.", view.last.seq.0),
        (
            "weir_log_committed_entry",
            "The last entry that all who must hold it do.",
            view.committed.seq.0,
        ),
        ("weir_in_sync_logs", "Logs that hold every acknowledged event.", view.in_sync as u64),
        ("weir_state_limit_bytes", "The state that an app may hold.", state_max_bytes()),
        ("process_resident_memory_bytes", "The memory of the process.", resident_bytes()),
    ];
    for (name, about, value) in gauges {
        page.one((name, "gauge", about), value as f64);
    }
    let hot = truth(view.standby.0 == Standby::Hot);
    page.one(("weir_standby_hot", "gauge", "Whether a passive node executes the log."), hot);
    if let Some(takeover) = view.takeover {
        let about = "What a takeover would take here now, once the lease is free.";
        page.one(("weir_takeover_seconds", "gauge", about), takeover.as_secs_f64());
    }
}

fn peers(page: &mut Page, view: &NodeView) {
    page.head("weir_peer_connected", "gauge", "Whether another node is connected.");
    for peer in &view.peers {
        if let Some(connected) = peer.connected {
            page.line("weir_peer_connected", &[("peer", &peer.node)], truth(connected));
        }
    }
    page.head("weir_peer_lag_entries", "gauge", "How many entries another node is behind.");
    for peer in &view.peers {
        if let Some(lag) = peer.lag {
            page.line("weir_peer_lag_entries", &[("peer", &peer.node)], lag as f64);
        }
    }
}

fn waits(page: &mut Page, view: &NodeView) {
    const NAME: &str = "weir_commit_seconds";
    const BUCKET: &str = "weir_commit_seconds_bucket";
    page.head(NAME, "histogram", "From an entry's way into the log to its acknowledgement.");
    let mut so_far = 0;
    for (end, count) in STEPS_US.iter().zip(view.waits.steps) {
        so_far += count;
        let end = (*end as f64 / 1e6).to_string();
        page.line(BUCKET, &[("le", &end)], so_far as f64);
    }
    page.line(BUCKET, &[("le", "+Inf")], view.waits.count as f64);
    page.line("weir_commit_seconds_sum", &[], view.waits.total.as_secs_f64());
    page.line("weir_commit_seconds_count", &[], view.waits.count as f64);
}

struct Metric<F> {
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    of: F,
}

const fn metric<F>(
    name: &'static str,
    kind: &'static str,
    about: &'static str,
    of: F,
) -> Metric<F> {
    Metric { name, kind, about, of }
}

type OfApp = fn(&AppView) -> Option<f64>;
type OfSource = fn(&SourceLook) -> f64;
type OfSink = fn(&SinkView) -> f64;

const APPS: &[Metric<OfApp>] = &[
    metric("weir_app_up", "gauge", "Whether the app runs, or would.", |it| {
        Some(truth(it.failed.is_none()))
    }),
    metric("weir_app_events_total", "counter", "Events that the app has taken.", |it| {
        Some(it.events as f64)
    }),
    metric(
        "weir_app_repeated_events_total",
        "counter",
        "Events left out as their key was known.",
        |it| Some(it.repeated as f64),
    ),
    metric("weir_app_applied_entry", "gauge", "The last entry that it has executed.", |it| {
        Some(it.applied.seq.0 as f64)
    }),
    metric("weir_app_queued_bytes", "gauge", "What waits to be executed.", |it| {
        Some((it.queued_kib * 1024) as f64)
    }),
    metric("weir_app_state_bytes", "gauge", "About how much state it holds.", |it| {
        Some(it.held_bytes as f64)
    }),
    metric(
        "weir_app_unsaved_seconds",
        "gauge",
        "How long the entries since its last snapshot took to execute.",
        |it| Some(it.unsaved.as_secs_f64()),
    ),
    metric("weir_snapshot_age_seconds", "gauge", "The age of its last snapshot.", |it| {
        let taken = it.snapshot.as_ref()?.taken.0;
        Some(ticker_now().0.saturating_sub(taken).max(0) as f64 / 1e3)
    }),
    metric("weir_snapshot_bytes", "gauge", "The size of its last snapshot.", |it| {
        Some(it.snapshot.as_ref()?.bytes? as f64)
    }),
    metric("weir_snapshot_entry", "gauge", "The last entry in its last snapshot.", |it| {
        Some(it.snapshot.as_ref()?.at.seq.0 as f64)
    }),
    metric("weir_snapshot_pause_seconds", "gauge", "How long that held the app up.", |it| {
        Some(it.snapshot.as_ref()?.pause.as_secs_f64())
    }),
];

const SOURCES: &[Metric<OfSource>] = &[
    metric("weir_source_open", "gauge", "Whether the source is open.", |it| {
        truth(matches!(it.state, Some(SourceState::Open { .. })))
    }),
    metric("weir_source_events_total", "counter", "Events that it brought.", |it| it.taken as f64),
    metric("weir_source_errors_total", "counter", "Messages that could not be read.", |it| {
        it.unread as f64
    }),
];

const SINKS: &[Metric<OfSink>] = &[
    metric("weir_sink_events_total", "counter", "Events that were delivered.", |it| {
        it.delivered as f64
    }),
    metric("weir_sink_given_up_events_total", "counter", "Events given up.", |it| {
        it.given_up as f64
    }),
    metric("weir_sink_waiting_events", "gauge", "Events that wait to leave.", |it| {
        it.waiting_rows as f64
    }),
    metric("weir_sink_trouble", "gauge", "Whether something is in its way.", |it| {
        truth(it.trouble.is_some())
    }),
];

fn truth(it: bool) -> f64 {
    f64::from(u8::from(it))
}

/// The stream that a sink named `Out.1` reads.
fn stream_of(sink: &str) -> &str {
    sink.rsplit_once('.').map_or(sink, |(stream, _)| stream)
}

#[cfg(test)]
mod tests {
    use weir_codec::EntryId;
    use weir_event::Time;

    use super::*;
    use crate::node::{PeerView, Role, SnapshotView, Waits};

    fn view() -> NodeView {
        let at = EntryId::new(3, 41);
        let taken = Time(0);
        let pause = Duration::from_millis(2);
        let snapshot = SnapshotView { revision: "1__a".into(), at, taken, bytes: Some(900), pause };
        let peer = PeerView {
            node: "b".into(),
            at: "b:9893".into(),
            connected: Some(true),
            lag: Some(2),
            release: None,
        };
        let source = SourceLook {
            name: "In.1".into(),
            stream: "In".into(),
            state: Some(SourceState::Open { at: "x".into() }),
            taken: 7,
            unread: 1,
        };
        let sink = SinkView {
            name: "Out.1".into(),
            mark: 4,
            waiting_rows: 3,
            delivered: 5,
            given_up: 1,
            trouble: Some("away".into()),
        };
        let app = AppView {
            name: "say \"a\"".into(),
            failed: None,
            applied: at,
            events: 7,
            repeated: 1,
            queued_kib: 2,
            held_bytes: 100,
            unsaved: Duration::from_millis(30),
            snapshot: Some(snapshot),
            sources: vec![source],
            sinks: vec![sink],
        };
        let mut waits = Waits::default();
        for ms in [1, 3, 20_000] {
            waits.note(Duration::from_millis(ms));
        }
        NodeView {
            node: "a".into(),
            group: Some("si".into()),
            release: "1.0".into(),
            role: Role::Active,
            standby: (Standby::Hot, None),
            epoch: Some(3),
            committed: at,
            in_sync: 2,
            last: at,
            peers: vec![peer],
            apps: vec![app],
            waits,
            takeover: Some(Duration::from_millis(50)),
        }
    }

    #[test]
    fn the_page_has_a_line_a_value_under_the_head_of_its_name() {
        let page = text(&view());
        for line in [
            "weir_info{node=\"a\",group=\"si\",release=\"1.0\"} 1",
            "weir_role{role=\"active\"} 1",
            "weir_role{role=\"taking over\"} 0",
            "weir_takeover_seconds 0.05",
            "weir_peer_lag_entries{peer=\"b\"} 2",
            "weir_commit_seconds_bucket{le=\"0.0005\"} 0",
            "weir_commit_seconds_bucket{le=\"0.005\"} 2",
            "weir_commit_seconds_bucket{le=\"10\"} 2",
            "weir_commit_seconds_bucket{le=\"+Inf\"} 3",
            "weir_commit_seconds_count 3",
            "weir_app_events_total{app=\"say \\\"a\\\"\"} 7",
            "weir_snapshot_pause_seconds{app=\"say \\\"a\\\"\"} 0.002",
            "weir_source_events_total{app=\"say \\\"a\\\"\",source=\"In.1\",stream=\"In\"} 7",
            "weir_sink_waiting_events{app=\"say \\\"a\\\"\",sink=\"Out.1\",stream=\"Out\"} 3",
        ] {
            assert!(page.lines().any(|it| it == line), "no line `{line}` in\n{page}");
        }
        let mut head = "";
        for line in page.lines() {
            if let Some(about) = line.strip_prefix("# TYPE ") {
                head = about.split(' ').next().unwrap();
            } else if !line.starts_with('#') {
                assert!(line.starts_with(head), "`{line}` stands under `{head}`");
            }
        }
    }

    #[test]
    fn every_name_is_told() {
        let told = include_str!("../../../../docs/metrics.md");
        let page = text(&view());
        let names = page.lines().filter_map(|it| it.strip_prefix("# TYPE ")).map(|it| {
            let mut words = it.split(' ');
            (words.next().unwrap(), words.next().unwrap())
        });
        for (name, kind) in names {
            assert!(told.contains(&format!("| `{name}` | {kind} |")), "`{name}`, a {kind}");
        }
    }
}
