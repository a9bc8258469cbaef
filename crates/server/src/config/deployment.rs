//! The whole `deployment.yaml`: which sections are ours, and what follows from them.

use std::path::{Path, PathBuf};

use super::auth::{Auth, RawAuth};
use super::carbon::{Carbon, RawCarbon};
use super::cluster::{Cluster, RawCluster};
use super::datasources::{Datasource, Datasources};
use super::ha::{Ha, RawHa};
use super::keys::{Keys, Reading, nearest};
use super::own::{Own, RawOwn};
use super::persistence::{Persistence, RawPersistence};
use super::placeholder::Surroundings;
use super::problem::{ConfigError, ConfigProblem};
use super::siddhi;
use super::transport::{Listener, RawTransport};
use super::yaml::{self, Node, Shape};
use weir_plan::Configured;

/// The sections this build honours.
const OURS: &[&str] = &[
    "auth.configs",
    "cluster.config",
    "deployment.config",
    "refs",
    "siddhi",
    "siddhi.stores.query.api",
    "state.persistence",
    "weir",
    "wso2.carbon",
    "wso2.datasources",
    "wso2.transport.http",
];

/// The sections the original knows and this build has no use for, as they are written at top level.
const NOT_OURS: &[&str] = &[
    "analytics.solutions",
    "data.agent.config",
    "data.provider",
    "dataPartitioning",
    "databridge.config",
    "enableLoggingEventCount",
    "error.store",
    "extensions",
    "loggingDuration",
    "management.icp",
    "metrics.prometheus",
    "service.catalog.configs",
    "ssl.configs",
    "transports",
    "wso2.analytics.permissions",
    "wso2.artifact.deployment",
    "wso2.metrics",
    "wso2.metrics.jdbc",
    "wso2.rdbms.data.provider",
    "wso2.securevault",
];

/// A configuration in which every value can be used as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Who this node is.
    pub carbon: Carbon,
    /// The pair it belongs to; `None` when it runs alone.
    pub pair: Option<(Cluster, Ha)>,
    /// Where snapshots go.
    pub persistence: Persistence,
    /// The node's HTTP service.
    pub http: Listener,
    /// A service of its own for on-demand queries, where the file has it.
    pub stores_http: Option<Listener>,
    /// Who may ask the node's HTTP services.
    pub auth: Auth,
    /// Keys of our own.
    pub own: Own,
    /// The databases that apps may name.
    pub datasources: Vec<Datasource>,
    /// What else apps find in the configuration.
    pub siddhi: Configured,
    /// One line each for the operator: what was ignored, and what was understood otherwise.
    pub notes: Vec<String>,
}

/// Where the parts of a node's home are, as users of the original have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The home at `root`.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Its configuration.
    #[must_use]
    pub fn deployment_yaml(&self) -> PathBuf {
        self.0.join("conf/server/deployment.yaml")
    }

    /// Its apps.
    #[must_use]
    pub fn apps(&self) -> PathBuf {
        self.runtime().join("deployment/siddhi-files")
    }

    /// What the original calls the runtime folder; relative names in the configuration start here.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.0.join("wso2/server")
    }

    /// The node's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.runtime().join("log")
    }

    /// The socket that answers `weir status`.
    #[must_use]
    pub fn status_socket(&self) -> PathBuf {
        self.0.join("weir.sock")
    }

    /// The properties that placeholders of shipped files name.
    #[must_use]
    pub fn properties(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        vec![
            ("carbon.home".into(), text(&self.0)),
            ("wso2.runtime".into(), "server".into()),
            ("wso2.runtime.path".into(), text(&self.runtime())),
        ]
    }
}

impl Deployment {
    /// Reads `file`; without one, the defaults hold: alone, reachable from this machine only.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read or used: all that is wrong with it.
    pub fn load(file: &Path, home: &Home, from: &Surroundings) -> Result<Self, ConfigError> {
        match std::fs::read(file) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::parse(&text, file, home, from),
                Err(error) => {
                    let at = error.utf8_error().valid_up_to();
                    let message = format!("not UTF-8 text: the byte at offset {at} is not");
                    let problem = ConfigProblem::new(None, message).hint("save the file as UTF-8");
                    Err(ConfigError::of(file, "", vec![problem]))
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut alone = Self::parse("", file, home, from)?;
                alone.notes.push(format!(
                    "there is no `{}`: this node runs alone, with defaults",
                    file.display()
                ));
                Ok(alone)
            }
            Err(error) => {
                let problem = ConfigProblem::new(None, format!("could not read the file: {error}"))
                    .hint("check its name and its permissions");
                Err(ConfigError::of(file, "", vec![problem]))
            }
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// When it cannot be used: all that is wrong with it.
    pub fn parse(
        text: &str,
        file: &Path,
        home: &Home,
        from: &Surroundings,
    ) -> Result<Self, ConfigError> {
        let root = yaml::read(text).map_err(|it| ConfigError::of(file, text, vec![it]))?;
        let cx = Reading::new(from);
        let deployment = Self::of(root.as_ref(), home, &cx);
        let problems = cx.problems.into_inner();
        let notes = cx.notes.into_inner();
        match deployment {
            Some(deployment) if problems.is_empty() => Ok(Self { notes, ..deployment }),
            Some(_) | None => Err(ConfigError::of(file, text, problems)),
        }
    }

    fn of(root: Option<&Node>, home: &Home, cx: &Reading<'_>) -> Option<Self> {
        let entries = match root.map(|it| &it.shape) {
            None => &[],
            Some(Shape::Section(entries)) => entries.as_slice(),
            Some(Shape::Scalar { .. } | Shape::List(_)) => {
                let place = root.map(|it| it.place);
                let message = "the file must hold sections, such as `wso2.carbon:`";
                cx.problem(ConfigProblem::new(place, message));
                return None;
            }
        };
        name_the_rest(entries, cx);
        let section = |name: &str| {
            let entry = entries.iter().find(|it| it.key == name)?;
            Keys::of(name, &entry.value, cx)
        };
        let carbon = section("wso2.carbon").map(RawCarbon::read).unwrap_or_default().check(cx);
        let runtime = home.runtime();
        let datasources = section("wso2.datasources")
            .map(|it| Datasources::read(it, &runtime))
            .unwrap_or_default();
        let cluster_written = section("cluster.config").map(RawCluster::read);
        let cluster = cluster_written.and_then(|it| it.check(&datasources, cx));
        let ha = section("deployment.config")
            .map(RawHa::read)
            .and_then(|it| it.check(carbon.port_offset, cx));
        let persistence = section("state.persistence")
            .map(RawPersistence::read)
            .unwrap_or_default()
            .check(&datasources, cluster.as_ref(), &runtime, cx);
        let http = section("wso2.transport.http")
            .map(RawTransport::read)
            .unwrap_or_default()
            .check(carbon.port_offset, cx);
        let stores_http = section("siddhi.stores.query.api")
            .map(|it| RawTransport::read(it).check_stores(carbon.port_offset, cx));
        let auth = section("auth.configs").map(RawAuth::read).unwrap_or_default().check(cx);
        let own = section("weir").map(RawOwn::read).unwrap_or_default().check(cx);
        let pair = pair_of(cluster, ha, cx);
        let mut siddhi = section("siddhi").map(siddhi::read).unwrap_or_default();
        siddhi.refs.extend(root.into_iter().flat_map(|it| siddhi::refs_at_top(it, cx)));
        let siddhi = siddhi::with_shard(siddhi, &carbon.id);
        let (datasources, notes) = (datasources.usable(), Vec::new());
        Some(Self {
            carbon,
            pair,
            persistence: persistence?,
            http,
            stores_http,
            auth,
            own,
            datasources,
            siddhi,
            notes,
        })
    }
}

/// Both sections make a pair; one without the other makes none, and says so.
fn pair_of(cluster: Option<Cluster>, ha: Option<Ha>, cx: &Reading<'_>) -> Option<(Cluster, Ha)> {
    match (cluster, ha) {
        (Some(cluster), Some(ha)) => Some((cluster, ha)),
        (Some(_), None) => {
            cx.note(
                "`cluster.config` is enabled without `deployment.config.type: ha`: this node runs \
                 alone"
                    .to_owned(),
            );
            None
        }
        // A cluster section with mistakes has told of them already.
        (None, Some(_)) if cx.problems.borrow().is_empty() => {
            cx.note(
                "`deployment.config.type` is `ha` without `cluster.config.enabled: true`: this \
                 node runs alone"
                    .to_owned(),
            );
            None
        }
        (None, Some(_) | None) => None,
    }
}

/// One note for the sections that are not ours; one that looks like ours stops the start.
fn name_the_rest(entries: &[yaml::Entry], cx: &Reading<'_>) {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for entry in entries.iter().filter(|it| !OURS.contains(&it.key.as_str())) {
        let name = format!("`{}`", entry.key);
        if NOT_OURS.contains(&entry.key.as_str()) {
            known.push(name);
            continue;
        }
        match nearest(&entry.key, OURS) {
            Some(near) => cx.problem(
                ConfigProblem::new(Some(entry.key_place), format!("{name} is not a section"))
                    .hint(format!("did you mean `{near}`?")),
            ),
            None => unknown.push(name),
        }
    }
    if !known.is_empty() {
        cx.note(format!("sections this build has no use for yet: {}", known.join(", ")));
    }
    if !unknown.is_empty() {
        cx.note(format!("sections nobody knows: {}", unknown.join(", ")));
    }
}
