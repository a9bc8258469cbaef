//! `weir takeover`: an operator's word that a node may take over although events may be lost.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::{io, status};

/// Lets a node take over although no node that holds every acknowledged event can return.
///
/// A node takes the lease by itself as long as its log holds every acknowledged event. When the
/// only nodes that do are gone for good, the group waits for them. This ends the wait: the node
/// starts from the last snapshot and its own log, and logs which entries are missing.
#[derive(Debug, Args)]
#[command(after_help = "\
See first what the node waits for:
  weir status --home /opt/weir

Example:
  weir takeover --home /opt/weir --accept-loss")]
pub(crate) struct Takeover {
    /// The node's home.
    #[arg(long, value_name = "DIR", default_value = ".")]
    home: PathBuf,
    /// Say that acknowledged events may be lost.
    #[arg(long, required = true)]
    accept_loss: bool,
}

impl Takeover {
    pub(crate) fn execute(self) -> anyhow::Result<ExitCode> {
        debug_assert!(self.accept_loss, "the flag is required");
        status::ask(&self.home, "accept-loss")?;
        io::put("the node takes the lease as soon as it is free: see `weir status`")?;
        Ok(ExitCode::SUCCESS)
    }
}
