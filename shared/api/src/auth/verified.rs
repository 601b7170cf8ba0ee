//! Access tokens whose signature this process has verified. Verifying a signature takes a quarter of the processor time
//! of a read, and a client sends the same token many times.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// The maximum number of tokens, about 0.5 MB.
pub(crate) const MAX_TOKENS: usize = 1_024;

/// A bounded map from the exact bytes of a token to its content. The oldest entry makes room for a new one.
#[derive(Debug)]
pub(crate) struct VerifiedTokens<C> {
    /// A secret of the process, so no client can choose tokens with equal hashes.
    hasher: RandomState,
    entries: Mutex<Entries<C>>,
}

#[derive(Debug)]
struct Entries<C> {
    by_hash: HashMap<u64, (Box<[u8]>, C)>,
    /// The hashes in the order of their insertion.
    order: VecDeque<u64>,
}

impl<C: Clone> VerifiedTokens<C> {
    pub(crate) fn new() -> Self {
        let entries = Entries { by_hash: HashMap::new(), order: VecDeque::new() };
        Self { hasher: RandomState::new(), entries: Mutex::new(entries) }
    }

    /// The content of exactly this token. The comparison takes the same time wherever two tokens differ.
    pub(crate) fn get(&self, token: &str) -> Option<C> {
        let hash = self.hasher.hash_one(token);
        let entries = self.entries();
        let (known, content) = entries.by_hash.get(&hash)?;
        verify_slices_are_equal(known, token.as_bytes()).is_ok().then(|| content.clone())
    }

    /// Remembers the content of a verified token.
    pub(crate) fn insert(&self, token: &str, content: C) {
        let hash = self.hasher.hash_one(token);
        let mut entries = self.entries();
        if entries.by_hash.insert(hash, (token.as_bytes().into(), content)).is_none() {
            entries.order.push_back(hash);
        }
        if entries.order.len() > MAX_TOKENS
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.by_hash.remove(&oldest);
        }
    }

    /// Forgets a token, because it has expired.
    pub(crate) fn remove(&self, token: &str) {
        let hash = self.hasher.hash_one(token);
        let mut entries = self.entries();
        if entries.by_hash.remove(&hash).is_some() {
            entries.order.retain(|known| *known != hash);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries<C>> {
        // A panic between the two collections can at most leave a hash without a token.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(tokens: &VerifiedTokens<usize>) -> (usize, usize) {
        let entries = tokens.entries();
        (entries.by_hash.len(), entries.order.len())
    }

    #[test]
    fn insert_of_ten_thousand_tokens_stays_within_the_bound() {
        let tokens = VerifiedTokens::new();
        for n in 0..10_000 {
            tokens.insert(&format!("token {n}"), n);
            assert_eq!(tokens.get(&format!("token {n}")), Some(n));
        }
        assert_eq!(sizes(&tokens), (MAX_TOKENS, MAX_TOKENS));
        assert_eq!(tokens.get("token 0"), None);
        assert_eq!(tokens.get(&format!("token {}", 10_000 - MAX_TOKENS)), Some(10_000 - MAX_TOKENS));
    }

    #[test]
    fn get_of_a_token_that_differs_in_one_bit_is_none() {
        let tokens = VerifiedTokens::new();
        let token = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl";
        tokens.insert(token, 1);
        for index in 0..token.len() {
            let mut other = token.as_bytes().to_vec();
            other[index] ^= 1;
            assert_eq!(tokens.get(std::str::from_utf8(&other).unwrap()), None, "{index}");
        }
        assert_eq!(tokens.get(&token[..token.len() - 1]), None);
        assert_eq!(tokens.get(token), Some(1));
    }

    #[test]
    fn remove_of_a_token_frees_its_place() {
        let tokens = VerifiedTokens::new();
        for _ in 0..3 {
            tokens.insert("token", 1);
            tokens.insert("token", 2);
            assert_eq!((tokens.get("token"), sizes(&tokens)), (Some(2), (1, 1)));
            tokens.remove("token");
            assert_eq!((tokens.get("token"), sizes(&tokens)), (None, (0, 0)));
        }
    }
}
