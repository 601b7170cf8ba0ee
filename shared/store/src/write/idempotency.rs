//! Stored responses: a retry with the same idempotency key gets the response of the first request.

use std::io::{Read as _, Write as _};

use aws_sdk_dynamodb::types::AttributeValue;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use stockroom_domain::time::Timestamp;

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, b, n},
        key::Key,
    },
    error::StoreError,
};

/// Life of a stored response that expires, in seconds.
const KEPT_SECONDS: u64 = 24 * 60 * 60;

/// An idempotency key as the store sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Names route and key: a digest in text.
    pub name: String,
    /// Identifies the body without storing it: a keyed digest.
    pub fingerprint: [u8; 32],
}

/// Life of a stored response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    Day,
    Forever,
}

impl IdempotencyKey {
    pub(crate) fn key(&self, partition: &str) -> Key {
        Key::new(partition, &self.name)
    }

    /// The response stored in `item`, unless it has expired.
    pub(crate) fn replay(&self, item: &Item, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let expired = item
            .get("expires_at")
            .and_then(|value| value.as_n().ok()?.parse::<u64>().ok())
            .is_some_and(|expires_at| expires_at <= now.unix_seconds());
        if expired {
            return Ok(None);
        }
        let bytes = |name: &str| item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::<[u8]>::as_ref);
        if bytes("fingerprint") != Some(&self.fingerprint) {
            return Err(StoreError::IdempotencyKeyReused);
        }
        let mut answer = Vec::new();
        DeflateDecoder::new(bytes("answer").unwrap_or_default())
            .read_to_end(&mut answer)
            .map_err(StoreError::internal)?;
        Ok(Some(answer))
    }

    /// The item that stores `answer`, and the condition for putting it.
    pub(crate) fn keep(
        &self,
        partition: &str,
        answer: &[u8],
        retention: Retention,
        now: Timestamp,
    ) -> Result<(Item, Expression), StoreError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(answer).map_err(StoreError::internal)?;
        let compressed = encoder.finish().map_err(StoreError::internal)?;
        let mut item = self.key(partition).attributes();
        item.insert("fingerprint".to_owned(), b(self.fingerprint));
        item.insert("answer".to_owned(), b(compressed));
        if retention == Retention::Day {
            item.insert("expires_at".to_owned(), n(now.unix_seconds().saturating_add(KEPT_SECONDS)));
        }
        // The table deletes expired items late.
        let free = expression("attribute_not_exists(#pk) OR #expires_at <= :now")
            .with("now", AttributeValue::N(now.unix_seconds().to_string()));
        Ok((item, free))
    }
}
