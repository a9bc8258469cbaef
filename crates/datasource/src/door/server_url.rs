//! A URL of a database on a server, taken apart: hosts, database, user, options.

use std::fmt;

use super::error::StoreError;
use super::login::Login;

/// The kinds of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Postgres,
    Mysql,
    Mariadb,
}

/// A URL of a database on a server, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) kind: ServerKind,
    /// Where it may be: the first that answers counts.
    pub(crate) hosts: Vec<(String, u16)>,
    /// Empty where the URL names none.
    pub(crate) database: String,
    pub(crate) login: Login,
    /// The options, as written, each taken out by who understands it.
    options: Vec<(String, String)>,
}

/// Options can be secrets too.
impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerUrl").field(&self.name()).finish()
    }
}

impl ServerKind {
    fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "jdbc:postgresql:",
            Self::Mysql => "jdbc:mysql:",
            Self::Mariadb => "jdbc:mariadb:",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql | Self::Mariadb => 3306,
        }
    }
}

const SHAPE: &str = "write `//HOST:PORT/DATABASE` after it, with options after `?`";

impl ServerUrl {
    /// Reads what follows the scheme.
    pub(super) fn read(kind: ServerKind, rest: &str) -> Result<Self, StoreError> {
        let refused = |why: &str| StoreError::refused(kind.scheme(), why, SHAPE);
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = match place.strip_prefix("//") {
            Some(place) => place.split_once('/').unwrap_or((place, "")),
            // `jdbc:postgresql:DATABASE` is one on this machine.
            None if kind == ServerKind::Postgres => ("", place.trim_start_matches('/')),
            None => return Err(refused("only `//HOST:PORT/DATABASE` is understood")),
        };
        let (user, place) = match place.rsplit_once('@') {
            Some((user, place)) => (user, place),
            None => ("", place),
        };
        if place.contains('(') {
            return Err(refused("hosts in parentheses are not understood"));
        }
        let hosts = place.split(',').map(|it| host(kind, it.trim()).ok_or(it));
        let hosts = hosts.collect::<Result<Vec<_>, _>>();
        let hosts = hosts.map_err(|_| refused("a port is a number from 1 to 65535"))?;
        let mut url = Self {
            kind,
            hosts,
            database: decoded(database),
            login: Login::default(),
            options: options.split('&').filter(|it| !it.is_empty()).map(option).collect(),
        };
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let named = |text: &str| Some(decoded(text)).filter(|it| !it.is_empty());
        url.login = Login { user: named(name), password: named(password) };
        let written = Login { user: url.take("user"), password: url.take("password") };
        url.login = written.or(url.login);
        Ok(url)
    }

    /// The first host and the database, for messages.
    pub(crate) fn name(&self) -> String {
        let hosts: Vec<_> =
            self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        format!("{}//{}/{}", self.kind.scheme(), hosts.join(","), self.database)
    }

    /// Takes an option out, whatever the case of its name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(self.options.remove(at).1)
    }

    #[cfg(any(test, feature = "postgres", feature = "mysql"))]
    /// Takes an option that is `true` or `false`; any other text counts as `false`.
    pub(crate) fn take_flag(&mut self, name: &str) -> Option<bool> {
        // An option without a value, such as `?ssl`, is switched on.
        self.take(name).map(|it| it.is_empty() || it.eq_ignore_ascii_case("true"))
    }

    #[cfg(any(test, feature = "postgres", feature = "mysql"))]
    /// The names of the options that nobody took.
    pub(crate) fn left(&self) -> Vec<&str> {
        self.options.iter().map(|(key, _)| key.as_str()).collect()
    }
}

fn host(kind: ServerKind, text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None | Some("") => kind.port(),
        Some(port) => port.parse().ok().filter(|it| *it > 0)?,
    };
    let host = if host.is_empty() { "localhost" } else { host };
    Some((host.to_owned(), port))
}

fn option(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(key), decoded(value))
}

/// Text with its `%41` read; what is not well formed stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
