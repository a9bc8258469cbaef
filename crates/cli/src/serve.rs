//! `weir serve`: a node, alone or one of a pair.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use weir_server::{ServeOptions, Server};

use crate::io;

/// Runs a node: its apps, their sources and sinks, alone or as one of a pair.
///
/// Without a deployment.yaml the node runs alone, with safe defaults: its state is kept below its
/// home, and its own HTTP service listens on this machine only. SIGTERM stops it cleanly: sources
/// close, sinks drain, a snapshot is taken, and the other node takes over at once.
#[derive(Debug, Args)]
#[command(after_help = "\
What a home holds (all but the apps may be missing):
  conf/server/deployment.yaml                    the configuration
  wso2/server/deployment/siddhi-files/*.siddhi   the apps
  wso2/server/log                                the node's log
  weir.sock                                      answers `weir status`

A pair is two nodes whose deployment.yaml name the same group and the same database:
  wso2.carbon:       { id: node-1 }
  cluster.config:    { enabled: true, groupId: si, strategyConfig: { datasource: CLUSTER } }
  deployment.config: { type: ha, eventSyncServer: { host: 127.0.0.1, port: 9893 } }
  wso2.datasources:
    dataSources:
      - name: CLUSTER
        definition: { type: RDBMS, configuration: { jdbcUrl: 'jdbc:sqlite:/shared/cluster.db' } }

The node answers on port 9090 + `wso2.carbon.ports.offset`:
  /health/live    200 on both nodes
  /health/ready   200 on the active node, 503 on the other
  /siddhi-apps/ha/is-active-node   true or false, as the original answers

What is logged is chosen by WEIR_LOG: WEIR_LOG=debug, WEIR_LOG=warn,weir_server=info

Examples:
  weir serve --home /opt/weir
  weir serve --home ./try --apps ./orders.siddhi
  weir serve --home ./node-1 --config ./node-1.yaml --apps ./apps")]
pub(crate) struct Serve {
    /// The node's home; it is made when it is not there.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// The configuration [default: HOME/conf/server/deployment.yaml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The apps: a folder, or one file [default: HOME/wso2/server/deployment/siddhi-files].
    #[arg(long, value_name = "DIR")]
    apps: Option<PathBuf>,
    /// A property for `${sys:NAME}` in the configuration.
    #[arg(short = 'D', value_name = "NAME=VALUE", value_parser = property)]
    properties: Vec<(String, String)>,
}

fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("write NAME=VALUE".to_owned()),
    }
}

impl Serve {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        start_logging();
        if let Some(config) = self.config.as_deref().filter(|it| !it.is_file()) {
            anyhow::bail!(
                "there is no file `{}`\nhint: `--config` names a deployment.yaml",
                config.display()
            );
        }
        let options = ServeOptions {
            home: self.home,
            config: self.config,
            apps: self.apps,
            properties: self.properties.into_iter().collect(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("could not start the node's threads")?;
        runtime.block_on(run(options))?;
        tracing::info!("the node has stopped");
        Ok(ExitCode::SUCCESS)
    }
}

async fn run(options: ServeOptions) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
    let mut server = Server::start(options).await?;
    let stopper = server.stopper();
    tokio::spawn(async move {
        let mut asked = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        asked().await;
        tracing::info!("stops: asked by a signal");
        stopper.stop().await;
        asked().await;
        tracing::warn!("asked a second time: ends at once, as by a crash");
        std::process::exit(i32::from(io::FAILED));
    });
    Ok(server.ended().await?)
}

fn start_logging() {
    let filter = EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
