//! A node's home with what a test puts into it, and ports that no other test uses.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

/// Ports below those that systems give to outgoing connections, so that a node that was killed
/// finds its own free again.
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on.
pub(crate) fn port() -> SocketAddr {
    let base = 10_000 + u16::try_from(std::process::id() % 90).unwrap() * 100;
    loop {
        let port = base + NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// The homes of a test, and what lies beside them.
pub(crate) struct Homes(TempDir);

impl Homes {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Something beside the homes.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A home without anything but this app.
    pub(crate) fn home(&self, name: &str, app: &str) -> Home {
        let root = self.path(name);
        std::fs::create_dir_all(root.join("wso2/server/deployment/siddhi-files")).unwrap();
        std::fs::create_dir_all(root.join("conf/server")).unwrap();
        let home = Home { name: name.to_owned(), root, http: port(), sync: port() };
        home.app("App.siddhi", app);
        home.configure(&home.alone());
        home
    }

    /// A home of a pair that shares a database beside the homes.
    pub(crate) fn home_of_pair(&self, name: &str, app: &str) -> Home {
        let home = self.home(name, app);
        home.configure(&home.in_pair(&self.path("shared.db")));
        home
    }

    /// Text in which nothing depends on where the homes are.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&self.0.path().display().to_string(), "HERE")
    }
}

/// One node's home.
pub(crate) struct Home {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    /// Where it answers probes.
    pub(crate) http: SocketAddr,
    /// Where it takes event sync.
    pub(crate) sync: SocketAddr,
}

impl Home {
    /// Puts an app into it.
    pub(crate) fn app(&self, file: &str, text: &str) {
        let folder = self.root.join("wso2/server/deployment/siddhi-files");
        std::fs::write(folder.join(file), text).unwrap();
    }

    /// Gives it this configuration.
    pub(crate) fn configure(&self, yaml: &str) {
        std::fs::write(self.root.join("conf/server/deployment.yaml"), yaml).unwrap();
    }

    /// The configuration of a node alone.
    pub(crate) fn alone(&self) -> String {
        format!(
            "wso2.carbon:\n  id: {}\n\
             wso2.transport.http:\n  listenerConfigurations:\n    - host: 127.0.0.1\n      \
             port: {}\nweir:\n  snapshotIntervalMillis: 500\n",
            self.name,
            self.http.port()
        )
    }

    /// The configuration of a node of a pair.
    pub(crate) fn in_pair(&self, database: &Path) -> String {
        format!(
            "{}cluster.config:\n  enabled: true\n  groupId: si\n  strategyConfig:\n    \
             datasource: SHARED\n\
             deployment.config:\n  type: ha\n  eventSyncServer:\n    host: 127.0.0.1\n    \
             port: {}\n\
             wso2.datasources:\n  dataSources:\n    - name: SHARED\n      definition:\n        \
             configuration:\n          jdbcUrl: 'jdbc:sqlite:{}'\n",
            self.alone(),
            self.sync.port(),
            database.display()
        )
    }
}
