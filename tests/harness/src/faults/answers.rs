//! The errors of DynamoDB that the proxy returns.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Value, json};

pub(super) fn conflict(operation: &str, body: &Bytes) -> Response<Full<Bytes>> {
    let message = "Transaction is ongoing for the item";
    if operation != "TransactWriteItems" {
        return exception("TransactionConflictException", json!({"message": message}));
    }
    let request: Value = serde_json::from_slice(body).unwrap();
    let mut reasons = vec![json!({"Code": "None"}); request["TransactItems"].as_array().unwrap().len()];
    reasons[0] = json!({"Code": "TransactionConflict", "Message": message});
    let codes: Vec<&str> = reasons.iter().map(|reason| reason["Code"].as_str().unwrap()).collect();
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    exception("TransactionCanceledException", json!({"Message": message, "CancellationReasons": reasons}))
}

pub(super) fn server_error() -> Response<Full<Bytes>> {
    let mut response = exception("InternalServerError", json!({"message": "Internal server error"}));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

pub(super) fn exception(kind: &str, mut document: Value) -> Response<Full<Bytes>> {
    document["__type"] = format!("com.amazonaws.dynamodb.v20120810#{kind}").into();
    let mut response = Response::new(Full::new(document.to_string().into()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
