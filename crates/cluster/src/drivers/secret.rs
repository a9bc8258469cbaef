//! Proof that both ends of a connection know the same secret, without showing it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use weir_codec::PROOF_BYTES;

/// A secret that the nodes of a group share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Random bytes that one end asks the other to prove itself with.
pub(super) type Nonce = [u8; PROOF_BYTES];

/// Which end of a connection proves itself: a proof is of no use in the other direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Dialler,
    Listener,
}

impl Secret {
    /// The secret as configured.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.as_bytes().to_vec())
    }

    /// What only somebody who knows the secret can answer to both challenges.
    pub(super) fn proof(&self, end: End, dialler: &Nonce, listener: &Nonce) -> Nonce {
        self.mac(end, dialler, listener).finalize().into_bytes().into()
    }

    /// Whether the proof is right, in a time that does not tell how wrong it is.
    pub(super) fn accepts(&self, proof: &Nonce, end: End, nonces: (&Nonce, &Nonce)) -> bool {
        self.mac(end, nonces.0, nonces.1).verify_slice(proof).is_ok()
    }

    fn mac(&self, end: End, dialler: &Nonce, listener: &Nonce) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length is allowed");
        mac.update(match end {
            End::Dialler => b"weir event sync: dialler",
            End::Listener => b"weir event sync: listener",
        });
        mac.update(dialler);
        mac.update(listener);
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Random bytes.
pub(super) fn nonce() -> Result<Nonce, String> {
    let mut nonce = [0; PROOF_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
    Ok(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_end_and_challenges_are_accepted() {
        let secret = Secret::new("hunter2");
        let (a, b) = ([1; PROOF_BYTES], [2; PROOF_BYTES]);
        let proof = secret.proof(End::Dialler, &a, &b);
        assert!(secret.accepts(&proof, End::Dialler, (&a, &b)));
        assert!(!secret.accepts(&proof, End::Listener, (&a, &b)));
        assert!(!secret.accepts(&proof, End::Dialler, (&b, &a)));
        assert!(!Secret::new("hunter3").accepts(&proof, End::Dialler, (&a, &b)));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
