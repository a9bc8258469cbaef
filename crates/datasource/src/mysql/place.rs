//! Where a MySQL or MariaDB database is, and how it is talked to.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use mysql::consts::CapabilityFlags;
use mysql::{ClientIdentity, OptsBuilder, SslOpts};

use crate::door::{ServerKind, ServerUrl, StoreError};

/// Options of the Java drivers that change nothing here.
const NO_USE: &[&str] = &[
    "allowPublicKeyRetrieval",
    "autoReconnect",
    "cachePrepStmts",
    "characterEncoding",
    "characterSetResults",
    "connectionCollation",
    "connectTimeout",
    "createDatabaseIfNotExist",
    "enabledSslProtocolSuites",
    "enabledTLSProtocols",
    "failOverReadOnly",
    "maintainTimeStats",
    "nullCatalogMeansCurrent",
    "prepStmtCacheSize",
    "prepStmtCacheSqlLimit",
    "rewriteBatchedStatements",
    "serverTimezone",
    "socketTimeout",
    "tcpKeepAlive",
    "useLegacyDatetimeCode",
    "useServerPrepStmts",
    "useUnicode",
    "zeroDateTimeBehavior",
];

/// Files of Java's own kind, which name whom to trust.
const KEY_STORES: &[&str] =
    &["trustCertificateKeyStoreUrl", "clientCertificateKeyStoreUrl", "trustStore", "keyStore"];

/// Whether a connection is encrypted.
#[derive(Debug, Clone)]
pub(super) enum Encryption {
    No,
    /// Where the server can.
    Preferred(SslOpts),
    Required(SslOpts),
}

/// Where a MySQL or MariaDB database is, and how it is talked to.
#[derive(Clone)]
pub(crate) struct MysqlPlace {
    pub(super) name: String,
    /// The first that answers counts.
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) options: OptsBuilder,
    pub(super) encryption: Encryption,
}

/// The options have the password in them.
impl fmt::Debug for MysqlPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MysqlPlace").field(&self.name).finish()
    }
}

impl MysqlPlace {
    /// Understands a URL; what the user should know about it.
    pub(crate) fn of_url(mut url: ServerUrl) -> Result<(Self, Option<String>), StoreError> {
        let name = url.name();
        let options = OptsBuilder::new()
            .user(url.login.user.clone())
            .pass(url.login.password.clone())
            .db_name(Some(url.database.clone()).filter(|it| !it.is_empty()))
            .prefer_socket(false)
            // An update answers how many rows it met, as with the Java drivers.
            .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS);
        for key_store in KEY_STORES {
            if url.take(key_store).is_some() {
                let why = format!("`{key_store}` names a Java key store, which is not read");
                let hint = "name PEM files: `serverSslCert=FILE` (and `clientCert`, `clientKey`)";
                return Err(StoreError::refused(&name, why, hint));
            }
        }
        let (encryption, notice) = encryption(&mut url, &name)?;
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
        Ok((Self { name, hosts: url.hosts, options, encryption }, notice))
    }
}

/// Whether the connection is encrypted and whom it trusts, by the options of the Java drivers.
fn encryption(url: &mut ServerUrl, name: &str) -> Result<(Encryption, Option<String>), StoreError> {
    let uses = url.take_flag("useSSL").or(url.take_flag("useSsl"));
    let requires = url.take_flag("requireSSL").unwrap_or(false);
    let verifies = url.take_flag("verifyServerCertificate").unwrap_or(false);
    let trusts_any = url.take_flag("trustServerCertificate").unwrap_or(false);
    let written = url.take("sslMode").map(|it| it.to_lowercase().replace('_', "-"));
    let roots = url.take("serverSslCert").map(PathBuf::from);
    let (cert, key) = (url.take("clientCert"), url.take("clientKey"));
    let mode = match written {
        Some(mode) => mode,
        None if uses == Some(false) => "disabled".to_owned(),
        None if verifies => "verify-ca".to_owned(),
        None if requires || uses == Some(true) && url.kind == ServerKind::Mysql => {
            "required".into()
        }
        None if uses == Some(true) && trusts_any => "required".to_owned(),
        None if uses == Some(true) => "verify-identity".to_owned(),
        None if url.kind == ServerKind::Mariadb => "disabled".to_owned(),
        None => "preferred".to_owned(),
    };
    let mut ssl = SslOpts::default().with_root_cert_path(roots.map(Cow::Owned));
    if let Some((cert, key)) = cert.zip(key) {
        let identity = ClientIdentity::new(PathBuf::from(cert), PathBuf::from(key));
        ssl = ssl.with_client_identity(Some(identity));
    }
    let anyone = |ssl: SslOpts| {
        ssl.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
    };
    let unchecked = || {
        Some(format!(
            "`{name}`: the server's certificate is not checked; `sslMode=VERIFY_IDENTITY` with \
             `serverSslCert=FILE.pem` does"
        ))
    };
    Ok(match mode.as_str() {
        "disabled" | "disable" => (Encryption::No, None),
        "preferred" => (Encryption::Preferred(anyone(ssl)), None),
        "required" | "trust" => (Encryption::Required(anyone(ssl)), unchecked()),
        "verify-ca" => (Encryption::Required(ssl.with_danger_skip_domain_validation(true)), None),
        "verify-identity" | "verify-full" => (Encryption::Required(ssl), None),
        other => {
            let why = format!("`sslMode={other}` is not known");
            let hint = "use DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
            return Err(StoreError::refused(name, why, hint));
        }
    })
}
