//! The homes of the demo's nodes: laid out as users of the original have theirs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::flights;

/// A node before it runs.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) home: PathBuf,
    /// Where its source listens.
    pub(super) source: SocketAddr,
    /// Where it answers probes.
    pub(super) http: SocketAddr,
    /// Where it takes the other node's log.
    pub(super) sync: SocketAddr,
    /// Where the other node is told to dial.
    pub(super) dialled: SocketAddr,
    /// Where its sinks send to.
    pub(super) sink: SocketAddr,
}

/// How the nodes are.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// How many departures one more window of the app holds.
    pub(super) held: usize,
    /// What a passive node does with the log.
    pub(super) standby: String,
}

impl Manner {
    fn app(&self) -> String {
        let app = flights::APP;
        if self.held == 0 {
            return app.to_owned();
        }
        let held = self.held;
        format!(
            "{app}\n@info(name='held')\nfrom Departures#window.length({held})\n\
             select count() as departures\ninsert into Held;\n"
        )
    }
}

/// Ports of this machine, one after another, those apart that another process holds.
///
/// They are below those that systems give to outgoing connections: a node that was killed finds its
/// own free again.
pub(super) struct Ports {
    next: u16,
}

impl Ports {
    /// From `base` on; without it from a place that another demo is not likely to use.
    pub(super) fn from(base: Option<u16>) -> Self {
        let place = u16::try_from(std::process::id() % 1_000).unwrap_or(0);
        Self { next: base.unwrap_or(20_000 + 12 * place) }
    }

    /// The next one that is free.
    pub(super) fn next(&mut self) -> anyhow::Result<SocketAddr> {
        loop {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.next));
            self.next = self.next.checked_add(1).context("there is no free port up to 65535")?;
            if TcpListener::bind(address).is_ok() {
                return Ok(address);
            }
        }
    }
}

/// What the nodes of a pair share.
#[derive(Debug)]
pub(super) struct Shared {
    url: String,
    /// Of this demo alone: a database that outlives it is met again by the next.
    name: String,
}

impl Shared {
    /// The database at `url`; without one, a file in `folder`.
    pub(super) fn of(url: Option<&str>, folder: &Path) -> anyhow::Result<Self> {
        let Some(url) = url else {
            create(&folder.join("shared"))?;
            let file = folder.join("shared/weir.db");
            let url = format!("jdbc:sqlite:{}", file.display());
            return Ok(Self { url, name: "demo".to_owned() });
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { url: url.to_owned(), name: format!("demo_{}", since.as_millis()) })
    }

    /// The group of the nodes, and with `_SNAPSHOTS` behind it how their tables of snapshots begin.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Two nodes that share a database; each dials the other over a wire where there are any.
pub(super) fn pair(
    folder: &Path,
    ports: &mut Ports,
    (shared, wired): (&Shared, bool),
    manner: &Manner,
) -> anyhow::Result<Vec<Plan>> {
    let sink = ports.next()?;
    let mut plans = Vec::new();
    for name in ["node-1", "node-2"] {
        let mut plan = plan(name, folder, sink, ports)?;
        if wired {
            plan.dialled = ports.next()?;
        }
        write(&plan, Some(shared), manner)?;
        plans.push(plan);
    }
    Ok(plans)
}

/// One node that runs alone.
pub(super) fn alone(folder: &Path, ports: &mut Ports, manner: &Manner) -> anyhow::Result<Plan> {
    let sink = ports.next()?;
    let plan = plan("alone", folder, sink, ports)?;
    write(&plan, None, manner)?;
    Ok(plan)
}

fn plan(name: &str, folder: &Path, sink: SocketAddr, ports: &mut Ports) -> anyhow::Result<Plan> {
    let (source, http, sync) = (ports.next()?, ports.next()?, ports.next()?);
    let (name, home) = (name.to_owned(), folder.join(name));
    Ok(Plan { name, home, source, http, sync, dialled: sync, sink })
}

fn write(plan: &Plan, shared: Option<&Shared>, manner: &Manner) -> anyhow::Result<()> {
    let apps = plan.home.join("wso2/server/deployment/siddhi-files");
    let conf = plan.home.join("conf/server");
    create(&apps)?;
    create(&conf)?;
    put(&apps.join("Flights.siddhi"), &manner.app())?;
    put(&conf.join("deployment.yaml"), &deployment(plan, shared, manner))
}

fn create(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not create `{}`", folder.display()))
}

fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("could not write `{}`", file.display()))
}

fn deployment(plan: &Plan, shared: Option<&Shared>, manner: &Manner) -> String {
    let Plan { name, http, .. } = plan;
    let mut text = format!(
        "wso2.carbon:
  id: {name}
wso2.transport.http:
  listenerConfigurations:
    - id: default
      host: {}
      port: {}
weir:
  snapshotIntervalMillis: 1000
  standby: {}
",
        http.ip(),
        http.port(),
        manner.standby
    );
    if let Some(shared) = shared {
        text.push_str(&clustered(plan, shared));
    }
    text
}

fn clustered(plan: &Plan, shared: &Shared) -> String {
    let Plan { sync, dialled, .. } = plan;
    let (group, url) = (shared.name(), shared.url.replace('\'', "''"));
    format!(
        "cluster.config:
  enabled: true
  groupId: {group}
  coordinationStrategyClass: \
         org.wso2.carbon.cluster.coordinator.rdbms.RDBMSCoordinationStrategy
  strategyConfig:
    datasource: SHARED_DB
deployment.config:
  type: ha
  eventSyncServer:
    host: {}
    port: {}
    advertisedHost: {}
    advertisedPort: {}
state.persistence:
  enabled: true
  persistenceStore: \
         org.wso2.carbon.streaming.integrator.core.persistence.DBPersistenceStore
  config:
    datasource: SHARED_DB
    table: {group}_SNAPSHOTS
wso2.datasources:
  dataSources:
    - name: SHARED_DB
      definition:
        type: RDBMS
        configuration:
          jdbcUrl: '{url}'
",
        sync.ip(),
        sync.port(),
        dialled.ip(),
        dialled.port(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_out_twice() {
        let mut ports = Ports::from(None);
        let given: std::collections::BTreeSet<SocketAddr> =
            (0..8).map(|_| ports.next().unwrap()).collect();
        assert_eq!(given.len(), 8);
    }

    #[test]
    fn a_home_is_laid_out_as_the_original_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::of(None, folder.path()).unwrap();
        let manner = Manner { held: 0, standby: "hot".to_owned() };
        let plans = pair(folder.path(), &mut Ports::from(None), (&shared, true), &manner).unwrap();
        assert_eq!(plans.len(), 2);
        let yaml = plans[1].home.join("conf/server/deployment.yaml");
        let yaml = std::fs::read_to_string(yaml).unwrap();
        assert!(yaml.contains("id: node-2") && yaml.contains("type: ha"), "{yaml}");
        let app = plans[0].home.join("wso2/server/deployment/siddhi-files/Flights.siddhi");
        assert!(app.is_file());
        assert_eq!(plans[0].sink, plans[1].sink);
        let dialled = format!("advertisedPort: {}", plans[1].dialled.port());
        assert!(yaml.contains(&dialled) && plans[1].dialled != plans[1].sync, "{yaml}");
    }
}
