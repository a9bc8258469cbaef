//! Files as users have them: PEM in one or two files, PKCS#12, and Java's own format.

use std::path::PathBuf;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKeyChain};
use tempfile::TempDir;

use super::{StoreFile, TlsError, Trust, client, identity, roots, server};

struct Files {
    folder: TempDir,
    certificate: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Files {
    fn new() -> Self {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { folder: TempDir::new().unwrap(), certificate }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn a_certificate_and_its_key_may_be_in_one_pem_file_or_in_two() {
    let files = Files::new();
    let (cert, key) = (files.certificate.cert.pem(), files.certificate.signing_key.serialize_pem());
    let both = files.write("both.pem", format!("{cert}{key}"));
    let (cert, key) = (files.write("cert.pem", cert), files.write("key.pem", key));
    let one = identity(&StoreFile::pem(&both), None).unwrap();
    let two = identity(&StoreFile::pem(&cert), Some(&key)).unwrap();
    assert_eq!(one.chain, two.chain);
    assert!(server(one, None).is_ok());
    let trusted = roots(Some(&StoreFile::pem(&cert))).unwrap();
    assert!(client(Trust::Named, trusted, Some(two)).is_ok());

    let without = identity(&StoreFile::pem(&cert), None).unwrap_err();
    assert_eq!(without.to_string(), format!("`{}`: it has no key", cert.display()));
    let nothing = roots(Some(&StoreFile::pem(&key))).unwrap_err();
    assert_eq!(nothing.to_string(), format!("`{}`: it has no certificate", key.display()));
    let gone = roots(Some(&StoreFile::pem("/nowhere.pem"))).unwrap_err();
    assert!(matches!(gone, TlsError::Unreadable { .. }), "{gone}");
}

#[test]
fn a_pkcs12_file_holds_both_and_may_be_trusted() {
    let files = Files::new();
    let certificate = Certificate::from_der(files.certificate.cert.der()).unwrap();
    let key = files.certificate.signing_key.serialize_der();
    let mut store = KeyStore::new();
    let pair = PrivateKeyChain::new(key, [1], [certificate]);
    store.add_entry("weir", KeyStoreEntry::PrivateKeyChain(pair));
    let bytes = store.writer("secret").write().unwrap();
    let path = files.write("weir.jks", bytes);
    let file = |password: &str| StoreFile { path: path.clone(), password: Some(password.into()) };
    assert!(server(identity(&file("secret"), None).unwrap(), None).is_ok());
    assert_eq!(roots(Some(&file("secret"))).unwrap().len(), 1);
    let wrong = identity(&file("guess"), None).unwrap_err();
    assert!(wrong.hint().contains("password"), "{wrong}");
    assert_eq!(format!("{:?}", file("secret")), format!("StoreFile({path:?})"));
}

#[test]
fn a_key_store_of_java_is_refused_with_the_way_to_convert_it() {
    let files = Files::new();
    let path = files.write("wso2carbon.jks", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]);
    let refused = identity(&StoreFile::pem(&path), None).unwrap_err();
    assert!(refused.to_string().contains("(JKS) is not read"), "{refused}");
    assert!(refused.hint().contains("-deststoretype PKCS12"), "{}", refused.hint());
}
