//! Event sync under TLS: both nodes show a certificate that their group's authority has signed.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use weir_tls::{StoreFile, TlsError, Trust, client, identity, roots, server};

use super::conn::LinkError;

/// What carries frames: a socket, encrypted or not.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug> Socket for T {}

/// What a node shows and whom it trusts.
#[derive(Clone)]
pub struct SyncTls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl fmt::Debug for SyncTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SyncTls(..)")
    }
}

impl SyncTls {
    /// Shows the certificate of `store`, whose key may be in a file of its own, and lets in whom
    /// `authority` has signed. Names are not looked at: nodes are dialled where they say they are,
    /// and the authority is to be the group's own.
    ///
    /// # Errors
    ///
    /// When a file cannot be used.
    pub fn new(
        store: &StoreFile,
        key: Option<&Path>,
        authority: &StoreFile,
    ) -> Result<Self, TlsError> {
        let trusted = || roots(Some(authority));
        Ok(Self {
            client: client(Trust::Signed, trusted()?, Some(identity(store, key)?))?,
            server: server(identity(store, key)?, Some((trusted()?, true)))?,
        })
    }

    pub(super) async fn dial(
        &self,
        host: &str,
        socket: TcpStream,
    ) -> Result<Box<dyn Socket>, LinkError> {
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|why| LinkError::Tls(why.to_string()))?;
        let connecting = TlsConnector::from(Arc::clone(&self.client)).connect(name, socket);
        Ok(Box::new(connecting.await.map_err(|why| LinkError::Tls(why.to_string()))?))
    }

    pub(super) async fn accept(&self, socket: TcpStream) -> Result<Box<dyn Socket>, LinkError> {
        let accepting = TlsAcceptor::from(Arc::clone(&self.server)).accept(socket);
        Ok(Box::new(accepting.await.map_err(|why| LinkError::Tls(why.to_string()))?))
    }
}
