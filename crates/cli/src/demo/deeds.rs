//! The disturbances themselves, each of which ends with a pair that is whole again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;

use super::harm::{Blow, Kind};
use super::pair::Pair;
use super::table::{seconds, thousands};

/// For how long a stopped node stands still.
const STOPPED: Duration = Duration::from_secs(10);
/// For how long the nodes are cut apart.
const CUT: Duration = Duration::from_secs(5);

impl Pair<'_> {
    /// Does it once.
    pub(super) async fn strike(&mut self, kind: Kind) -> anyhow::Result<()> {
        match kind {
            Kind::Active => self.kill_active().await,
            Kind::Both => self.kill_both().await,
            Kind::Stop => self.stop_active().await,
            Kind::Term => self.end_active().await,
            Kind::Cut => self.cut().await,
            Kind::Restart => self.restart_database().await,
        }
    }

    fn note(&mut self, kind: Kind, what: &str) -> Instant {
        let at = Instant::now();
        self.blows.push(Blow { kind, at, calm: self.calm });
        let sent = thousands(*self.counted.borrow() as u64);
        self.say(&format!("{what}, after {sent} requests"));
        at
    }

    async fn taken_over(&mut self, at: Instant, then: &str) -> anyhow::Result<()> {
        let active = self.active().await?;
        let (took, name) = (seconds(at.elapsed()), self.nodes[active].plan.name.clone());
        self.say(&format!("  {name} is active after {took}{then}"));
        Ok(())
    }

    async fn kill_active(&mut self) -> anyhow::Result<()> {
        let nth = self.active().await?;
        let node = &mut self.nodes[nth];
        let (name, pid) = (node.plan.name.clone(), node.pid().unwrap_or(0));
        let at = self.note(Kind::Active, &format!("SIGKILL of the active, {name} (pid {pid})"));
        self.nodes[nth].kill().await?;
        self.taken_over(at, &format!("; {name} is started again")).await?;
        self.nodes[nth].start()
    }

    async fn kill_both(&mut self) -> anyhow::Result<()> {
        let at = self.note(Kind::Both, "SIGKILL of both nodes; both are started again");
        for node in &mut self.nodes {
            node.kill().await?;
        }
        for node in &mut self.nodes {
            node.start()?;
        }
        self.taken_over(at, "").await
    }

    async fn stop_active(&mut self) -> anyhow::Result<()> {
        let nth = self.active().await?;
        let name = self.nodes[nth].plan.name.clone();
        let at = self.note(Kind::Stop, &format!("SIGSTOP of the active, {name}"));
        self.nodes[nth].signal(Signal::STOP)?;
        let other = 1 - nth;
        self.nodes[other].until("/health/ready").await?;
        let (took, by) = (seconds(at.elapsed()), self.nodes[other].plan.name.clone());
        self.say(&format!("  {by} is active after {took}"));
        tokio::time::sleep_until((at + STOPPED).into()).await;
        self.nodes[nth].signal(Signal::CONT)?;
        self.say(&format!("  SIGCONT of {name} after {}", seconds(at.elapsed())));
        Ok(())
    }

    async fn end_active(&mut self) -> anyhow::Result<()> {
        let nth = self.active().await?;
        let name = self.nodes[nth].plan.name.clone();
        let at = self.note(Kind::Term, &format!("SIGTERM of the active, {name}"));
        self.nodes[nth].stop().await?;
        self.taken_over(at, &format!("; {name} is started again")).await?;
        self.nodes[nth].start()
    }

    async fn cut(&mut self) -> anyhow::Result<()> {
        let at = self.note(Kind::Cut, "the nodes are cut apart");
        self.wires.iter().for_each(|it| it.set_cut(true));
        tokio::time::sleep_until((at + CUT).into()).await;
        self.wires.iter().for_each(|it| it.set_cut(false));
        self.say(&format!("  together again after {}", seconds(at.elapsed())));
        Ok(())
    }

    async fn restart_database(&mut self) -> anyhow::Result<()> {
        let command = self.restart_command.clone().context("no command restarts the database")?;
        let at = self.note(Kind::Restart, "the database restarts");
        // What a server that goes on in the background says must not hold up this one.
        let ended = tokio::process::Command::new("sh")
            .args(["-c", &command])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .context("could not start `sh`")?;
        if !ended.success() {
            bail!("`{command}` ended with {ended}\nhint: it must restart the database and return");
        }
        self.say(&format!("  it is back after {}", seconds(at.elapsed())));
        Ok(())
    }
}
