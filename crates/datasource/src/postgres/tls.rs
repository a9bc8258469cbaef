//! Whom a connection trusts.

use std::path::PathBuf;

use tokio_postgres_rustls::MakeRustlsConnect;
use weir_tls::{StoreFile, TlsError, client, identity, roots};

pub(super) use weir_tls::Trust;

use crate::door::StoreError;

/// What an encrypted connection is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) trust: Trust,
    /// Who may sign, in a PEM file; the public authorities where there is none.
    pub(super) roots: Option<PathBuf>,
    /// Our own certificate and its key, in PEM files.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// What makes encrypted connections.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, StoreError> {
        let config = self
            .config()
            .map_err(|why| StoreError::refused("TLS", why, "correct the `ssl…` options"))?;
        Ok(MakeRustlsConnect::new(config.as_ref().clone()))
    }

    fn config(&self) -> Result<std::sync::Arc<rustls::ClientConfig>, TlsError> {
        let roots = roots(self.roots.clone().map(StoreFile::pem).as_ref())?;
        let own = match &self.identity {
            Some((certificate, key)) => {
                Some(identity(&StoreFile::pem(certificate.as_path()), Some(key))?)
            }
            None => None,
        };
        client(self.trust, roots, own)
    }
}
