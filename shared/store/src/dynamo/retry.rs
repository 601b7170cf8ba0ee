//! Which failures may be tried again, and when.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{transact_get_items::TransactGetItemsError, transact_write_items::TransactWriteItemsError},
    types::error::TransactionCanceledException,
};
use stockroom_domain::source::Sources;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::StoreError;

/// How long a request may try before it is answered as unavailable; below the functions' own time-out. The
/// payload of a transaction is not under way for longer either, so nothing is committed later than this after its ids were
/// made, but for what the table itself takes for a call that has reached it.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Upper bounds of the pauses, as multiples of how long an attempt takes: doubling to spread a crowd, then shrinking so that
/// who waited longest gets through. Each pause is drawn evenly from zero to the bound (full jitter).
const PAUSES: [u64; 9] = [1, 2, 4, 8, 16, 8, 4, 2, 1];
/// How long an attempt takes at least, in milliseconds, and at most as far as pauses go: where the table is slow, a crowd
/// that tries again as if it were not is what keeps it slow.
const ATTEMPT: std::ops::RangeInclusive<u64> = 10..=60;

/// Upper bound of the first pause when the table is in trouble, in milliseconds; it doubles with each, up to the last.
const FIRST_RELIEF: u64 = 25;
const LAST_RELIEF: u64 = 800;
/// Upper bound of the pauses while somebody else's mark stands, in milliseconds.
const MARK_PAUSE: u64 = 100;

/// The patience of one request.
#[derive(Debug)]
pub(crate) struct Patience {
    deadline: Instant,
    /// When the attempt that is under way began.
    begun: Instant,
    attempt: usize,
    relief: u64,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self::of(WRITE_DEADLINE)
    }

    pub(crate) fn of(duration: Duration) -> Self {
        let begun = Instant::now();
        Self { deadline: begun + duration, begun, attempt: 0, relief: FIRST_RELIEF }
    }

    /// Waits before asking a table again that is throttling or failing, longer each time.
    pub(crate) async fn relieve(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        let pause = Duration::from_millis(sources.below(self.relief));
        self.relief = self.relief.saturating_mul(2).min(LAST_RELIEF);
        self.rest(pause, reason).await
    }

    /// Waits before another attempt at a race; fails with `reason` when the deadline would pass.
    pub(crate) async fn pause(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        let multiple = PAUSES.get(self.attempt).or(PAUSES.last()).copied().unwrap_or_default();
        let attempt = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let bound = multiple.saturating_mul(attempt.clamp(*ATTEMPT.start(), *ATTEMPT.end()));
        self.attempt = self.attempt.saturating_add(1);
        self.rest(Duration::from_millis(sources.below(bound.saturating_add(1))), reason).await
    }

    /// Waits while somebody holds a mark.
    pub(crate) async fn wait(&mut self, sources: &Sources, reason: &str) -> Result<(), StoreError> {
        self.rest(Duration::from_millis(sources.below(MARK_PAUSE)), reason).await
    }

    /// Waits for a call until the deadline; `None` when that has passed. Whether it was done is unknown then.
    pub(crate) async fn within<T>(&self, call: impl Future<Output = T>) -> Option<T> {
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
        self.begun = Instant::now();
        Ok(())
    }
}

/// What a failed call means.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was done: another transaction stood in the way.
    Conflict(String),
    /// Nothing was done: the table's limits were reached.
    Throttled(String),
    /// A condition did not hold: what was read is stale. Nothing was done.
    Stale,
    /// Nobody knows whether it was done; the same payload under the same token may follow, nothing else.
    Unknown(String),
    /// Trying again would not help.
    Fatal(String),
}

/// Sorts the failure of any call.
pub(crate) fn classify<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let text = || aws_sdk_dynamodb::error::DisplayErrorContext(error).to_string();
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return Failure::Fatal(text());
    }
    // Time-outs, broken connections and answers that make no sense.
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

/// Sorts the failure of a transaction by the reasons of its cancellation.
pub(crate) fn classify_transaction<R: std::fmt::Debug>(error: &SdkError<TransactWriteItemsError, R>) -> Failure {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => classify_cancellation(canceled),
        Some(_) | None => classify(error),
    }
}

/// Sorts the failure of a transactional read.
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
        let patient = Patience::of(Duration::from_mins(1));
        assert_eq!(patient.within(ready(1)).await, Some(1));
        let hurried = Patience::of(Duration::from_millis(5));
        assert_eq!(hurried.within(pending::<u8>()).await, None);
        // Not even one that would be done at once begins behind it.
        assert_eq!(hurried.within(ready(1)).await, None);
    }
}
