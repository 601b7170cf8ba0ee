//! The stand-in for Lambda: hands an event to what the deployed function hands it to.

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use serde_json::Value;
use stockroom_api::handle;

/// The longest API Gateway waits for a function, which gives the call its deadline.
const TIMEOUT_MILLISECONDS: u64 = 29_000;

/// The largest answer that Lambda takes of a function.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024 + 100;

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No event that an HTTP function knows.
    #[error("the function cannot read the event: {0}")]
    Event(#[source] serde_json::Error),
    /// The answer is larger than Lambda takes.
    #[error("the function's answer has {0} bytes, and Lambda takes {MAX_ANSWER_BYTES}")]
    TooLarge(usize),
    /// The answer cannot be written as JSON.
    #[error("the function's answer is no JSON: {0}")]
    Answer(#[source] serde_json::Error),
}

/// Calls a function with an event as API Gateway writes it; gives the answer as API Gateway reads it. A panic of the
/// function is the caller's.
///
/// # Errors
///
/// When the event or the answer is not what passes between API Gateway and a function.
pub async fn invoke(router: Router, event: Value, request_id: &str) -> Result<Value, InvokeError> {
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    let received = event.pointer("/requestContext/requestTimeEpoch").and_then(Value::as_u64);
    context.deadline = received.map_or(u64::MAX, |received| received.saturating_add(TIMEOUT_MILLISECONDS));

    // The event is read as text because `LambdaRequest` reads itself from raw JSON only.
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).map_err(InvokeError::Event)?;
    let Ok(answer) = handle(router, LambdaEvent::new(request, context)).await;
    // As text first: it is what Lambda measures.
    let text = serde_json::to_string(&answer).map_err(InvokeError::Answer)?;
    if text.len() > MAX_ANSWER_BYTES {
        return Err(InvokeError::TooLarge(text.len()));
    }
    serde_json::from_str(&text).map_err(InvokeError::Answer)
}
