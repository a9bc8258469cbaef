//! A private MariaDB server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::programs::{as_user, find, give, run, user_to_be};
use super::running::{PASSWORD, Place, Server, USER};

const SERVER: &str = "mariadbd";
const INSTALL: &str = "mariadb-install-db";
const ADMIN: &str = "mariadb-admin";

/// What has to be installed.
pub(crate) fn missing() -> Vec<&'static str> {
    [SERVER, INSTALL, ADMIN].into_iter().filter(|it| find(it).is_none()).collect()
}

fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| name.into())
}

/// Starts it.
pub(crate) fn start(place: &Place) -> Result<Server> {
    let folder = place.folder.join("mariadb");
    fs::create_dir_all(&folder)?;
    for file in [Place::CERT, Place::KEY] {
        fs::copy(place.folder.join(file), folder.join(file))?;
    }
    // Statements of this file are a line each.
    let users = format!(
        "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n\
         CREATE DATABASE IF NOT EXISTS weir;\n"
    );
    fs::write(folder.join("users.sql"), users)?;
    let user = user_to_be(&["mysql", "nobody"])?;
    give(&folder, user)?;
    run(as_user(user, "chmod".as_ref()).arg("0600").arg(folder.join(Place::KEY)))?;
    let data = format!("--datadir={}", folder.join("data").display());
    run(as_user(user, &program(INSTALL))
        .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
        .arg(&data)
        .current_dir(&folder))?;
    let file = |key: &str, name: &str| format!("--{key}={}", folder.join(name).display());
    let mut server = as_user(user, &program(SERVER));
    server
        .arg("--no-defaults")
        .arg(&data)
        .args(["--bind-address=127.0.0.1", "--skip-log-bin", "--max-connections=200"])
        .arg("--innodb-flush-log-at-trx-commit=2")
        .arg(format!("--port={}", place.port))
        .args([file("socket", "socket"), file("pid-file", "pid"), file("log-error", "log")])
        .args([file("init-file", "users.sql")])
        .args([file("ssl-cert", Place::CERT), file("ssl-key", Place::KEY)])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let again = format!(
        "set -e\n{:?}\n{server:?} >/dev/null 2>&1 &\n{:?}\n",
        admin(&folder).arg("shutdown"),
        admin(&folder).args(["--wait=60", "ping"]),
    );
    server.spawn().context("could not start the MariaDB server")?;
    run(admin(&folder).args(["--wait=60", "ping"]))
        .with_context(|| format!("see {}", folder.join("log").display()))?;
    let url = format!("jdbc:mariadb://127.0.0.1:{}/?user={USER}&password={PASSWORD}", place.port);
    Ok(Server { url, restart: place.script("restart-mariadb", &again)? })
}

/// Stops it.
pub(crate) fn stop(folder: &Path) -> Result<()> {
    let folder = folder.join("mariadb");
    if folder.join("pid").exists() {
        run(admin(&folder).arg("shutdown"))?;
    }
    Ok(())
}

fn admin(folder: &Path) -> Command {
    let mut command = Command::new(program(ADMIN));
    command
        .args(["--no-defaults", "--user", USER])
        .arg(format!("--password={PASSWORD}"))
        .arg(format!("--socket={}", folder.join("socket").display()));
    command
}
