//! Homes of nodes that are measured, as users lay theirs out.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A node before it runs.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    /// Where its source listens.
    pub(crate) source: u16,
    /// Where its sink sends to.
    pub(crate) sink: u16,
    /// Where it answers probes.
    pub(crate) http: u16,
}

/// What the nodes of one measurement have in common.
#[derive(Debug, Clone)]
pub(crate) struct Layout<'a> {
    pub(crate) folder: &'a Path,
    /// The app's text, the same on all nodes: ports are variables of their environment.
    pub(crate) app: &'a str,
    /// Where the sinks send to.
    pub(crate) sink: u16,
    /// Lines below `weir:`.
    pub(crate) own: &'a str,
}

/// A port of this machine that nobody holds now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

impl Layout<'_> {
    /// One node that runs alone.
    pub(crate) fn alone(&self) -> Result<Home> {
        self.lay_out("alone", "")
    }

    /// Two nodes that share a database, and say they belong together.
    pub(crate) fn pair(&self) -> Result<[Home; 2]> {
        let one = |name: &str| -> Result<Home> {
            let pair = pair_of(&self.folder.join("weir.db"), free_port()?);
            self.lay_out(name, &pair)
        };
        Ok([one("node-1")?, one("node-2")?])
    }

    fn lay_out(&self, name: &str, pair: &str) -> Result<Home> {
        let folder = self.folder.join(name);
        let home = Home { source: free_port()?, sink: self.sink, http: free_port()?, folder };
        let apps = home.folder.join("wso2/server/deployment/siddhi-files");
        let conf = home.folder.join("conf/server");
        std::fs::create_dir_all(&apps)?;
        std::fs::create_dir_all(&conf)?;
        std::fs::write(apps.join("Load.siddhi"), self.app)?;
        let mut yaml = format!(
            "wso2.carbon:\n  id: {name}\nwso2.transport.http:\n  listenerConfigurations:\n    \
             - id: default\n      host: 127.0.0.1\n      port: {}\nweir:\n",
            home.http
        );
        for line in self.own.lines() {
            writeln!(yaml, "  {line}")?;
        }
        yaml.push_str(pair);
        std::fs::write(conf.join("deployment.yaml"), yaml)?;
        Ok(home)
    }
}

fn pair_of(database: &Path, sync: u16) -> String {
    let package = "org.wso2.carbon";
    format!(
        "cluster.config:
  enabled: true
  groupId: load
  coordinationStrategyClass: {package}.cluster.coordinator.rdbms.RDBMSCoordinationStrategy
  strategyConfig:
    datasource: SHARED_DB
deployment.config:
  type: ha
  eventSyncServer:
    host: 127.0.0.1
    port: {sync}
state.persistence:
  enabled: true
  persistenceStore: {package}.streaming.integrator.core.persistence.DBPersistenceStore
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
        database.display()
    )
}
