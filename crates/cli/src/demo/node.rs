//! A node of the demo: `weir serve` in a process of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::client;
use super::homes::Plan;
use crate::status;

/// How often a node that is waited for is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);
/// How much of a log is shown when a node has ended.
const LAST_LINES: usize = 4;
/// How long a node may take for what is waited for.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(60);

/// A node, running or not.
pub(super) struct Node {
    pub(super) plan: Plan,
    binary: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// A node that does not run yet.
    pub(super) fn new(plan: Plan) -> anyhow::Result<Self> {
        let binary = std::env::current_exe().context("could not find the `weir` that runs")?;
        Ok(Self { plan, binary, child: None })
    }

    /// Where its log lines go.
    pub(super) fn log(&self) -> PathBuf {
        self.plan.home.join("weir.log")
    }

    /// How its log ends.
    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.len().saturating_sub(LAST_LINES);
        lines.get(last..).unwrap_or_default().join("\n")
    }

    /// Starts the process; it is killed when this value is dropped.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        let log = self.log();
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("could not open `{}`", log.display()))?;
        let child = Command::new(&self.binary)
            .arg("serve")
            .arg("--home")
            .arg(&self.plan.home)
            .env("DEMO_SOURCE_PORT", self.plan.source.port().to_string())
            .env("DEMO_SINK_PORT", self.plan.sink.port().to_string())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start `{}`", self.binary.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// The process as the system knows it, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// SIGKILL: the process ends where it stands.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.with_context(|| format!("could not kill {}", self.plan.name))?;
        }
        Ok(())
    }

    /// Sends the process a signal, while it runs.
    pub(super) fn signal(&self, signal_sent: Signal) -> anyhow::Result<()> {
        self.child.as_ref().map_or(Ok(()), |child| signal(child, signal_sent))
    }

    /// SIGTERM: the process hands over, and ends.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(&child, Signal::TERM)?;
        let name = &self.plan.name;
        let Ok(ended) = tokio::time::timeout(WAIT_MAX, child.wait()).await else {
            bail!("{name} did not end within {WAIT_MAX:?} of SIGTERM");
        };
        let status = ended?;
        if !status.success() {
            bail!("{name} ended with {status}; its log is `{}`", self.log().display());
        }
        Ok(())
    }

    /// Whether it is the active one.
    pub(super) async fn is_ready(&self) -> bool {
        self.child.is_some() && client::says_yes(self.plan.http, "/health/ready").await
    }

    /// How many logs hold every acknowledged event, as the node itself says.
    pub(super) async fn logs_in_sync(&self) -> Option<u64> {
        self.status().await?["inSync"].as_u64()
    }

    /// How large its app's last snapshot is, where it knows.
    pub(super) async fn snapshot_bytes(&self) -> u64 {
        let status = self.status().await.unwrap_or_default();
        status["apps"][0]["snapshot"]["bytes"].as_u64().unwrap_or(0)
    }

    async fn status(&self) -> Option<serde_json::Value> {
        let home = self.plan.home.clone();
        let asked = tokio::task::spawn_blocking(move || status::ask(&home, "status")).await;
        asked.ok()?.ok()
    }

    /// Waits until the node answers the question with yes.
    pub(super) async fn until(&mut self, path: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        while !client::says_yes(self.plan.http, path).await {
            let name = &self.plan.name;
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                let (log, last) = (self.log(), self.last_words());
                bail!("{name} ended with {status}; its log is `{}`\n{last}", log.display());
            }
            if began.elapsed() > WAIT_MAX {
                let log = self.log();
                bail!(
                    "{name} has not said yes to {path} for {WAIT_MAX:?}; see `{}`",
                    log.display()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

fn signal(child: &Child, signal: Signal) -> anyhow::Result<()> {
    let pid = child.id().and_then(|it| i32::try_from(it).ok()).and_then(Pid::from_raw);
    pid.map_or(Ok(()), |pid| Ok(kill_process(pid, signal)?))
}
