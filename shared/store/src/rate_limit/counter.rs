//! Rate limits: buckets that all processes share through the table. What a bucket is, and why none gives more than it has,
//! says [`stockroom_domain::limit`]; here it is drawn from, with one conditional write.
//!
//! A process draws several tokens at once and keeps them in hand for ten seconds, so that its next request asks nobody. It
//! also remembers that a bucket was empty: nothing fills it sooner than time does, so a request that comes too early is
//! refused at no cost. What stays in hand too long, and what was drawn by a call whose reply was lost, is nobody's.
//!
//! The count runs beside the request's own first read, and every write waits for it ([`Limiter::admit`]). When that read shows
//! that the caller is not who they claim to be, the tokens go back and the request counts for its address
//! ([`Limiter::count_instead`]).

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
    dynamo::{key::Key, retry::Patience, table::DynamoTable},
    error::{StoreError, TooMany},
    keys::rate,
    rate_limit::{
        bucket_writes::{Drawn, Refunded, Stored},
        leases::Leases,
    },
};

/// How long tokens are kept in hand.
const LEASE: Duration = Duration::from_secs(10);
/// How long requests pass uncounted, the largest lease of them at most, after the table threw out their count.
const UNCOUNTED: Duration = Duration::from_secs(1);
/// How long a draw may try.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many changes by others a draw may meet; each shows how the bucket stands now.
const MOST_CHANGES: usize = 10;

/// Counts one request, or one caller of a job, with the leases of its process.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    pub(super) dynamo: DynamoTable,
    leases: Leases,
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
    /// The bucket of `whom` under the limit `name`. The name is shown to clients, `whom` stands in the table's key: an id, or a
    /// digest of what should not be there.
    #[must_use]
    pub fn new(name: &'static str, whom: impl Display, limit: Limit, counting: Counting) -> Self {
        Self { name, key: rate(name, whom), limit, counting }
    }
}

/// How a bucket stands, as far as this process knows: others may have drawn from it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The limit's name.
    pub name: &'static str,
    /// The limit.
    pub limit: Limit,
    /// How many tokens are left.
    pub left: u64,
    /// How long until all are there.
    pub refill: Duration,
}

/// What one request is counted against, and what came of it; clones are the same request's.
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
    /// The draw that it came from, if this very request made it.
    draw: Option<OwnDraw>,
}

/// A draw that is known to be done.
#[derive(Debug, Clone, Copy)]
struct OwnDraw {
    tokens: u64,
    at: Timestamp,
    left: Stored,
}

impl Limiter {
    pub(crate) fn new(dynamo: DynamoTable) -> Self {
        Self { dynamo, leases: Leases::default(), admission: Admission::default() }
    }

    /// The same with another meter, counting for the same request.
    pub(crate) fn metered(&self, dynamo: DynamoTable) -> Self {
        Self { dynamo, ..self.clone() }
    }

    /// The same for another request.
    pub(crate) fn admitting(&self, admission: Admission) -> Self {
        Self { admission, ..self.clone() }
    }

    /// Adds buckets that this request is counted against.
    ///
    /// # Errors
    /// [`StoreError::TooMany`], if that is known already. Nothing is asked.
    pub(crate) async fn count(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        let mut counted = self.admission.0.lock().await;
        let foreseen = self.leases.foresee(&buckets, self.dynamo.sources.now());
        if let Err(refusal) = foreseen {
            counted.refused = Some(refusal);
            counted.asked.extend(buckets);
            return Err(refusal.into());
        }
        counted.pending.extend(buckets);
        Ok(())
    }

    /// Takes a token from every bucket of this request, once. From a lease it takes no call.
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
            // What could not be counted is counted when it is asked for again.
            Err(_) => return result.map(|_| ()),
            Ok(_) => {}
        }
        let asked = std::mem::take(&mut counted.pending);
        counted.asked.extend(asked);
        counted.taken.extend(result?);
        Ok(())
    }

    /// Counts the request against these buckets in place of those that it was counted against until now, which get back
    /// what it took.
    pub(crate) async fn count_instead(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        let Counted { taken, .. } = std::mem::take(&mut *self.admission.0.lock().await);
        let give_back = join_all(taken.into_iter().map(|token| self.give_back(token)));
        let count = async {
            self.count(buckets).await?;
            self.admit().await
        };
        join(give_back, count).await.1
    }

    /// A read, with the count beside it: nothing of it is seen when the request came too early.
    pub(crate) fn admitted<T>(
        &self,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, StoreError>> {
        join(self.admit(), read).map(|(admitted, found)| admitted.and(found))
    }

    /// How the buckets stand that this request was counted against.
    pub(crate) async fn standings(&self) -> Vec<Standing> {
        let now = self.dynamo.sources.now();
        self.admission.0.lock().await.asked.iter().map(|bucket| self.leases.standing(bucket, now)).collect()
    }

    /// One token from each bucket, or from none.
    async fn take(&self, buckets: &[Bucket]) -> Result<Vec<Token>, StoreError> {
        self.leases.foresee(buckets, self.dynamo.sources.now())?;
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
            self.leases.put_in_hand(&bucket, now, 1, now.plus(LEASE));
        }
        Err(worst)
    }

    /// Takes a token for what no request waits for. False when there is none.
    pub(crate) async fn take_exactly(&self, bucket: &Bucket) -> Result<bool, StoreError> {
        match self.draw_one(bucket).await {
            Ok(_) => Ok(true),
            Err(StoreError::TooMany(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// One token; the draw, if it took one.
    async fn take_one(&self, bucket: &Bucket) -> Result<Option<OwnDraw>, StoreError> {
        if self.leases.take_from_hand(bucket, self.dynamo.sources.now()) {
            return Ok(None);
        }
        if bucket.counting == Counting::Exactly {
            return self.draw_one(bucket).await;
        }
        let turn = self.leases.turn(bucket, self.dynamo.sources.now());
        let _turn = turn.lock().await;
        if self.leases.take_from_hand(bucket, self.dynamo.sources.now()) {
            Ok(None)
        } else {
            self.draw_one(bucket).await
        }
    }

    /// Gives back a token that its request should not have taken. Where this request drew from the table, all of that draw
    /// that is still in hand goes back there; otherwise the token goes back to the hand it came from.
    async fn give_back(&self, Token { bucket, draw }: Token) {
        let now = self.dynamo.sources.now();
        let Some(draw) = draw else { return self.leases.put_back_in_hand(&bucket, now) };
        let rest = self.leases.take_all_from_hand(&bucket, now, draw.tokens.saturating_sub(1));
        let tokens = rest.saturating_add(1);
        if !self.refund(&bucket, draw, tokens).await {
            self.leases.put_in_hand(&bucket, now, tokens, draw.at.plus(LEASE));
        }
    }

    /// Gives tokens of a draw back to the table. False if that was certainly not done. Where the outcome is unknown it is
    /// never tried again: a refund that is done twice would create tokens.
    async fn refund(&self, bucket: &Bucket, draw: OwnDraw, tokens: u64) -> bool {
        let mut seen = draw.left;
        for _ in 0..MOST_CHANGES {
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

    async fn draw_one(&self, bucket: &Bucket) -> Result<Option<OwnDraw>, StoreError> {
        let mut patience = Patience::of(PATIENCE);
        let mut seen = self.leases.seen(bucket);
        for _ in 0..MOST_CHANGES {
            let now = self.dynamo.sources.now();
            let Some(draw) = bucket.limit.draw(seen, now, bucket.counting) else {
                return Err(TooMany { limit: bucket.name, wait: bucket.limit.wait(seen, now) }.into());
            };
            let drawn = self.draw(bucket, &draw, now, &mut patience).await?;
            let left = match drawn {
                Drawn::Done(left) | Drawn::Otherwise(left) => left,
                Drawn::Throttled => return self.uncounted(bucket).map(|()| None),
            };
            seen = left.full_at;
            self.leases.see(bucket, now, left.full_at);
            if let (Drawn::Done(_), Some(rest)) = (drawn, draw.tokens.checked_sub(1)) {
                if rest > 0 {
                    self.leases.put_in_hand(bucket, now, rest, now.plus(LEASE));
                }
                return Ok(Some(OwnDraw { tokens: draw.tokens, at: now, left }));
            }
        }
        Err(StoreError::Unavailable("the bucket changed at every try".to_owned()))
    }

    /// While the table takes no writes, requests pass for a moment that may well succeed otherwise; but no attempt does that
    /// must be counted exactly. Where the outcome of a draw is unknown, nothing passes: the request would fare no better.
    fn uncounted(&self, bucket: &Bucket) -> Result<(), StoreError> {
        if bucket.counting == Counting::Exactly {
            return Err(StoreError::Unavailable("an attempt could not be counted".to_owned()));
        }
        tracing::warn!(limit = bucket.name, "the table throttles: requests pass uncounted");
        let now = self.dynamo.sources.now();
        let rest = bucket.limit.largest_lease().saturating_sub(1);
        self.leases.put_in_hand(bucket, now, rest, now.plus(UNCOUNTED));
        Ok(())
    }
}

fn wait(error: &StoreError) -> Option<Duration> {
    if let StoreError::TooMany(refusal) = error { Some(refusal.wait) } else { None }
}
