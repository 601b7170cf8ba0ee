//! Calls of functions without HTTP.

use std::{fmt::Display, time::Instant};

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::{Runtime, metrics, reports::Panicked};

/// Why Lambda has to repeat a call.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E: Display> {
    /// The function returned an error.
    #[error("{0}")]
    Failed(E),
    /// It panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl Runtime {
    /// Runs a function until its process ends, one event after the other.
    ///
    /// # Errors
    /// A Lambda runtime that cannot be reached.
    pub async fn serve<T, E>(&self, handle: impl AsyncFn(Value) -> Result<T, E>) -> Result<(), lambda_runtime::Error>
    where
        T: Serialize,
        E: std::error::Error + Send + Sync + 'static,
    {
        let handle = &handle;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
            let LambdaEvent { payload, context } = event;
            let answer = self.call(&context.request_id, handle(payload)).await;
            answer.map_err(lambda_runtime::Error::from)
        }))
        .await
    }

    /// One call: its log line, its metrics, and a report when it fails.
    ///
    /// # Errors
    /// [`CallError`]: Lambda has to repeat the call.
    pub async fn call<T, E: Display>(
        &self,
        request_id: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let started = Instant::now();
        let call = self.reports.call(&self.config.function, "function", request_id);
        let result = match call.run(work).await {
            Ok(result) => result.map_err(CallError::Failed),
            Err(panicked) => Err(CallError::Panicked(panicked)),
        };
        if let Err(error) = &result {
            tracing::error!(request_id, cause = %error, "call failed");
            call.fail(if matches!(error, CallError::Panicked(_)) { "panic" } else { "failed" }, error);
        }
        let cost = self.store.take_cost();
        tracing::info!(
            target: metrics::CALL,
            request_id,
            milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            failures = u64::from(result.is_err()),
            round_trips = cost.round_trips,
            calls = cost.calls,
            read_half_units = cost.read_halves,
            write_half_units = cost.write_halves,
            "call"
        );
        call.finish(result.is_err()).await;
        result
    }
}
