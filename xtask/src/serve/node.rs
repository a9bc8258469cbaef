//! A `weir serve` in a process of its own, and what it costs.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use serde_json::Value as Json;

use super::client::{Connection, says_yes};
use super::home::Home;

/// How long a node may take to come up.
const START_MAX: Duration = Duration::from_secs(60);
/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// Ticks of the kernel's accounting a second.
const TICKS: f64 = 100.0;

/// A node at work; it is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) home: Home,
    child: Child,
}

impl Node {
    /// Starts a node; it may not be up yet.
    pub(crate) fn start(binary: &Path, home: &Home) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(home.folder.join("log.txt"))
            .context("could not open the node's log")?;
        let child = Command::new(binary)
            .arg("serve")
            .arg("--home")
            .arg(&home.folder)
            .env("LOAD_SOURCE_PORT", home.source.to_string())
            .env("LOAD_SINK_PORT", home.sink.to_string())
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start `{}`", binary.display()))?;
        Ok(Self { home: home.clone(), child })
    }

    /// Waits until it is the active node.
    pub(crate) fn until_active(&self) -> Result<()> {
        self.until(|| says_yes(self.home.http, "/health/ready"))
    }

    /// Waits until its process answers.
    pub(crate) fn until_alive(&self) -> Result<()> {
        self.until(|| says_yes(self.home.http, "/health/live"))
    }

    /// What `weir status --json` says of it.
    pub(crate) fn status(&self, binary: &Path) -> Result<Json> {
        let asked = Command::new(binary)
            .args(["status", "--json", "--home"])
            .arg(&self.home.folder)
            .output()
            .context("could not ask for the status")?;
        Ok(serde_json::from_slice(&asked.stdout)?)
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, holds: impl Fn() -> bool) -> Result<()> {
        let began = Instant::now();
        while !holds() {
            if began.elapsed() > START_MAX {
                bail!("the node did not come up: see {}/log.txt", self.home.folder.display());
            }
            pause(LOOK);
        }
        Ok(())
    }

    /// A connection to its source.
    pub(crate) fn connect(&self) -> Result<Connection> {
        Connection::to(self.home.source)
    }

    /// The CPU time it has taken, user and system, in seconds.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            |at: usize| -> f64 { fields.get(at).and_then(|it| it.parse().ok()).unwrap_or(0.0) };
        Ok((ticks(11) + ticks(12)) / TICKS)
    }

    /// Its resident memory in MB.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|it| it.parse::<f64>().ok());
        Ok(kib.unwrap_or(0.0) / 1024.0)
    }

    /// Ends it at once, as a SIGKILL does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

/// Lets time go by: a measurement of another process has nothing else to wait for.
#[expect(clippy::disallowed_methods, reason = "what is measured runs in another process")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
