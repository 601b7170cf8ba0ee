//! The writes of one bucket in the table. Each is conditioned on the state that the process last saw.

use std::time::Instant;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use stockroom_domain::{
    limit::{Change, Draw, Limit, TheoreticalArrival},
    time::Timestamp,
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, n},
        retry::{Backoff, Failure, classify},
    },
    error::StoreError,
    rate_limit::counter::{Bucket, Limiter},
};

/// How long the table keeps a full bucket, in seconds: longer than any clock skew.
const KEPT_SECONDS: u64 = 60 * 60;

/// A bucket as the table stores it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stored {
    pub(crate) full_at: TheoreticalArrival,
    /// The number of refunds. A refund requires this number, because the arrival time alone may repeat.
    pub(crate) refunds: u64,
}

/// The result of taking tokens in the table.
pub(crate) enum Acquired {
    Done(Stored),
    /// The bucket was not as expected; this is its state.
    Otherwise(Stored),
    /// Nothing was done: the table throttled every attempt.
    Throttled,
}

/// The result of a refund in the table.
pub(crate) enum Refunded {
    Done(Stored),
    /// Nothing was done: the bucket was not as expected; this is its state.
    Otherwise(Stored),
    /// Nothing was done: the table refused the call.
    Refused,
    /// Unknown: the refund may have been done.
    Unknown,
}

/// One conditional write of a bucket.
enum Put {
    Done(Stored),
    Otherwise(Stored),
    Failed(Failure),
}

impl Limiter {
    /// One conditional write. A repetition after a lost reply costs tokens and gives none.
    pub(crate) async fn draw(
        &self,
        bucket: &Bucket,
        draw: &Draw,
        now: Timestamp,
        backoff: &mut Backoff,
    ) -> Result<Acquired, StoreError> {
        let (update, condition) = expressions(bucket.limit, draw, now);
        loop {
            let failure = match self.put(bucket, &update, &condition).await? {
                Put::Done(left) => return Ok(Acquired::Done(left)),
                Put::Otherwise(left) => return Ok(Acquired::Otherwise(left)),
                Put::Failed(failure) => failure,
            };
            match failure {
                Failure::Fatal(reason) => return Err(StoreError::Internal(reason)),
                Failure::Stale => return Err(StoreError::internal("a condition failed without showing the item")),
                Failure::Conflict(reason) => backoff.after_conflict(&self.dynamo.sources, &reason).await?,
                Failure::Unknown(reason) => backoff.after_failure(&self.dynamo.sources, &reason).await?,
                Failure::Throttled(reason) => {
                    if backoff.after_failure(&self.dynamo.sources, &reason).await.is_err() {
                        return Ok(Acquired::Throttled);
                    }
                }
            }
        }
    }

    /// Refunds tokens by one conditional write, sent once.
    pub(crate) async fn put_refund(&self, bucket: &Bucket, seen: Stored, full_at: TheoreticalArrival) -> Refunded {
        let update = expression("SET #full_at = :moment, #refunds = :next")
            .with("moment", n(full_at.0))
            .with("next", n(seen.refunds.saturating_add(1)));
        let condition = expression("#full_at = :seen").with("seen", n(seen.full_at.0));
        let condition = condition.and(if seen.refunds == 0 {
            expression("attribute_not_exists(#refunds)")
        } else {
            expression("#refunds = :refunds").with("refunds", n(seen.refunds))
        });
        match self.put(bucket, &update, &condition).await {
            Ok(Put::Done(stored)) => Refunded::Done(stored),
            Ok(Put::Otherwise(stored)) => Refunded::Otherwise(stored),
            Ok(Put::Failed(Failure::Conflict(_) | Failure::Throttled(_) | Failure::Stale)) => Refunded::Refused,
            Ok(Put::Failed(Failure::Fatal(reason) | Failure::Unknown(reason))) => {
                tracing::warn!(limit = bucket.name, reason, "tokens were not refunded");
                Refunded::Unknown
            }
            Err(error) => {
                tracing::warn!(limit = bucket.name, %error, "tokens were not refunded");
                Refunded::Unknown
            }
        }
    }

    /// Sends a conditional write of a bucket once.
    async fn put(&self, bucket: &Bucket, update: &Expression, condition: &Expression) -> Result<Put, StoreError> {
        let started = Instant::now();
        let call = self
            .dynamo
            .client
            .client
            .update_item()
            .table_name(self.dynamo.name())
            .set_key(Some(bucket.key.attributes()))
            .update_expression(&update.text)
            .condition_expression(&condition.text)
            .set_expression_attribute_names(Expression::names(&[update, condition]))
            .set_expression_attribute_values(Expression::values(&[update, condition]))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let result = Box::pin(call.send()).await;
        let ended = Instant::now();
        let error = match result {
            Ok(output) => {
                self.dynamo.meter.record(started, ended, true, output.consumed_capacity());
                return stored(output.attributes.as_ref()).map(Put::Done);
            }
            Err(error) => error,
        };
        self.dynamo.meter.record(started, ended, true, []);
        if let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
            return stored(failed.item()).map(Put::Otherwise);
        }
        Ok(Put::Failed(classify::<UpdateItemError, _>(&error)))
    }
}

fn stored(item: Option<&Item>) -> Result<Stored, StoreError> {
    let number = |name: &str| -> Result<u64, StoreError> {
        let Some(value) = item.and_then(|item| item.get(name)) else { return Ok(0) };
        let number = value.as_n().ok().and_then(|number| number.parse().ok());
        number.ok_or_else(|| StoreError::internal("an attribute of a bucket is not a number"))
    };
    Ok(Stored { full_at: TheoreticalArrival(number("full_at")?), refunds: number("refunds")? })
}

fn expressions(limit: Limit, draw: &Draw, now: Timestamp) -> (Expression, Expression) {
    let (moment, change) = match draw.change {
        Change::Set(moment) => (":change", moment),
        Change::Add(micros) => ("#full_at + :change", micros),
    };
    let expires = now.unix_seconds().saturating_add(limit.window_seconds()).saturating_add(KEPT_SECONDS);
    let update = expression(format!("SET #full_at = {moment}, #expires_at = :expires"))
        .with("change", n(change))
        .with("expires", n(expires));
    let low = *draw.expected.start();
    let never = if low == 0 { "attribute_not_exists(#full_at) OR " } else { "" };
    let condition = expression(format!("{never}#full_at BETWEEN :low AND :high"))
        .with("low", n(low))
        .with("high", n(*draw.expected.end()));
    (update, condition)
}
