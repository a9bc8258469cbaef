//! The side that is dialled.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::error::TlsError;
use crate::stores::Identity;

/// What takes encrypted connections. With `clients`, those who dial show a certificate that one of
/// them signed; all of them if `required`.
///
/// # Errors
///
/// When the certificate does not belong to the key, or nobody may sign for clients.
pub fn server(
    identity: Identity,
    clients: Option<(RootCertStore, bool)>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let unfit = |why: String| TlsError::Unfit(why);
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| unfit(why.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some((roots, required)) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
            builder
                .with_client_cert_verifier(verifier.build().map_err(|why| unfit(why.to_string()))?)
        }
    };
    let Identity { chain, key } = identity;
    let config = builder.with_single_cert(chain, key).map_err(|why| unfit(why.to_string()))?;
    Ok(Arc::new(config))
}
