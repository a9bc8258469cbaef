//! Which database a JDBC URL means.

use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::server_url::{ServerKind, ServerUrl};

/// A database that a URL means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A SQLite file.
    File(FileTarget),
    /// A database on a server.
    Server(ServerUrl),
}

/// A SQLite file that a URL means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileTarget {
    /// The SQLite file.
    pub(super) file: PathBuf,
    /// Whether its folder is made when it is not there, as H2 does.
    pub(super) makes_folder: bool,
    /// What the user should know about it.
    pub(super) notice: Option<String>,
}

/// What the file is called that stands in for an H2 database.
const BESIDE_H2: &str = "sqlite";

const HINT: &str = "use `jdbc:postgresql://HOST/DATABASE`, `jdbc:mysql://HOST/DATABASE`, \
                    `jdbc:mariadb://HOST/DATABASE` or `jdbc:sqlite:FILE`";

/// Databases that the original knows, by the start of their URL.
const NOT_YET: &[(&str, &str)] =
    &[("jdbc:sqlserver:", "SQL Server"), ("jdbc:oracle:", "Oracle"), ("jdbc:db2:", "DB2")];

const SERVERS: &[(&str, ServerKind)] = &[
    ("jdbc:postgresql:", ServerKind::Postgres),
    ("jdbc:mysql:", ServerKind::Mysql),
    ("jdbc:mariadb:", ServerKind::Mariadb),
];

impl Target {
    /// Reads a URL. What is refused is named without the rest of the URL, which may hold a
    /// password.
    pub(super) fn of_url(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        if let Some(rest) = url.strip_prefix("jdbc:sqlite:") {
            return sqlite(rest).map(Self::File);
        }
        if let Some(rest) = url.strip_prefix("jdbc:h2:") {
            return h2(rest).map(Self::File);
        }
        for (scheme, kind) in SERVERS {
            if let Some(rest) = url.strip_prefix(scheme) {
                return ServerUrl::read(*kind, rest).map(Self::Server);
            }
        }
        if let Some((scheme, name)) = NOT_YET.iter().find(|(scheme, _)| url.starts_with(scheme)) {
            let why = format!("{name} is not yet supported");
            return Err(StoreError::refused(scheme, why, HINT));
        }
        let mut parts = url.splitn(3, ':');
        let scheme = match (parts.next(), parts.next(), parts.next()) {
            (Some("jdbc"), Some(name), Some(_)) if name.len() <= 20 => format!("jdbc:{name}:"),
            _ => "jdbcUrl".to_owned(),
        };
        Err(StoreError::refused(scheme, "it names no known kind of database", HINT))
    }
}

fn sqlite(rest: &str) -> Result<FileTarget, StoreError> {
    let (path, options) = split(rest, '?');
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.is_empty() || path.starts_with(":memory:") || rest.contains("mode=memory") {
        let why = "a database in memory is gone with its node";
        return Err(StoreError::refused("jdbc:sqlite:", why, "name a file: `jdbc:sqlite:FILE`"));
    }
    let notice = options.map(|options| format!("options of `jdbc:sqlite:` are ignored: {options}"));
    Ok(FileTarget { file: path.into(), makes_folder: false, notice })
}

fn h2(rest: &str) -> Result<FileTarget, StoreError> {
    let (path, _) = split(rest, ';');
    let remote = ["tcp:", "ssl:", "zip:", "mem:"].into_iter().find(|it| path.starts_with(it));
    if let Some(kind) = remote {
        let what = format!("jdbc:h2:{kind}");
        let why = "only an H2 database in a file has a stand-in";
        return Err(StoreError::refused(what, why, HINT));
    }
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.is_empty() || path.starts_with('~') {
        let why = "the file's whole path is needed";
        return Err(StoreError::refused("jdbc:h2:", why, "write it out, without `~`"));
    }
    let mut name = Path::new(path).as_os_str().to_owned();
    name.push(".");
    name.push(BESIDE_H2);
    let file = PathBuf::from(name);
    let notice = format!(
        "`jdbc:h2:{path}` is served by an embedded SQLite database in `{}`; what an H2 file \
         holds is not read",
        file.display()
    );
    Ok(FileTarget { file, makes_folder: true, notice: Some(notice) })
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}
