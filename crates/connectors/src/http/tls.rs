//! TLS of HTTP sources and sinks: the options of the original, over files that it can convert to.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use weir_tls::{Identity, StoreFile, TlsError, Trust, client, identity, roots, server};

use crate::options::Options;
use crate::problem::Problem;

/// What an encrypted port shows, and whom it lets in.
pub(super) struct Shield {
    /// Two sources of one port must agree on these.
    files: Files,
    pub(super) config: Arc<ServerConfig>,
}

#[derive(Debug, PartialEq, Eq)]
struct Files {
    store: StoreFile,
    key: Option<PathBuf>,
    clients: Option<(StoreFile, bool)>,
}

impl PartialEq for Shield {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Shield {
    /// What the options of a source ask for.
    pub(super) fn of(options: &Options) -> Result<Self, Problem> {
        let title = options.title();
        let store = store(options, "https.keystore").ok_or_else(|| {
            Problem::new(format!("{title} listens at an `https` address and has no certificate"))
                .hint("add `https.keystore.file='…'`, a PEM or PKCS#12 file")
        })?;
        let clients = match options.written("ssl.verify.client").map(str::trim) {
            None | Some("") => None,
            Some(word) if ["require", "optional"].contains(&word) => {
                let trusted = store_of_clients(options)?;
                Some((trusted, word == "require"))
            }
            Some(other) => {
                let what = format!("`ssl.verify.client` of {title} is `{other}`");
                return Err(Problem::new(what).hint("write `require` or `optional`"));
            }
        };
        let files = Files { store, key: key(options), clients };
        let config = files.open().map_err(|why| wrong(options, &why))?;
        Ok(Self { files, config })
    }
}

impl Files {
    fn open(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let clients = match &self.clients {
            Some((store, required)) => Some((roots(Some(store))?, *required)),
            None => None,
        };
        server(identity(&self.store, self.key.as_deref())?, clients)
    }
}

/// What a sink trusts and shows.
pub(super) fn trusted(options: &Options) -> Result<Arc<ClientConfig>, Problem> {
    let off = |name: &str| options.written(name).is_some_and(|it| it.trim() == "false");
    let trust = if options.flag("ssl.verification.disabled") {
        Trust::Anyone
    } else if off("hostname.verification.enabled") {
        Trust::Signed
    } else {
        Trust::Named
    };
    let build = || {
        let own: Option<Identity> = match store(options, "https.keystore") {
            Some(store) => Some(identity(&store, key(options).as_deref())?),
            None => None,
        };
        client(trust, roots(store(options, "https.truststore").as_ref())?, own)
    };
    build().map_err(|why| wrong(options, &why))
}

/// Encrypts a connection to `host`.
pub(super) async fn connect(
    config: &Arc<ClientConfig>,
    host: &str,
    stream: TcpStream,
) -> Result<Box<dyn Stream>, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|why| why.to_string())?;
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, stream);
    Ok(Box::new(connecting.await.map_err(|why| format!("TLS: {why}"))?))
}

fn store_of_clients(options: &Options) -> Result<StoreFile, Problem> {
    store(options, "https.truststore").ok_or_else(|| {
        let what = "asks clients for a certificate and does not say who signs them";
        Problem::new(format!("{} {what}", options.title()))
            .hint("add `https.truststore.file='…'`, a PEM or PKCS#12 file")
    })
}

fn store(options: &Options, of: &str) -> Option<StoreFile> {
    let path = options.written(&format!("{of}.file"))?.trim().into();
    let password = options.written(&format!("{of}.password")).map(str::to_owned);
    Some(StoreFile { path, password })
}

fn key(options: &Options) -> Option<PathBuf> {
    options.written("https.keystore.key.file").map(|it| it.trim().into())
}

fn wrong(options: &Options, why: &TlsError) -> Problem {
    Problem::new(format!("{}: {why}", options.title())).hint(why.hint())
}
