//! The stand-in for Lambda: calls the handler of a function with an event.

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use stockroom_api::handle;

/// The time that API Gateway waits for a function. It sets the deadline of a call.
const TIMEOUT_MILLISECONDS: u64 = 29_000;

/// The largest answer that Lambda accepts from a function.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024 + 100;

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event is not a gateway event.
    #[error("the function cannot read the event: {0}")]
    Event(#[source] serde_json::Error),
    /// The answer is too large for Lambda.
    #[error("the function's answer has {0} bytes; Lambda accepts at most {MAX_ANSWER_BYTES}")]
    TooLarge(usize),
    /// The answer cannot be written as JSON.
    #[error("the function's answer cannot be written as JSON: {0}")]
    Answer(#[source] serde_json::Error),
}

/// Calls a function with an event of API Gateway, and returns the answer in the form that API Gateway reads. A panic of
/// the function unwinds through the caller.
///
/// # Errors
///
/// See [`InvokeError`].
pub async fn invoke(router: Router, event: Value, request_id: &str) -> Result<Value, InvokeError> {
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    let received = event.pointer("/requestContext/requestTimeEpoch").and_then(Value::as_u64);
    context.deadline = received.map_or(u64::MAX, |received| received.saturating_add(TIMEOUT_MILLISECONDS));

    // The event is read as text because `LambdaRequest` reads itself from raw JSON only.
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).map_err(InvokeError::Event)?;
    let Ok(answer) = handle(router, LambdaEvent::new(request, context)).await;
    // Lambda measures the serialized answer.
    let text = serde_json::to_string(&answer).map_err(InvokeError::Answer)?;
    if text.len() > MAX_ANSWER_BYTES {
        return Err(InvokeError::TooLarge(text.len()));
    }
    serde_json::from_str(&text).map_err(InvokeError::Answer)
}
