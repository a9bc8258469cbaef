//! Event sync under TLS: who shows no certificate of the group's authority is not listened to.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_cluster::SyncTls;
use weir_tls::StoreFile;

use crate::stage::{Options, Stage};

/// Signs for nodes.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = TempDir::new().unwrap();
        let own = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), own.pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn ca(&self) -> StoreFile {
        StoreFile::pem(self.folder.path().join("ca.pem"))
    }

    /// What a node named `name` has, which trusts who `trusted` has signed.
    fn node(&self, name: &str, trusted: &StoreFile) -> Options {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let at = |ending: &str| self.folder.path().join(format!("{name}.{ending}"));
        std::fs::write(at("pem"), cert.pem()).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        let key: &Path = &at("key");
        let tls = SyncTls::new(&StoreFile::pem(at("pem")), Some(key), trusted).unwrap();
        Options { tls: Some(tls), secret: Some("shared"), ..Options::default() }
    }
}

#[tokio::test]
async fn a_pair_talks_under_tls_and_not_a_word_in_the_clear() {
    let (stage, authority) = (Stage::new(), Authority::new());
    let of = |name: &str| authority.node(name, &authority.ca());
    let mut a = stage.start_with("a", of("a")).await;
    a.until_active().await;
    let b = stage.start_with("b", of("b")).await;
    a.until_in_sync(2).await;
    let last = a.append(100).await;
    a.until_committed(last).await;
    assert_eq!(a.contents(last), b.contents(last));

    // Whoever talks in the clear hears an alert of TLS, if anything, and no frame.
    let mut clear = TcpStream::connect(b.address()).await.unwrap();
    clear.write_all(b"WEIR\x01\x03 and so on").await.unwrap();
    let mut answer = Vec::new();
    clear.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"WEIR"), "{answer:?}");
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 2);
}

#[tokio::test]
async fn a_node_of_another_authority_or_without_tls_does_not_join() {
    let (stage, authority, other) = (Stage::new(), Authority::new(), Authority::new());
    let mut a = stage.start_with("a", authority.node("a", &authority.ca())).await;
    a.until_active().await;
    let plain = Options { secret: Some("shared"), ..Options::default() };
    for stranger in [other.node("b", &authority.ca()), other.node("b", &other.ca()), plain] {
        let b = stage.start_with("b", stranger).await;
        let last = a.append(10).await;
        a.until_committed(last).await;
        assert_eq!((a.in_sync.len(), b.contents(last)), (1, Vec::new()));
        b.kill();
    }
    let _b = stage.start_with("b", authority.node("b", &authority.ca())).await;
    a.until_in_sync(2).await;
}
