//! Rate limits: buckets in the table, shared by all processes. [`stockroom_domain::limit`] has the arithmetic.
//!
//! A process takes several tokens at once by one conditional write and uses them for ten seconds (a lease). It also
//! remembers empty buckets, and refuses requests without a call until a token is due. Expired leases and tokens of
//! calls with a lost reply are lost.
//!
//! The count runs in parallel with the first read of a request, and every write waits for it ([`Limiter::admit`]). If
//! that read shows that the caller is not who they claim to be, the tokens are refunded and the request counts for
//! its address ([`Limiter::count_instead`]).

use std::{fmt::Display, sync::Arc, time::Duration};

use futures_util::{
    FutureExt as _,
    future::{join, join_all},
};
use stockroom_domain::{
    limit::{Counting, Limit},
    time::Timestamp,
};

use crate::{
    dynamo::{key::Key, retry::Backoff, table::DynamoTable},
    error::{StoreError, TooMany},
    keys::rate,
    rate_limit::{
        bucket_writes::{Acquired, Refunded, Stored},
        token_leases::TokenLeases,
    },
};

/// Life of a lease.
const LEASE: Duration = Duration::from_secs(10);
/// How long requests pass uncounted after the table throttled their count. At most as many requests as the largest
/// first lease pass.
const UNCOUNTED: Duration = Duration::from_secs(1);
/// Deadline for taking tokens.
const RESERVE_DEADLINE: Duration = Duration::from_secs(2);
/// How often a bucket may change under an attempt to take tokens; each change shows its new state.
const MAX_CHANGES: usize = 10;

/// Counts one request, or one call of a job, with the leases of its process.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    pub(super) dynamo: DynamoTable,
    leases: TokenLeases,
    admission: Admission,
}

/// A bucket that a request takes a token from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    pub(crate) limit: Limit,
    pub(crate) counting: Counting,
}

impl Bucket {
    /// The bucket of `subject` under the limit `name`. Clients see the name. `subject` is part of the table's key: an
    /// id, or a digest of a personal value.
    #[must_use]
    pub fn new(name: &'static str, subject: impl Display, limit: Limit, counting: Counting) -> Self {
        Self { name, key: rate(name, subject), limit, counting }
    }
}

/// The status of a bucket as this process knows it: other processes may have taken tokens since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketStatus {
    /// The limit's name.
    pub name: &'static str,
    /// The limit.
    pub limit: Limit,
    /// The number of remaining tokens.
    pub left: u64,
    /// The time until the bucket is full.
    pub refill: Duration,
}

/// The buckets that one request counts against, and the result. Clones belong to the same request.
#[derive(Debug, Clone, Default)]
pub struct Admission(Arc<tokio::sync::Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    pending: Vec<Bucket>,
    asked: Vec<Bucket>,
    taken: Vec<Token>,
    refused: Option<TooMany>,
}

/// A token that a request was given.
#[derive(Debug)]
struct Token {
    bucket: Bucket,
    /// The lease that it came from, if this request took it from the table.
    draw: Option<OwnLease>,
}

/// A lease that the table confirmed.
#[derive(Debug, Clone, Copy)]
struct OwnLease {
    tokens: u64,
    at: Timestamp,
    left: Stored,
}

impl Limiter {
    pub(crate) fn new(dynamo: DynamoTable) -> Self {
        Self { dynamo, leases: TokenLeases::default(), admission: Admission::default() }
    }

    /// The same with another meter, counting for the same request.
    pub(crate) fn metered(&self, dynamo: DynamoTable) -> Self {
        Self { dynamo, ..self.clone() }
    }

    /// The same for another request.
    pub(crate) fn admitting(&self, admission: Admission) -> Self {
        Self { admission, ..self.clone() }
    }

    /// Adds buckets that this request counts against.
    ///
    /// # Errors
    /// [`StoreError::TooMany`], if an empty bucket is already known. It makes no call.
    pub(crate) async fn count(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        let mut counted = self.admission.0.lock().await;
        let cached = self.leases.cached_check(&buckets, self.dynamo.sources.now());
        if let Err(refusal) = cached {
            counted.refused = Some(refusal);
            counted.asked.extend(buckets);
            return Err(refusal.into());
        }
        counted.pending.extend(buckets);
        Ok(())
    }

    /// Takes a token from each bucket of this request, once. A leased token needs no call.
    pub(crate) async fn admit(&self) -> Result<(), StoreError> {
        let mut counted = self.admission.0.lock().await;
        if let Some(refusal) = counted.refused {
            return Err(refusal.into());
        }
        if counted.pending.is_empty() {
            return Ok(());
        }
        let result = Box::pin(self.take(&counted.pending)).await;
        match &result {
            Err(StoreError::TooMany(refusal)) => counted.refused = Some(*refusal),
            // An error leaves the buckets pending, so the next call counts them.
            Err(_) => return result.map(|_| ()),
            Ok(_) => {}
        }
        let asked = std::mem::take(&mut counted.pending);
        counted.asked.extend(asked);
        counted.taken.extend(result?);
        Ok(())
    }

    /// Counts the request against these buckets instead, and refunds the tokens that it took before.
    pub(crate) async fn count_instead(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        let Counted { taken, .. } = std::mem::take(&mut *self.admission.0.lock().await);
        let give_back = join_all(taken.into_iter().map(|token| self.give_back(token)));
        let count = async {
            self.count(buckets).await?;
            self.admit().await
        };
        join(give_back, count).await.1
    }

    /// A read in parallel with the count. Its result is returned only if the count succeeds.
    pub(crate) fn admitted<T>(
        &self,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, StoreError>> {
        join(self.admit(), read).map(|(admitted, found)| admitted.and(found))
    }

    /// The status of the buckets that this request counted against.
    pub(crate) async fn bucket_statuses(&self) -> Vec<BucketStatus> {
        let now = self.dynamo.sources.now();
        self.admission.0.lock().await.asked.iter().map(|bucket| self.leases.status(bucket, now)).collect()
    }

    /// One token from each bucket, or from none.
    async fn take(&self, buckets: &[Bucket]) -> Result<Vec<Token>, StoreError> {
        self.leases.cached_check(buckets, self.dynamo.sources.now())?;
        let results = join_all(buckets.iter().map(|bucket| self.take_one(bucket))).await;
        let (mut taken, mut worst) = (Vec::new(), None);
        for (bucket, result) in buckets.iter().zip(results) {
            match result {
                Ok(draw) => taken.push(Token { bucket: bucket.clone(), draw }),
                Err(error) if worst.as_ref().is_none_or(|worst| wait(worst) < wait(&error)) => worst = Some(error),
                Err(_) => {}
            }
        }
        let Some(worst) = worst else { return Ok(taken) };
        let now = self.dynamo.sources.now();
        for Token { bucket, .. } in taken {
            self.leases.add_tokens(&bucket, now, 1, now.plus(LEASE));
        }
        Err(worst)
    }

    /// Takes a token for work outside a request. False if there is none.
    pub(crate) async fn take_exactly(&self, bucket: &Bucket) -> Result<bool, StoreError> {
        match self.acquire(bucket).await {
            Ok(_) => Ok(true),
            Err(StoreError::TooMany(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes one token; returns the lease if it took one from the table.
    async fn take_one(&self, bucket: &Bucket) -> Result<Option<OwnLease>, StoreError> {
        if self.leases.use_token(bucket, self.dynamo.sources.now()) {
            return Ok(None);
        }
        if bucket.counting == Counting::Exactly {
            return self.acquire(bucket).await;
        }
        let turn = self.leases.turn(bucket, self.dynamo.sources.now());
        let _turn = turn.lock().await;
        if self.leases.use_token(bucket, self.dynamo.sources.now()) { Ok(None) } else { self.acquire(bucket).await }
    }

    /// Refunds a token that the request should not have taken. If the request took the lease from the table, all
    /// unused tokens of that lease return there. Otherwise the token returns to the lease.
    async fn give_back(&self, Token { bucket, draw }: Token) {
        let now = self.dynamo.sources.now();
        let Some(draw) = draw else { return self.leases.return_token(&bucket, now) };
        let rest = self.leases.use_tokens(&bucket, now, draw.tokens.saturating_sub(1));
        self.leases.forget_size(&bucket);
        let tokens = rest.saturating_add(1);
        if !self.refund(&bucket, draw, tokens).await {
            self.leases.add_tokens(&bucket, now, tokens, draw.at.plus(LEASE));
        }
    }

    /// Refunds tokens of a lease in the table. False if that was certainly not done. It is never repeated after an
    /// unknown outcome, because a second refund would create tokens.
    async fn refund(&self, bucket: &Bucket, draw: OwnLease, tokens: u64) -> bool {
        let mut seen = draw.left;
        for _ in 0..MAX_CHANGES {
            let now = self.dynamo.sources.now();
            let Some(full_at) = bucket.limit.refund(seen.full_at, tokens, draw.at, now) else { return true };
            match self.put_refund(bucket, seen, full_at).await {
                Refunded::Done(stored) => {
                    self.leases.see(bucket, now, stored.full_at);
                    return true;
                }
                Refunded::Otherwise(stored) => {
                    seen = stored;
                    self.leases.see(bucket, now, stored.full_at);
                }
                Refunded::Refused => return false,
                Refunded::Unknown => return true,
            }
        }
        false
    }

    async fn acquire(&self, bucket: &Bucket) -> Result<Option<OwnLease>, StoreError> {
        let mut backoff = Backoff::of(RESERVE_DEADLINE);
        let mut seen = self.leases.seen(bucket);
        let max_tokens = self.leases.max_tokens(bucket, self.dynamo.sources.now());
        for _ in 0..MAX_CHANGES {
            let now = self.dynamo.sources.now();
            let Some(draw) = bucket.limit.draw(seen, now, max_tokens) else {
                return Err(TooMany { limit: bucket.name, wait: bucket.limit.wait(seen, now) }.into());
            };
            let drawn = self.draw(bucket, &draw, now, &mut backoff).await?;
            let left = match drawn {
                Acquired::Done(left) | Acquired::Otherwise(left) => left,
                Acquired::Throttled => return self.uncounted(bucket).map(|()| None),
            };
            seen = left.full_at;
            self.leases.see(bucket, now, left.full_at);
            if matches!(drawn, Acquired::Done(_)) && draw.tokens > 0 {
                if bucket.counting == Counting::Leased {
                    self.leases.start_lease(bucket, now, draw.tokens, now.plus(LEASE));
                }
                return Ok(Some(OwnLease { tokens: draw.tokens, at: now, left }));
            }
        }
        Err(StoreError::Unavailable("the bucket changed at every attempt".to_owned()))
    }

    /// While the table throttles, requests pass for a moment, since their own calls may succeed. Exact counts fail
    /// instead. Nothing passes after an unknown outcome.
    fn uncounted(&self, bucket: &Bucket) -> Result<(), StoreError> {
        if bucket.counting == Counting::Exactly {
            return Err(StoreError::Unavailable("an attempt could not be counted".to_owned()));
        }
        tracing::warn!(limit = bucket.name, "the table throttles: requests pass uncounted");
        let now = self.dynamo.sources.now();
        let rest = bucket.limit.max_first_lease().saturating_sub(1);
        self.leases.add_tokens(bucket, now, rest, now.plus(UNCOUNTED));
        self.leases.forget_size(bucket);
        Ok(())
    }
}

fn wait(error: &StoreError) -> Option<Duration> {
    if let StoreError::TooMany(refusal) = error { Some(refusal.wait) } else { None }
}
