//! Certificates and keys in files: PEM, or PKCS#12 as Java has written it since version 9.

use std::path::{Path, PathBuf};

use p12_keystore::{KeyStore, KeyStoreEntry};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::TlsError;

/// How a file in Java's own format begins.
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

/// How a PKCS#12 file, or anything else in DER, begins.
const DER: u8 = 0x30;

/// What to do with a file of an unknown kind.
const NAME_ONE: &str = "name a PEM or a PKCS#12 file";

/// A file with certificates or keys, and the password that it is under.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreFile {
    /// The file.
    pub path: PathBuf,
    /// Its password, which a PEM file does not need.
    pub password: Option<String>,
}

impl std::fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StoreFile").field(&self.path).finish()
    }
}

impl StoreFile {
    /// A file without a password.
    #[must_use]
    pub fn pem(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), password: None }
    }
}

/// A certificate, those that signed it, and its key.
#[derive(Debug)]
pub struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

enum Held {
    Pem(Vec<u8>),
    Pkcs12(KeyStore),
}

/// What a side shows of itself. `key` is the file of its key where `store` is a PEM file without
/// one.
///
/// # Errors
///
/// When a file cannot be read, or holds no certificate or no key.
pub fn identity(store: &StoreFile, key: Option<&Path>) -> Result<Identity, TlsError> {
    let path = &store.path;
    match read(store)? {
        Held::Pkcs12(held) => {
            let Some((_, pair)) = held.private_key_chain() else {
                return Err(TlsError::unusable(path, "it has no key", "export the key too"));
            };
            let key = PrivatePkcs8KeyDer::from(pair.key().to_vec());
            let der = |it: &p12_keystore::Certificate| CertificateDer::from(it.as_der().to_vec());
            Ok(Identity { chain: pair.chain().iter().map(der).collect(), key: key.into() })
        }
        Held::Pem(bytes) => {
            let chain = certificates(path, &bytes)?;
            if chain.is_empty() {
                return Err(TlsError::unusable(path, "it has no certificate", NAME_ONE));
            }
            let (path, bytes) = match key {
                None => (path.as_path(), bytes),
                Some(key) => (key, open(key)?),
            };
            let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
                let hint = "name the file of the key, in PEM and without a password";
                TlsError::unusable(path, "it has no key", hint)
            })?;
            Ok(Identity { chain, key })
        }
    }
}

/// Who may sign: those of a file, or the public authorities.
///
/// # Errors
///
/// When the file cannot be read or holds no certificate.
pub fn roots(store: Option<&StoreFile>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(store) = store else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let found = match read(store)? {
        Held::Pem(bytes) => certificates(&store.path, &bytes)?,
        Held::Pkcs12(held) => held.entries().flat_map(|(_, entry)| trusted(entry)).collect(),
    };
    let (taken, _) = roots.add_parsable_certificates(found);
    if taken == 0 {
        return Err(TlsError::unusable(&store.path, "it has no certificate", NAME_ONE));
    }
    Ok(roots)
}

fn trusted(entry: &KeyStoreEntry) -> Vec<CertificateDer<'static>> {
    let held = match entry {
        KeyStoreEntry::Certificate(certificate) => std::slice::from_ref(certificate),
        KeyStoreEntry::PrivateKeyChain(pair) => pair.chain(),
        KeyStoreEntry::Secret(_) => &[],
    };
    held.iter().map(|it| CertificateDer::from(it.as_der().to_vec())).collect()
}

fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| TlsError::unusable(path, why.to_string(), NAME_ONE))
}

fn open(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path)
        .map_err(|why| TlsError::Unreadable { path: path.to_owned(), why: why.to_string() })
}

fn read(store: &StoreFile) -> Result<Held, TlsError> {
    let (path, bytes) = (&store.path, open(&store.path)?);
    if bytes.starts_with(&JKS) {
        let name = path.display();
        let hint = format!(
            "convert it: `keytool -importkeystore -srckeystore {name} -destkeystore {name}.p12 \
             -deststoretype PKCS12`, and name the new file"
        );
        return Err(TlsError::unusable(path, "a key store of Java (JKS) is not read", &hint));
    }
    if bytes.first() != Some(&DER) {
        return Ok(Held::Pem(bytes));
    }
    let password = store.password.as_deref().unwrap_or_default();
    match KeyStore::from_pkcs12(&bytes, password) {
        Ok(held) => Ok(Held::Pkcs12(held)),
        Err(why) => {
            let hint = "is the password right, and is it a PKCS#12 file?";
            Err(TlsError::unusable(path, why.to_string(), hint))
        }
    }
}
