//! The leases of a process: tokens that it took from buckets in advance, and the last known state of each bucket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stockroom_domain::{limit::TheoreticalArrival, time::Timestamp};

use crate::{
    dynamo::key::Key,
    error::TooMany,
    rate_limit::counter::{Bucket, BucketStatus},
};

/// The most buckets that a process remembers. Forgetting one costs a call and its leased tokens.
const MAX_LEASES: usize = 4_096;

/// The leases of a process by bucket, shared by its requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenLeases(Arc<Mutex<HashMap<Key, TokenLease>>>);

#[derive(Debug, Clone, Default)]
struct TokenLease {
    leased: u64,
    /// The number of tokens of the last lease when the process took it.
    size: u64,
    /// When the leased tokens expire.
    until: Option<Timestamp>,
    /// The theoretical arrival time that this process saw last.
    seen: TheoreticalArrival,
    /// Held while a lease is taken, so that parallel requests of one process take one lease.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl TokenLease {
    fn leased(&self, now: Timestamp) -> u64 {
        if self.until.is_some_and(|until| now < until) { self.leased } else { 0 }
    }

    fn add(&mut self, now: Timestamp, tokens: u64, until: Timestamp) {
        self.leased = self.leased(now).saturating_add(tokens);
        self.until = self.until.max(Some(until));
    }

    /// Whether forgetting it loses nothing.
    fn is_idle(&self, now: Timestamp) -> bool {
        self.leased(now) == 0 && self.seen.0 <= now.unix_millis().saturating_mul(1_000)
    }

    fn refusal(&self, bucket: &Bucket, now: Timestamp) -> Option<TooMany> {
        let is_empty = self.leased(now) == 0 && bucket.limit.draw(self.seen, now, 1).is_none();
        is_empty.then(|| TooMany { limit: bucket.name, wait: bucket.limit.wait(self.seen, now) })
    }
}

impl TokenLeases {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, TokenLease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, bucket: &Bucket) -> TokenLease {
        self.all().get(&bucket.key).cloned().unwrap_or_default()
    }

    /// The lock under which a process takes a lease of the bucket.
    pub(crate) fn turn(&self, bucket: &Bucket, now: Timestamp) -> Arc<tokio::sync::Mutex<()>> {
        let mut turn = Arc::default();
        self.change(bucket, now, |lease| turn = Arc::clone(&lease.turn));
        turn
    }

    fn change(&self, bucket: &Bucket, now: Timestamp, change: impl FnOnce(&mut TokenLease)) {
        let mut all = self.all();
        if all.len() >= MAX_LEASES && !all.contains_key(&bucket.key) {
            all.retain(|_, lease| !lease.is_idle(now));
            let oldest = all.iter().min_by_key(|(_, lease)| lease.until).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest.filter(|_| all.len() >= MAX_LEASES) {
                all.remove(&oldest);
            }
        }
        change(all.entry(bucket.key.clone()).or_default());
    }

    /// Refuses the request if the process already knows that a bucket is empty. Makes no call.
    pub(crate) fn cached_check(&self, buckets: &[Bucket], now: Timestamp) -> Result<(), TooMany> {
        let refusals = buckets.iter().filter_map(|bucket| self.get(bucket).refusal(bucket, now));
        refusals.max_by_key(|refusal| refusal.wait).map_or(Ok(()), Err)
    }

    /// Uses one leased token, if there is one.
    pub(crate) fn use_token(&self, bucket: &Bucket, now: Timestamp) -> bool {
        let mut all = self.all();
        let Some(lease) = all.get_mut(&bucket.key).filter(|lease| lease.leased(now) > 0) else { return false };
        lease.leased = lease.leased.saturating_sub(1);
        true
    }

    /// The maximum number of tokens of the next draw.
    pub(crate) fn max_tokens(&self, bucket: &Bucket, now: Timestamp) -> u64 {
        let lease = self.get(bucket);
        let is_used_up = lease.leased == 0 && lease.until.is_some_and(|until| now < until);
        bucket.counting.max_tokens(is_used_up.then_some(lease.size))
    }

    /// Stores a new lease of this size, of which one token is used.
    pub(crate) fn start_lease(&self, bucket: &Bucket, now: Timestamp, size: u64, until: Timestamp) {
        self.change(bucket, now, |lease| {
            lease.add(now, size.saturating_sub(1), until);
            lease.size = size;
        });
    }

    /// Adds tokens to the lease.
    pub(crate) fn add_tokens(&self, bucket: &Bucket, now: Timestamp, tokens: u64, until: Timestamp) {
        self.change(bucket, now, |lease| lease.add(now, tokens, until));
    }

    /// Returns one token to the lease, unless the lease has expired.
    pub(crate) fn return_token(&self, bucket: &Bucket, now: Timestamp) {
        if let Some(lease) = self.all().get_mut(&bucket.key)
            && lease.until.is_some_and(|until| now < until)
        {
            lease.leased = lease.leased.saturating_add(1);
        }
    }

    /// Forgets the lease after its tokens were refunded or not counted: it was not used up.
    pub(crate) fn forget_size(&self, bucket: &Bucket) {
        if let Some(lease) = self.all().get_mut(&bucket.key) {
            lease.size = 0;
        }
    }

    /// Uses leased tokens, at most `most`, and returns their number.
    pub(crate) fn use_tokens(&self, bucket: &Bucket, now: Timestamp, most: u64) -> u64 {
        let mut all = self.all();
        let Some(lease) = all.get_mut(&bucket.key) else { return 0 };
        let taken = lease.leased(now).min(most);
        lease.leased = lease.leased(now).saturating_sub(taken);
        taken
    }

    pub(crate) fn seen(&self, bucket: &Bucket) -> TheoreticalArrival {
        self.get(bucket).seen
    }

    /// Remembers the state of the bucket in the table.
    pub(crate) fn see(&self, bucket: &Bucket, now: Timestamp, seen: TheoreticalArrival) {
        self.change(bucket, now, |lease| lease.seen = seen);
    }

    /// The status of the bucket, including leased tokens.
    pub(crate) fn status(&self, bucket: &Bucket, now: Timestamp) -> BucketStatus {
        let (lease, limit) = (self.get(bucket), bucket.limit);
        let leased = lease.leased(now);
        let left = limit.left(lease.seen, now).saturating_add(leased).min(limit.burst());
        BucketStatus { name: bucket.name, limit, left, refill: limit.refill(lease.seen, leased, now) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stockroom_domain::limit::Counting;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn bucket(subject: usize) -> Bucket {
        Bucket::new("address", subject, "300/minute".parse().unwrap(), Counting::Leased)
    }

    #[test]
    fn put_above_the_bound_keeps_the_longest_leases() {
        let (leases, now) = (TokenLeases::default(), at(1_000_000));
        let until = now.plus(Duration::from_secs(10));
        for subject in 0..3 * MAX_LEASES {
            leases.add_tokens(&bucket(subject), now, 1, until.plus(Duration::from_millis(subject.try_into().unwrap())));
        }
        assert_eq!(leases.all().len(), MAX_LEASES);
        assert!(leases.use_token(&bucket(3 * MAX_LEASES - 1), now));
        assert!(!leases.use_token(&bucket(0), now));

        // Everything that has expired is removed at once.
        let later = at(2_000_000);
        leases.add_tokens(&bucket(0), later, 1, later.plus(Duration::from_secs(10)));
        assert_eq!(leases.all().len(), 1);
    }

    #[test]
    fn max_tokens_after_a_used_up_lease_doubles() {
        let leases = TokenLeases::default();
        assert_eq!(leases.max_tokens(&bucket(1), at(0)), 16);
        leases.start_lease(&bucket(1), at(0), 16, at(10_000));
        assert_eq!(leases.use_tokens(&bucket(1), at(1), 14), 14);
        assert_eq!(leases.max_tokens(&bucket(1), at(1)), 16, "a token is left");
        assert!(leases.use_token(&bucket(1), at(2)));
        assert_eq!((leases.max_tokens(&bucket(1), at(2)), leases.max_tokens(&bucket(2), at(2))), (32, 16));
        assert_eq!(leases.max_tokens(&bucket(1), at(10_000)), 16, "the lease has expired");
        leases.forget_size(&bucket(1));
        assert_eq!(leases.max_tokens(&bucket(1), at(2)), 16, "its tokens were refunded");
    }

    #[test]
    fn take_of_an_expired_lease_is_refused() {
        let leases = TokenLeases::default();
        leases.add_tokens(&bucket(1), at(0), 2, at(10_000));
        assert!(leases.use_token(&bucket(1), at(9_999)));
        assert!(!leases.use_token(&bucket(2), at(9_999)));
        assert!(!leases.use_token(&bucket(1), at(10_000)));
        leases.return_token(&bucket(1), at(10_000));
        assert_eq!(leases.use_tokens(&bucket(1), at(10_000), 9), 0);
        leases.add_tokens(&bucket(1), at(10_000), 1, at(20_000));
        assert_eq!((0..3).filter(|_| leases.use_token(&bucket(1), at(10_001))).count(), 1);
        leases.return_token(&bucket(1), at(19_999));
        leases.return_token(&bucket(1), at(19_999));
        let taken = [1, 9, 9].map(|most| leases.use_tokens(&bucket(1), at(19_999), most));
        assert_eq!(taken, [1, 1, 0]);
    }
}
