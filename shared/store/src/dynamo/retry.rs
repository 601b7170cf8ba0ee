//! The retry policy: classes of failures, backoff with full jitter, deadline.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError},
    types::error::TransactionCanceledException,
};
use stockroom_domain::source::Sources;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::StoreError;

/// Deadline of a request; below the functions' own time-out. No call of a transaction is in progress longer after its
/// ids were made, except inside DynamoDB.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Upper bounds of the backoff after a conflict, as multiples of an attempt's duration. They double to spread
/// competing writers, then shrink so that the oldest get through. Each pause is random between zero and its bound
/// (full jitter).
const CONFLICT_PAUSES: [u64; 9] = [1, 2, 4, 8, 16, 8, 4, 2, 1];
/// The duration of an attempt that multiples are of, in milliseconds. It is capped, so that a slow table does not
/// make pauses much longer.
const ATTEMPT: std::ops::RangeInclusive<u64> = 10..=60;

/// Upper bound of the first backoff after throttling or a failure, in milliseconds; each next one doubles, up to the
/// last.
const FIRST_FAILURE_PAUSE: u64 = 25;
const LAST_FAILURE_PAUSE: u64 = 800;
/// Upper bound of the pauses while a fence of another request is active, in milliseconds.
const FENCE_PAUSE: u64 = 100;

/// The backoff of one request, up to its deadline.
#[derive(Debug)]
pub(crate) struct Backoff {
    deadline: Instant,
    /// Start of the current attempt.
    started: Instant,
    attempt: usize,
    failure_pause: u64,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self::of(WRITE_DEADLINE)
    }

    pub(crate) fn of(duration: Duration) -> Self {
        let started = Instant::now();
        Self { deadline: started + duration, started, attempt: 0, failure_pause: FIRST_FAILURE_PAUSE }
    }

    /// Backs off after throttling or a failure, longer each time.
    pub(crate) async fn after_failure(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        let pause = Duration::from_millis(sources.below(self.failure_pause));
        self.failure_pause = self.failure_pause.saturating_mul(2).min(LAST_FAILURE_PAUSE);
        self.rest(pause, reason).await
    }

    /// Backs off after a lost race; fails with `reason` if the deadline would pass.
    pub(crate) async fn after_conflict(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        let multiple = CONFLICT_PAUSES.get(self.attempt).or(CONFLICT_PAUSES.last()).copied().unwrap_or_default();
        let attempt = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let bound = multiple.saturating_mul(attempt.clamp(*ATTEMPT.start(), *ATTEMPT.end()));
        self.attempt = self.attempt.saturating_add(1);
        self.rest(Duration::from_millis(sources.below(bound.saturating_add(1))), reason).await
    }

    /// Waits while another request has a fence.
    pub(crate) async fn wait(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        self.rest(Duration::from_millis(sources.below(FENCE_PAUSE)), reason).await
    }

    /// The result of a call; `None` if the deadline passed, and then its outcome is unknown.
    pub(crate) async fn before_deadline<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        if Instant::now() >= self.deadline {
            return None;
        }
        timeout_at(self.deadline, call).await.ok()
    }

    async fn rest(&mut self, pause: Duration, reason: &str) -> Result<(), StoreError> {
        if Instant::now() + pause >= self.deadline {
            return Err(StoreError::Unavailable(reason.to_owned()));
        }
        sleep(pause).await;
        self.started = Instant::now();
        Ok(())
    }
}

/// The class of a failed call.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was done: another transaction conflicted.
    Conflict(String),
    /// Nothing was done: the table throttled.
    Throttled(String),
    /// A condition did not hold, because an item changed after its read. Nothing was done.
    Stale,
    /// The outcome is unknown. Only the same payload under the same token may follow.
    Unknown(String),
    /// A retry would not help.
    Fatal(String),
}

/// Classifies the failure of any call.
pub(crate) fn classify<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let text = || aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string();
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return Failure::Fatal(text());
    }
    // Time-outs, broken connections and unintelligible answers.
    let SdkError::ServiceError(service) = error else { return Failure::Unknown(text()) };
    match service.err().code().unwrap_or_default() {
        "ConditionalCheckFailedException" => Failure::Stale,
        code @ "TransactionConflictException" => Failure::Conflict(code.to_owned()),
        code @ ("ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded") => {
            Failure::Throttled(code.to_owned())
        }
        "ValidationException"
        | "ResourceNotFoundException"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "IdempotentParameterMismatchException"
        | "ItemCollectionSizeLimitExceededException" => Failure::Fatal(text()),
        code => Failure::Unknown(code.to_owned()),
    }
}

/// Classifies the failure of a transaction by the reasons of its cancellation.
pub(crate) fn classify_transaction<R: std::fmt::Debug>(error: &SdkError<TransactWriteItemsError, R>) -> Failure {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => classify_cancellation(canceled),
        Some(_) | None => classify(error),
    }
}

/// Classifies the failure of a transactional read.
pub(crate) fn classify_transactional_read<R: std::fmt::Debug>(error: &SdkError<TransactGetItemsError, R>) -> Failure {
    match error.as_service_error() {
        Some(TransactGetItemsError::TransactionCanceledException(canceled)) => classify_cancellation(canceled),
        Some(_) | None => classify(error),
    }
}

fn classify_cancellation(canceled: &TransactionCanceledException) -> Failure {
    let codes: Vec<_> = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    if codes.contains(&"ValidationError") || codes.contains(&"ItemCollectionSizeLimitExceeded") {
        return Failure::Fatal(format!("{codes:?}: {:?}", canceled.cancellation_reasons()));
    }
    if codes.contains(&"ConditionalCheckFailed") {
        return Failure::Stale;
    }
    let text = format!("{codes:?}");
    if codes.contains(&"TransactionConflict") { Failure::Conflict(text) } else { Failure::Throttled(text) }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn within_ends_every_call_at_the_deadline() {
        let patient = Backoff::of(Duration::from_mins(1));
        assert_eq!(patient.before_deadline(ready(1)).await, Some(1));
        let hurried = Backoff::of(Duration::from_millis(5));
        assert_eq!(hurried.before_deadline(pending::<u8>()).await, None);
        // After the deadline no call begins, not even one that would finish at once.
        assert_eq!(hurried.before_deadline(ready(1)).await, None);
    }
}
