//! Digests that identify or compare values that must not be stored.

use aws_lc_rs::{digest, hmac};
use http::Method;
use stockroom_runtime::CursorKey;
use stockroom_store::IdempotencyKey;

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    digest
}

/// Makes idempotency keys comparable: route and key become a name, the body a keyed fingerprint.
#[derive(Debug)]
pub(crate) struct Fingerprints(hmac::Key);

impl Fingerprints {
    pub(crate) fn new(key: &CursorKey) -> Self {
        // A separate key for this use, derived from the configured one.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.0), b"idempotency fingerprint");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    pub(crate) fn idempotency(&self, method: &Method, path: &str, key: &str, body: &[u8]) -> IdempotencyKey {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hmac::sign(&self.0, body).as_ref());
        IdempotencyKey { name: hex(&sha256(format!("{method} {path}\n{key}").as_bytes())), fingerprint }
    }
}
