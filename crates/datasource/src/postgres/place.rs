//! Where a PostgreSQL database is, and how it is talked to.

use std::fmt;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use super::tls::{Tls, Trust};
use crate::door::{ServerUrl, StoreError};

/// Options of the Java driver that change nothing here.
const NO_USE: &[&str] = &[
    "adaptiveFetch",
    "assumeMinServerVersion",
    "autosave",
    "binaryTransfer",
    "characterEncoding",
    "charSet",
    "cleanupSavepoints",
    "connectTimeout",
    "defaultRowFetchSize",
    "gssEncMode",
    "hostRecheckSeconds",
    "loadBalanceHosts",
    "logUnclosedConnections",
    "loggerFile",
    "loggerLevel",
    "loginTimeout",
    "preferQueryMode",
    "prepareThreshold",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "reWriteBatchedInserts",
    "socketTimeout",
    "sslpassword",
    "tcpKeepAlive",
    "useUnicode",
];

/// Where a PostgreSQL database is, and how it is talked to.
#[derive(Clone)]
pub(crate) struct PostgresPlace {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) schema: Option<String>,
}

/// The configuration has the password in it.
impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresPlace").field(&self.name).finish()
    }
}

impl PostgresPlace {
    /// Understands a URL; what the user should know about it.
    pub(crate) fn of_url(mut url: ServerUrl) -> Result<(Self, Option<String>), StoreError> {
        let name = url.name();
        let mut config = Config::new();
        for (host, port) in &url.hosts {
            config.host(host).port(*port);
        }
        if let Some(user) = &url.login.user {
            config.user(user);
        }
        if let Some(password) = &url.login.password {
            config.password(password);
        }
        if !url.database.is_empty() {
            config.dbname(&url.database);
        }
        config.application_name(url.take("ApplicationName").unwrap_or_else(|| "weir".into()));
        if let Some(options) = url.take("options") {
            config.options(options);
        }
        let wanted = url.take("targetServerType").unwrap_or_default();
        let several = url.hosts.len() > 1;
        if several || ["primary", "master"].contains(&wanted.as_str()) {
            // A standby cannot be written, and every room writes.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let schema = url.take("currentSchema");
        let (mode, tls, notice) = encryption(&mut url, &name)?;
        config.ssl_mode(mode);
        let left: Vec<_> = url
            .left()
            .into_iter()
            .filter(|left| NO_USE.iter().all(|it| !it.eq_ignore_ascii_case(left)))
            .collect();
        let mut notices: Vec<String> = notice.into_iter().collect();
        if !left.is_empty() {
            notices.push(format!("options of `{name}` are ignored: {}", left.join(", ")));
        }
        let notice = Some(notices.join("\n")).filter(|it| !it.is_empty());
        Ok((Self { name, config, tls, schema }, notice))
    }
}

/// Whether the connection is encrypted and whom it trusts, by the options of the Java driver.
fn encryption(
    url: &mut ServerUrl,
    name: &str,
) -> Result<(SslMode, Tls, Option<String>), StoreError> {
    let ssl = url.take_flag("ssl");
    let factory = url.take("sslfactory").unwrap_or_default();
    let written = url.take("sslmode");
    let roots = url.take("sslrootcert").map(PathBuf::from);
    let (cert, key) = (url.take("sslcert"), url.take("sslkey"));
    let identity = cert.zip(key).map(|(cert, key)| (PathBuf::from(cert), PathBuf::from(key)));
    let trusts_any = factory.ends_with("NonValidatingFactory");
    let mode = match (written.as_deref(), ssl) {
        (Some(mode), _) => mode.to_owned(),
        (None, Some(true)) if trusts_any => "require".to_owned(),
        (None, Some(true)) => "verify-full".to_owned(),
        (None, Some(false) | None) => "prefer".to_owned(),
    };
    let (mode, trust) = match mode.as_str() {
        "disable" => (SslMode::Disable, Trust::Anyone),
        "allow" | "prefer" => (SslMode::Prefer, Trust::Anyone),
        // With a certificate to compare with, the driver compares.
        "require" if roots.is_some() && !trusts_any => (SslMode::Require, Trust::Signed),
        "require" => (SslMode::Require, Trust::Anyone),
        "verify-ca" => (SslMode::Require, Trust::Signed),
        "verify-full" => (SslMode::Require, Trust::Named),
        other => {
            let why = format!("`sslmode={other}` is not known");
            let hint = "use disable, prefer, require, verify-ca or verify-full";
            return Err(StoreError::refused(name, why, hint));
        }
    };
    let unchecked = (mode, trust) == (SslMode::Require, Trust::Anyone);
    let notice = unchecked.then(|| {
        format!(
            "`{name}`: the server's certificate is not checked; `sslmode=verify-full` with \
             `sslrootcert=FILE.pem` does"
        )
    });
    Ok((mode, Tls { trust, roots, identity }, notice))
}
