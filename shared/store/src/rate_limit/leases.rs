//! What a process knows of the buckets it draws from: the tokens it has in hand, and how each bucket stood when it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stockroom_domain::{limit::FullAt, time::Timestamp};

use crate::{
    dynamo::key::Key,
    error::TooMany,
    rate_limit::counter::{Bucket, Standing},
};

/// How many buckets a process remembers. Forgetting one costs a question, and what was in hand.
const MOST_LEASES: usize = 4_096;

/// What a process has in hand, by bucket. Shared by its requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leases(Arc<Mutex<HashMap<Key, Lease>>>);

#[derive(Debug, Clone, Default)]
struct Lease {
    in_hand: u64,
    /// Until when what is in hand may be used.
    until: Option<Timestamp>,
    /// The bucket as this process saw it last.
    seen: FullAt,
    /// Held while a lease is drawn, so that requests of one process do not all draw one.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Lease {
    fn in_hand(&self, now: Timestamp) -> u64 {
        if self.until.is_some_and(|until| now < until) { self.in_hand } else { 0 }
    }

    /// Whether forgetting it would lose anything.
    fn is_idle(&self, now: Timestamp) -> bool {
        self.in_hand(now) == 0 && self.seen.0 <= now.unix_millis().saturating_mul(1_000)
    }

    fn refusal(&self, bucket: &Bucket, now: Timestamp) -> Option<TooMany> {
        let is_empty = self.in_hand(now) == 0 && bucket.limit.draw(self.seen, now, bucket.counting).is_none();
        is_empty.then(|| TooMany { limit: bucket.name, wait: bucket.limit.wait(self.seen, now) })
    }
}

impl Leases {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, bucket: &Bucket) -> Lease {
        self.all().get(&bucket.key).cloned().unwrap_or_default()
    }

    /// Whose turn it is to draw.
    pub(crate) fn turn(&self, bucket: &Bucket, now: Timestamp) -> Arc<tokio::sync::Mutex<()>> {
        let mut turn = Arc::default();
        self.change(bucket, now, |lease| turn = Arc::clone(&lease.turn));
        turn
    }

    fn change(&self, bucket: &Bucket, now: Timestamp, change: impl FnOnce(&mut Lease)) {
        let mut all = self.all();
        if all.len() >= MOST_LEASES && !all.contains_key(&bucket.key) {
            all.retain(|_, lease| !lease.is_idle(now));
            let oldest = all.iter().min_by_key(|(_, lease)| lease.until).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest.filter(|_| all.len() >= MOST_LEASES) {
                all.remove(&oldest);
            }
        }
        change(all.entry(bucket.key.clone()).or_default());
    }

    /// The refusal that is known without asking.
    pub(crate) fn foresee(&self, buckets: &[Bucket], now: Timestamp) -> Result<(), TooMany> {
        let refusals = buckets.iter().filter_map(|bucket| self.get(bucket).refusal(bucket, now));
        refusals.max_by_key(|refusal| refusal.wait).map_or(Ok(()), Err)
    }

    /// Uses up one token, if there is one in hand.
    pub(crate) fn take_from_hand(&self, bucket: &Bucket, now: Timestamp) -> bool {
        let mut all = self.all();
        let Some(lease) = all.get_mut(&bucket.key).filter(|lease| lease.in_hand(now) > 0) else { return false };
        lease.in_hand = lease.in_hand.saturating_sub(1);
        true
    }

    /// Keeps tokens for later.
    pub(crate) fn put_in_hand(&self, bucket: &Bucket, now: Timestamp, tokens: u64, until: Timestamp) {
        self.change(bucket, now, |lease| {
            lease.in_hand = lease.in_hand(now).saturating_add(tokens);
            lease.until = lease.until.max(Some(until));
        });
    }

    /// Puts back one token that was taken from the hand; it is as long of use as the others there.
    pub(crate) fn put_back_in_hand(&self, bucket: &Bucket, now: Timestamp) {
        if let Some(lease) = self.all().get_mut(&bucket.key)
            && lease.until.is_some_and(|until| now < until)
        {
            lease.in_hand = lease.in_hand.saturating_add(1);
        }
    }

    /// Uses up as many tokens of those in hand, or as many as there are; says how many.
    pub(crate) fn take_all_from_hand(&self, bucket: &Bucket, now: Timestamp, most: u64) -> u64 {
        let mut all = self.all();
        let Some(lease) = all.get_mut(&bucket.key) else { return 0 };
        let taken = lease.in_hand(now).min(most);
        lease.in_hand = lease.in_hand(now).saturating_sub(taken);
        taken
    }

    pub(crate) fn seen(&self, bucket: &Bucket) -> FullAt {
        self.get(bucket).seen
    }

    /// Remembers how the table has the bucket.
    pub(crate) fn see(&self, bucket: &Bucket, now: Timestamp, seen: FullAt) {
        self.change(bucket, now, |lease| lease.seen = seen);
    }

    /// How the bucket stands, what is in hand included.
    pub(crate) fn standing(&self, bucket: &Bucket, now: Timestamp) -> Standing {
        let (lease, limit) = (self.get(bucket), bucket.limit);
        let in_hand = lease.in_hand(now);
        let left = limit.left(lease.seen, now).saturating_add(in_hand).min(limit.burst());
        Standing { name: bucket.name, limit, left, refill: limit.refill(lease.seen, in_hand, now) }
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

    fn bucket(whom: usize) -> Bucket {
        Bucket::new("address", whom, "300/minute".parse().unwrap(), Counting::Leased)
    }

    #[test]
    fn put_above_the_bound_keeps_the_longest_leases() {
        let (leases, now) = (Leases::default(), at(1_000_000));
        let until = now.plus(Duration::from_secs(10));
        for whom in 0..3 * MOST_LEASES {
            leases.put_in_hand(&bucket(whom), now, 1, until.plus(Duration::from_millis(whom.try_into().unwrap())));
        }
        assert_eq!(leases.all().len(), MOST_LEASES);
        assert!(leases.take_from_hand(&bucket(3 * MOST_LEASES - 1), now));
        assert!(!leases.take_from_hand(&bucket(0), now));

        // What has run out goes all at once.
        let later = at(2_000_000);
        leases.put_in_hand(&bucket(0), later, 1, later.plus(Duration::from_secs(10)));
        assert_eq!(leases.all().len(), 1);
    }

    #[test]
    fn take_of_an_expired_lease_is_refused() {
        let leases = Leases::default();
        leases.put_in_hand(&bucket(1), at(0), 2, at(10_000));
        assert!(leases.take_from_hand(&bucket(1), at(9_999)));
        assert!(!leases.take_from_hand(&bucket(2), at(9_999)));
        assert!(!leases.take_from_hand(&bucket(1), at(10_000)));
        leases.put_back_in_hand(&bucket(1), at(10_000));
        assert_eq!(leases.take_all_from_hand(&bucket(1), at(10_000), 9), 0);
        leases.put_in_hand(&bucket(1), at(10_000), 1, at(20_000));
        assert_eq!((0..3).filter(|_| leases.take_from_hand(&bucket(1), at(10_001))).count(), 1);
        leases.put_back_in_hand(&bucket(1), at(19_999));
        leases.put_back_in_hand(&bucket(1), at(19_999));
        let taken = [1, 9, 9].map(|most| leases.take_all_from_hand(&bucket(1), at(19_999), most));
        assert_eq!(taken, [1, 1, 0]);
    }
}
