//! Homes, ports and apps for nodes to be tried with.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::node::{Node, PATIENCE, post};

/// A folder with homes, apps and what comes out, and the ports that nodes use.
pub(crate) struct Stage {
    folder: TempDir,
    /// Where the HTTP source of the app listens.
    pub(crate) source: u16,
    ports: BTreeMap<&'static str, (u16, u16)>,
}

/// A port that nobody has right now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Stage {
    /// A stage whose app counts and sums what its source brings.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("apps")).unwrap();
        let nodes = ["a", "b"].map(|name| (name, (free_port(), free_port())));
        let stage = Self { folder, source: free_port(), ports: nodes.into() };
        let url = format!("http://127.0.0.1:{}/in", stage.source);
        stage.write_app(&format!("@source(type='http', receiver.url='{url}', @map(type='json'))"));
        stage
    }

    /// A path on the stage.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The app, with another source.
    pub(crate) fn write_app(&self, source: &str) {
        let out = self.path("out.jsonl");
        let text = format!(
            "@app:name('Sums')
{source}
define stream In (id string, n long);
@sink(type='file', file.uri='{}', append='true', @map(type='json'))
define stream Out (id string, count long, total long);
from In select id, count() as count, sum(n) as total insert into Out;
",
            out.display()
        );
        fs::write(self.path("apps").join("Sums.siddhi"), text).unwrap();
    }

    /// Starts a node without a group.
    pub(crate) fn alone(&self) -> Node {
        let (http, _) = self.ports["a"];
        let text = format!("{}{QUICK}", listener(http));
        self.serve("a", &text, http)
    }

    /// Starts a node of a pair.
    pub(crate) fn node(&self, name: &'static str) -> Node {
        self.node_of(name, None)
    }

    /// Starts a node of a pair that keeps its log in the database while it is alone, and whose
    /// snapshots are too rare to matter.
    pub(crate) fn keeping_node(&self, name: &'static str) -> Node {
        let weir = "\nweir:\n  snapshotIntervalMillis: 600000\n  aloneLog: database\n";
        self.node_with(name, None, weir)
    }

    /// Takes the disk of a node that has ended away.
    pub(crate) fn lose_disk(&self, name: &str) {
        fs::remove_dir_all(self.path(name)).unwrap();
    }

    /// Starts a node of a pair that says it is of this release.
    pub(crate) fn node_of(&self, name: &'static str, release: Option<&str>) -> Node {
        self.node_with(name, release, QUICK)
    }

    fn node_with(&self, name: &'static str, release: Option<&str>, weir: &str) -> Node {
        let (http, sync) = self.ports[name];
        let database = self.path("cluster.db");
        let text = format!(
            "{}{weir}
wso2.carbon:
  id: node-{name}
cluster.config:
  enabled: true
  groupId: si
  strategyConfig:
    datasource: CLUSTER
    heartbeatInterval: 250
    heartbeatMaxRetry: 4
deployment.config:
  type: ha
  eventSyncServer:
    host: 127.0.0.1
    port: {sync}
wso2.datasources:
  dataSources:
    - name: CLUSTER
      definition:
        type: RDBMS
        configuration:
          jdbcUrl: 'jdbc:sqlite:{}'
",
            listener(http),
            database.display()
        );
        self.serve_as(name, &text, http, release)
    }

    fn serve(&self, name: &str, deployment: &str, http: u16) -> Node {
        self.serve_as(name, deployment, http, None)
    }

    fn serve_as(&self, name: &str, deployment: &str, http: u16, release: Option<&str>) -> Node {
        let home = self.path(name);
        let folder = home.join("conf/server");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("deployment.yaml"), deployment).unwrap();
        Node::start(&home, &self.path("apps"), http, release)
    }

    /// Sends an event until it is acknowledged, under its own key.
    pub(crate) fn send(&self, n: u64) {
        let (key, body) = (format!("key-{n}"), format!(r#"{{"event":{{"id":"e{n}","n":{n}}}}}"#));
        let deadline = Instant::now() + PATIENCE;
        while post(self.source, "/in", Some(&key), &body) != Some(200) {
            assert!(Instant::now() < deadline, "event {n} is never acknowledged");
        }
    }

    /// What came out, once by count, when there are `count` of them: id and total.
    pub(crate) fn outputs(&self, count: u64) -> Vec<(String, i64)> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.outputs_now();
            if found.len() as u64 >= count {
                return found.into_values().collect();
            }
            assert!(Instant::now() < deadline, "{} outputs of {count} came", found.len());
        }
    }

    fn outputs_now(&self) -> BTreeMap<i64, (String, i64)> {
        let text = fs::read_to_string(self.path("out.jsonl")).unwrap_or_default();
        let mut found = BTreeMap::new();
        for line in text.lines() {
            // The last line may be half written.
            let Ok(json) = serde_json::from_str::<Json>(line) else { continue };
            let event = &json["event"];
            let id = event["id"].as_str().unwrap().to_owned();
            let made = (id, event["total"].as_i64().unwrap());
            let known = found.insert(event["count"].as_i64().unwrap(), made.clone());
            assert!(known.is_none_or(|it| it == made), "a repeated output is the same");
        }
        found
    }

    /// How many lines came out, repeated ones too.
    pub(crate) fn lines(&self) -> usize {
        fs::read_to_string(self.path("out.jsonl")).unwrap_or_default().lines().count()
    }
}

/// Snapshots often enough that tests see some.
const QUICK: &str = "
weir:
  snapshotIntervalMillis: 300
";

fn listener(port: u16) -> String {
    format!(
        "wso2.transport.http:
  listenerConfigurations:
    - id: default
      host: 127.0.0.1
      port: {port}
"
    )
}

/// What the app makes of the events 1 to `count`.
pub(crate) fn expected(count: u64) -> Vec<(String, i64)> {
    let total = |n: u64| i64::try_from(n * (n + 1) / 2).unwrap();
    (1..=count).map(|n| (format!("e{n}"), total(n))).collect()
}
