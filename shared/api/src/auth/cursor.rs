//! Cursors: the position in a list, sealed with AES-256-GCM against reading and forging, and bound to caller and query.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use stockroom_domain::source::Sources;
use stockroom_runtime::CursorKey;
use stockroom_store::Position;

use crate::problem::ApiError;

/// Lifetime of a cursor.
const LIFETIME: Duration = Duration::from_hours(24);
/// The version of the sealed format, its first byte.
const FORM: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Sealed {
    at: u64,
    position: Position,
}

/// Seals and opens cursors.
pub(crate) struct Cursors {
    key: Option<LessSafeKey>,
    sources: Sources,
}

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

impl Cursors {
    pub(crate) fn new(key: &CursorKey, sources: Sources) -> Self {
        // 32 bytes are always a key for AES-256.
        Self { key: UnboundKey::new(&AES_256_GCM, &key.0).ok().map(LessSafeKey::new), sources }
    }

    /// Seals a position for the request that `binding` describes.
    pub(crate) fn seal(&self, position: &Position, binding: &str) -> Result<String, ApiError> {
        let internal = || ApiError::Internal("the cursor could not be encrypted".to_owned());
        let sealed = Sealed { at: self.sources.now().unix_millis(), position: position.clone() };
        let mut bytes = serde_json::to_vec(&sealed).map_err(|_| internal())?;
        let nonce: [u8; NONCE_LEN] = self.sources.bytes();
        let key = self.key.as_ref().ok_or_else(internal)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(binding), &mut bytes)
            .map_err(|_| internal())?;
        Ok(URL_SAFE_NO_PAD.encode([&[FORM], nonce.as_slice(), &bytes].concat()))
    }

    /// The position that was sealed for the request that `binding` describes.
    pub(crate) fn open(&self, cursor: &str, binding: &str) -> Result<Position, ApiError> {
        let open = || {
            let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (form, rest) = sealed.split_first()?;
            let (nonce, bytes) = rest.split_first_chunk::<NONCE_LEN>()?;
            if *form != FORM {
                return None;
            }
            let mut bytes = bytes.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let text = self.key.as_ref()?.open_in_place(nonce, Aad::from(binding), &mut bytes).ok()?;
            let sealed: Sealed = serde_json::from_slice(text).ok()?;
            let age = self.sources.now().unix_millis().saturating_sub(sealed.at);
            (u128::from(age) < LIFETIME.as_millis()).then_some(sealed.position)
        };
        open().ok_or(ApiError::InvalidCursor)
    }
}
