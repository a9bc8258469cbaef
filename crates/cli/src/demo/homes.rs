//! The homes of the demo's nodes: laid out as users of the original have theirs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

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
    /// Where its sinks send to.
    pub(super) sink: SocketAddr,
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

/// Two nodes that share a database.
pub(super) fn pair(folder: &Path, ports: &mut Ports) -> anyhow::Result<Vec<Plan>> {
    let sink = ports.next()?;
    let database = folder.join("shared/weir.db");
    create(&folder.join("shared"))?;
    let mut plans = Vec::new();
    for name in ["node-1", "node-2"] {
        let plan = plan(name, folder, sink, ports)?;
        write(&plan, Some(&database))?;
        plans.push(plan);
    }
    Ok(plans)
}

/// One node that runs alone.
pub(super) fn alone(folder: &Path, ports: &mut Ports) -> anyhow::Result<Plan> {
    let sink = ports.next()?;
    let plan = plan("alone", folder, sink, ports)?;
    write(&plan, None)?;
    Ok(plan)
}

fn plan(name: &str, folder: &Path, sink: SocketAddr, ports: &mut Ports) -> anyhow::Result<Plan> {
    let (source, http, sync) = (ports.next()?, ports.next()?, ports.next()?);
    Ok(Plan { name: name.to_owned(), home: folder.join(name), source, http, sync, sink })
}

fn write(plan: &Plan, shared: Option<&Path>) -> anyhow::Result<()> {
    let apps = plan.home.join("wso2/server/deployment/siddhi-files");
    let conf = plan.home.join("conf/server");
    create(&apps)?;
    create(&conf)?;
    put(&apps.join("Flights.siddhi"), flights::APP)?;
    put(&conf.join("deployment.yaml"), &deployment(plan, shared))
}

fn create(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not create `{}`", folder.display()))
}

fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("could not write `{}`", file.display()))
}

fn deployment(plan: &Plan, shared: Option<&Path>) -> String {
    let Plan { name, http, sync, .. } = plan;
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
",
        http.ip(),
        http.port()
    );
    if let Some(database) = shared {
        text.push_str(&format!(
            "cluster.config:
  enabled: true
  groupId: demo
  coordinationStrategyClass: \
             org.wso2.carbon.cluster.coordinator.rdbms.RDBMSCoordinationStrategy
  strategyConfig:
    datasource: SHARED_DB
deployment.config:
  type: ha
  eventSyncServer:
    host: {}
    port: {}
state.persistence:
  enabled: true
  persistenceStore: \
             org.wso2.carbon.streaming.integrator.core.persistence.DBPersistenceStore
  config:
    datasource: SHARED_DB
wso2.datasources:
  dataSources:
    - name: SHARED_DB
      definition:
        type: RDBMS
        configuration:
          jdbcUrl: 'jdbc:sqlite:{}'
",
            sync.ip(),
            sync.port(),
            database.display()
        ));
    }
    text
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
        let plans = pair(folder.path(), &mut Ports::from(None)).unwrap();
        assert_eq!(plans.len(), 2);
        let yaml = plans[1].home.join("conf/server/deployment.yaml");
        let yaml = std::fs::read_to_string(yaml).unwrap();
        assert!(yaml.contains("id: node-2") && yaml.contains("type: ha"), "{yaml}");
        let app = plans[0].home.join("wso2/server/deployment/siddhi-files/Flights.siddhi");
        assert!(app.is_file());
        assert_eq!(plans[0].sink, plans[1].sink);
    }
}
