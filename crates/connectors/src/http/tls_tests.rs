//! Encrypted HTTP: this node's sink sends to this node's source, with certificates of the test.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::tests::{annotation, outlet, running_at, started};
use crate::Inlet;
use crate::sink::DeliverError;
use crate::site::Site;
use crate::source::SourceError;
use crate::testing::{encoded, stocks};

/// Certificates that one authority has signed.
struct Certificates {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let (folder, key) = (TempDir::new().unwrap(), KeyPair::generate().unwrap());
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        std::fs::write(folder.path().join("ca.pem"), pem).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A file with a certificate for this name and its key.
    fn of(&self, name: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        let file = format!("{name}.pem");
        std::fs::write(self.path(&file), format!("{pem}{}", key.serialize_pem())).unwrap();
        self.text(&file)
    }
}

const AT: &str = "https://127.0.0.1:0/in";

/// What becomes of one event that a sink with these options sends.
async fn sent(url: &str, options: &[(&str, &str)]) -> Result<(), String> {
    let mut outlet = outlet(url, options);
    let messages = encoded(&outlet, &[("IBM", 5.5, 1)]);
    match outlet.sink.deliver(&messages).await.map_err(|it| it.error) {
        Ok(()) => Ok(()),
        Err(DeliverError::Unreachable { reason, .. } | DeliverError::Refused { reason, .. }) => {
            Err(reason)
        }
    }
}

#[tokio::test]
async fn a_sink_and_a_source_talk_under_tls_and_only_who_is_trusted() {
    let made = Certificates::new();
    let (own, ca) = (made.of("127.0.0.1"), made.text("ca.pem"));
    let source = running_at(&Site::default(), AT, &[("https.keystore.file", &own)]).await;
    assert!(source.at.starts_with("https://127.0.0.1:"), "{}", source.at);
    let trusting = [("https.truststore.file", ca.as_str())];
    assert_eq!(sent(&source.at, &trusting).await, Ok(()));
    assert_eq!(source.book.firsts(), ["IBM"]);

    let unknown = sent(&source.at, &[]).await.unwrap_err();
    assert!(unknown.contains("TLS: invalid peer certificate"), "{unknown}");
    assert_eq!(sent(&source.at, &[("ssl.verification.disabled", "true")]).await, Ok(()));

    // A name that the certificate does not have.
    let other = source.at.replace("127.0.0.1", "localhost");
    let wrong = sent(&other, &trusting).await.unwrap_err();
    assert!(wrong.contains("TLS: invalid peer certificate"), "{wrong}");
    let lenient = [trusting[0], ("hostname.verification.enabled", "false")];
    assert_eq!(sent(&other, &lenient).await, Ok(()));

    // In the clear there is no answer of HTTP.
    let mut clear = source.connect().await;
    clear.write_all(b"POST /in HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    clear.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(source.book.firsts().len(), 3);
    source.end().await;
}

#[tokio::test]
async fn a_source_may_want_a_certificate_of_its_clients() {
    let made = Certificates::new();
    let (own, client, ca) = (made.of("127.0.0.1"), made.of("client"), made.text("ca.pem"));
    let options = [
        ("https.keystore.file", own.as_str()),
        ("https.truststore.file", &ca),
        ("ssl.verify.client", "require"),
    ];
    let source = running_at(&Site::default(), AT, &options).await;
    let trusting = ("https.truststore.file", ca.as_str());
    assert!(sent(&source.at, &[trusting]).await.is_err());
    let shown = [trusting, ("https.keystore.file", client.as_str())];
    assert_eq!(sent(&source.at, &shown).await, Ok(()));
    assert_eq!(source.book.firsts(), ["IBM"]);
    source.end().await;
}

#[tokio::test]
async fn one_port_has_one_certificate() {
    let made = Certificates::new();
    let (own, other, site) = (made.of("127.0.0.1"), made.of("other"), Site::default());
    let first = running_at(&site, AT, &[("https.keystore.file", &own)]).await;
    let beside = first.at.replace("/in", "/two");
    let second = running_at(&site, &beside, &[("https.keystore.file", &own)]).await;
    let third = first.at.replace("/in", "/three");
    for (url, file) in [(third.clone(), &other), (third.replace("https", "http"), &own)] {
        let third = started(&site, &annotation(&url, &[("https.keystore.file", file)]), &stocks());
        let ended = third.task.await.unwrap().unwrap_err();
        let SourceError::Unusable { reason } = ended else { panic!("{ended}") };
        assert!(reason.contains("one port has one certificate"), "{reason}");
    }
    second.end().await;
    first.end().await;
}

#[test]
fn what_cannot_be_encrypted_is_refused_when_the_app_is_created() {
    let made = Certificates::new();
    let own = made.of("127.0.0.1");
    let jks = made.text("wso2carbon.jks");
    std::fs::write(&jks, [0xfe, 0xed, 0xfe, 0xed]).unwrap();
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[], "add `https.keystore.file="),
        (&[("https.keystore.file", &jks)], "keytool -importkeystore"),
        (&[("https.keystore.file", "/nowhere")], "a file that this user may read"),
        (&[("https.keystore.file", &own), ("ssl.verify.client", "maybe")], "`require` or"),
        (&[("https.keystore.file", &own), ("ssl.verify.client", "require")], "truststore.file="),
    ];
    for (options, hint) in cases {
        let refused = Inlet::new(&annotation(AT, options), &stocks(), &Site::default());
        let problem = refused.err().unwrap().to_string();
        assert!(problem.contains(hint), "{problem}");
    }
}
