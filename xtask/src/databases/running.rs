//! Servers that run: started, found again by `down`, and stopped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::programs::{find, run};
use super::{mariadb, postgres};
use crate::steps::{Outcome, cargo};

/// Who logs in; the servers listen on this machine only.
pub(crate) const USER: &str = "weir";
pub(crate) const PASSWORD: &str = "weir-test";

/// Where a server goes.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
}

impl Place {
    /// The certificate that the servers show, for this machine, signed by itself.
    pub(crate) const CERT: &str = "server.crt";
    pub(crate) const KEY: &str = "server.key";

    /// Writes a shell script; how to run it.
    pub(crate) fn script(&self, name: &str, text: &str) -> Result<String> {
        let file = self.folder.join(name);
        fs::write(&file, text)?;
        Ok(format!("sh {}", file.display()))
    }
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    /// The command that restarts it, for a shell.
    pub(crate) restart: String,
}

/// Servers that run.
#[derive(Debug)]
struct Servers {
    folder: PathBuf,
    /// What tells the tests where they are.
    variables: Vec<(&'static str, String)>,
}

/// Where `up` leaves the name of the folder for `down`.
fn noted(root: &Path) -> PathBuf {
    root.join("target/databases-up")
}

/// What is missing on this machine, and how to get it; empty when nothing is.
fn missing() -> String {
    let openssl: Vec<_> = ["openssl"].into_iter().filter(|it| find(it).is_none()).collect();
    let lists = [
        (postgres::missing(), "postgresql"),
        (mariadb::missing(), "mariadb-server"),
        (openssl, "openssl"),
    ];
    let line = |(programs, package): (Vec<&str>, &str)| match programs[..] {
        [] => None,
        _ => Some(format!(
            "missing: {}\n  hint: Debian, Ubuntu: apt-get install {package}\n",
            programs.join(", ")
        )),
    };
    lists.into_iter().filter_map(line).collect()
}

impl Servers {
    fn start() -> Result<Self> {
        let missing = missing();
        if !missing.is_empty() {
            bail!("the servers cannot be started\n{missing}");
        }
        let name = format!("weir-databases-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        let mut servers = Self { folder, variables: Vec::new() };
        if let Err(error) = servers.fill() {
            // Kept for whoever looks for the reason.
            servers.stop_servers()?;
            return Err(error.context(format!("see {}", servers.folder.display())));
        }
        Ok(servers)
    }

    fn fill(&mut self) -> Result<()> {
        let certificate = self.folder.join(Place::CERT);
        run(Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
            .args(["-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(self.folder.join(Place::KEY))
            .arg("-out")
            .arg(&certificate))?;
        let place = || Ok::<_, anyhow::Error>(Place { folder: self.folder.clone(), port: port()? });
        let postgres = postgres::start(&place()?).context("could not start PostgreSQL")?;
        let mariadb = mariadb::start(&place()?).context("could not start MariaDB")?;
        self.variables = vec![
            ("WEIR_TEST_POSTGRES", postgres.url),
            ("WEIR_TEST_POSTGRES_RESTART", postgres.restart),
            ("WEIR_TEST_MARIADB", mariadb.url),
            ("WEIR_TEST_MARIADB_RESTART", mariadb.restart),
            ("WEIR_TEST_CERTIFICATE", certificate.display().to_string()),
        ];
        Ok(())
    }

    fn stop_servers(&self) -> Result<()> {
        let stopped = [postgres::stop(&self.folder), mariadb::stop(&self.folder)];
        stopped.into_iter().collect()
    }

    fn stop(&self) -> Result<()> {
        self.stop_servers()?;
        fs::remove_dir_all(&self.folder).context("could not remove the servers' folder")
    }
}

/// A port that nobody listens on.
fn port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// `databases up`, `down`, and `run -- COMMAND`.
///
/// # Errors
///
/// A server that cannot be started or stopped, with what is missing.
pub(crate) fn command(root: &Path, args: &[&str]) -> Result<bool> {
    match args {
        ["up"] => {
            if noted(root).exists() {
                bail!("servers are up already\nhint: `cargo xtask databases down` stops them");
            }
            let servers = Servers::start()?;
            fs::create_dir_all(root.join("target"))?;
            fs::write(noted(root), servers.folder.display().to_string())?;
            for (name, value) in &servers.variables {
                println!("export {name}='{value}'");
            }
            Ok(true)
        }
        ["down"] => {
            let folder = fs::read_to_string(noted(root)).context("no servers are up")?;
            Servers { folder: folder.into(), variables: Vec::new() }.stop()?;
            fs::remove_file(noted(root))?;
            Ok(true)
        }
        ["run", "--", program, args @ ..] => {
            let servers = Servers::start()?;
            let variables = servers.variables.iter().map(|(name, value)| (*name, value));
            let ended = Command::new(program).args(args).envs(variables).current_dir(root).status();
            servers.stop()?;
            Ok(ended.with_context(|| format!("could not start `{program}`"))?.success())
        }
        _ => bail!("`databases` is followed by `up`, `down` or `run -- COMMAND`"),
    }
}

/// Runs cargo's tests with the servers beside them; without, where they are not installed, which
/// is said, except in CI.
///
/// # Errors
///
/// A server that cannot be started or stopped.
pub(crate) fn tests(root: &Path, args: &[&str]) -> Result<Outcome> {
    let missing = missing();
    if !missing.is_empty() && std::env::var_os("CI").is_none() {
        println!("skipped: tests on PostgreSQL and MariaDB\n{missing}");
        return cargo(root, args, &[]);
    }
    let servers = Servers::start()?;
    let variables: Vec<_> =
        servers.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ended = cargo(root, args, &variables);
    servers.stop()?;
    ended
}
