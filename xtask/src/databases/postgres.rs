//! A private PostgreSQL server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::programs::{as_user, find, give, run, user_to_be};
use super::running::{PASSWORD, Place, Server, USER};

/// What has to be installed.
pub(crate) fn missing() -> Vec<&'static str> {
    ["initdb", "pg_ctl", "postgres"].into_iter().filter(|it| find(it).is_none()).collect()
}

fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| name.into())
}

/// Starts it.
pub(crate) fn start(place: &Place) -> Result<Server> {
    let folder = place.folder.join("postgres");
    fs::create_dir_all(&folder)?;
    for file in [Place::CERT, Place::KEY] {
        fs::copy(place.folder.join(file), folder.join(file))?;
    }
    let password = folder.join("password");
    fs::write(&password, PASSWORD)?;
    let user = user_to_be(&["postgres", "nobody"])?;
    give(&folder, user)?;
    let key = folder.join(Place::KEY);
    run(as_user(user, "chmod".as_ref()).arg("0600").arg(&key))?;
    let data = folder.join("data");
    run(as_user(user, &program("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"])
        .arg(format!("--pwfile={}", password.display())))?;
    // It holds nothing that has to outlive the machine.
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\n\
         fsync = off\nmax_connections = 200\nssl = on\n\
         ssl_cert_file = '{}'\nssl_key_file = '{}'\n",
        place.port,
        folder.display(),
        folder.join(Place::CERT).display(),
        key.display(),
    );
    let added = folder.join("added.conf");
    fs::write(&added, settings)?;
    let include = format!("include = '{}'\n", added.display());
    let conf = data.join("postgresql.conf");
    fs::write(&conf, fs::read_to_string(&conf)? + &include)?;
    control(&folder, user, &["start", "-w", "-s"])?;
    let again = controlled(&folder, user, &["restart", "-w", "-s", "-m", "fast"]);
    let url = format!(
        "jdbc:postgresql://127.0.0.1:{}/postgres?user={USER}&password={PASSWORD}",
        place.port
    );
    Ok(Server { url, restart: place.script("restart-postgres", &format!("set -e\n{again:?}\n"))? })
}

/// Stops it, with everything that it does.
pub(crate) fn stop(folder: &Path) -> Result<()> {
    let folder = folder.join("postgres");
    if folder.join("data/postmaster.pid").exists() {
        control(
            &folder,
            user_to_be(&["postgres", "nobody"])?,
            &["stop", "-w", "-s", "-m", "immediate"],
        )?;
    }
    Ok(())
}

fn control(folder: &Path, user: Option<&str>, what: &[&str]) -> Result<()> {
    run(&mut controlled(folder, user, what))
}

fn controlled(folder: &Path, user: Option<&str>, what: &[&str]) -> Command {
    let mut command = as_user(user, &program("pg_ctl"));
    command.arg("-D").arg(folder.join("data")).arg("-l").arg(folder.join("log"));
    command.args(what).current_dir(folder);
    command
}
