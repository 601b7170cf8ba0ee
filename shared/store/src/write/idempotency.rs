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

/// The bytes of an item that one write unit covers.
const WRITE_UNIT: usize = 1_024;
/// Maximum bytes of the item without key and response: attribute names, fingerprint, expiry, block header.
const MAX_OVERHEAD: usize = 96;

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
        let mut item = self.key(partition).attributes();
        item.insert("fingerprint".to_owned(), b(self.fingerprint));
        let size = answer.len().saturating_add(partition.len()).saturating_add(self.name.len());
        let is_small = size.saturating_add(MAX_OVERHEAD) <= WRITE_UNIT;
        item.insert("answer".to_owned(), b(if is_small { stored_block(answer)? } else { deflate(answer)? }));
        if retention == Retention::Day {
            item.insert("expires_at".to_owned(), n(now.unix_seconds().saturating_add(KEPT_SECONDS)));
        }
        // The table deletes expired items late.
        let free = expression("attribute_not_exists(#pk) OR #expires_at <= :now")
            .with("now", AttributeValue::N(now.unix_seconds().to_string()));
        Ok((item, free))
    }
}

/// A DEFLATE stream with one stored block (RFC 1951, 3.2.4), for at most 65,535 bytes. The encoder would clear its
/// tables, which takes a tenth of the instructions of a movement, even without compression.
fn stored_block(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    const LAST_STORED: u8 = 1;
    let length = u16::try_from(bytes.len()).map_err(StoreError::internal)?;
    let (length, complement) = (length.to_le_bytes(), (!length).to_le_bytes());
    Ok([&[LAST_STORED], length.as_slice(), &complement, bytes].concat())
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).map_err(StoreError::internal)?;
    encoder.finish().map_err(StoreError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(answer: &[u8]) -> (IdempotencyKey, Item) {
        let key = IdempotencyKey { name: "k".repeat(64), fingerprint: [7; 32] };
        let (item, _) = key.keep(&"p".repeat(90), answer, Retention::Day, Timestamp::END).unwrap();
        (key, item)
    }

    fn answer(size: usize) -> Vec<u8> {
        (b' '..b'~').cycle().take(size).collect()
    }

    #[test]
    fn replay_of_any_size_returns_the_response() {
        for size in [0, 1, 700, 774, 775, 5_000, 70_000] {
            let (key, item) = kept(&answer(size));
            assert_eq!(key.replay(&item, Timestamp::EPOCH).unwrap(), Some(answer(size)), "{size}");
        }
    }

    #[test]
    fn item_of_a_small_response_fits_into_one_write_unit() {
        let length = |value: &AttributeValue| {
            let text = value.as_s().or(value.as_n()).map(String::len);
            text.unwrap_or_else(|value| value.as_b().unwrap().as_ref().len())
        };
        for size in [0, 700, 774] {
            let (_, item) = kept(&answer(size));
            let bytes: usize = item.iter().map(|(name, value)| name.len() + length(value)).sum();
            assert!((size..=WRITE_UNIT).contains(&bytes), "{size}: {bytes}");
        }
    }
}
