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
    /// Where it answers probes.
    pub(crate) http: u16,
}

/// What the nodes of one measurement have in common.
#[derive(Debug, Clone)]
pub(crate) struct Layout<'a> {
    pub(crate) folder: &'a Path,
    /// The app's text; `PORT` stands for the source's port.
    pub(crate) app: &'a str,
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
        self.lay_out("alone")
    }

    fn lay_out(&self, name: &str) -> Result<Home> {
        let folder = self.folder.join(name);
        let home = Home { source: free_port()?, http: free_port()?, folder };
        let apps = home.folder.join("wso2/server/deployment/siddhi-files");
        let conf = home.folder.join("conf/server");
        std::fs::create_dir_all(&apps)?;
        std::fs::create_dir_all(&conf)?;
        let app = self.app.replace("PORT", &home.source.to_string());
        std::fs::write(apps.join("Load.siddhi"), app)?;
        let mut yaml = format!(
            "wso2.carbon:\n  id: {name}\nwso2.transport.http:\n  listenerConfigurations:\n    \
             - id: default\n      host: 127.0.0.1\n      port: {}\nweir:\n",
            home.http
        );
        for line in self.own.lines() {
            writeln!(yaml, "  {line}")?;
        }
        std::fs::write(conf.join("deployment.yaml"), yaml)?;
        Ok(home)
    }
}
