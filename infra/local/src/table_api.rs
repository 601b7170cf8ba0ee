//! Serves the embedded database by the JSON protocol of DynamoDB, to programs and not to web pages. The server of the
//! emulator answers every page (`Access-Control-Allow-Origin: *`) under any host name, so a page could use the table.

use axum::body::Body;
use bytes::Bytes;
use dynoxide::auth_material::{self, AuthMaterial};
use dynoxide::{Database, DynoxideError};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::table_file::TableLog;
use crate::web_pages::{has_loopback_host, is_from_web_page};

/// The largest body that DynamoDB accepts.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// A page cannot send this type without a preflight request, which is refused.
const MEDIA_TYPE: &str = "application/x-amz-json-1.0";
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// The operations by which the product writes.
const WRITES: [&str; 5] = ["BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"];

/// Answers one call of the table.
pub(crate) async fn answer(database: &Database, log: &TableLog, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if !has_loopback_host(&parts.headers) || is_from_web_page(&parts.headers) {
        let detail = "The table requires a loopback host name and refuses requests of web pages.";
        return error(StatusCode::FORBIDDEN, "AccessDeniedException", detail);
    }
    if parts.method != Method::POST || !is_json(&parts.headers) {
        return error(StatusCode::NOT_FOUND, "UnknownOperationException", "Calls are POST requests with a JSON body.");
    }
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => call(database, log, &parts, &body.to_bytes()),
        Err(failure) => error(StatusCode::PAYLOAD_TOO_LARGE, "SerializationException", &failure.to_string()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    [MEDIA_TYPE, "application/json"].iter().any(|known| media_type.eq_ignore_ascii_case(known))
}

fn call(database: &Database, log: &TableLog, parts: &Parts, body: &Bytes) -> Response<Body> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target").unwrap_or_default();
    let Some(operation) = TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix)) else {
        return error(
            StatusCode::BAD_REQUEST,
            "UnknownOperationException",
            "The header x-amz-target names no operation.",
        );
    };
    let signature = AuthMaterial {
        authorization: text(AUTHORIZATION.as_str()),
        query: parts.uri.query().unwrap_or_default(),
        has_date_header: text("x-amz-date").is_some() || text(DATE.as_str()).is_some(),
    };
    if let Some(refusal) = auth_material::validate(signature) {
        return response(StatusCode::BAD_REQUEST, refusal);
    }
    match dispatch(database, operation, body) {
        Ok(answer) => {
            if WRITES.contains(&operation) {
                log.wrote();
            }
            response(StatusCode::OK, answer)
        }
        Err(failure) => {
            log.failed(&failure);
            tracing::debug!(operation, %failure, "the table rejected a call");
            let status = StatusCode::from_u16(failure.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
            response(status, failure.to_json())
        }
    }
}

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "BatchExecuteStatement" => run(body, |request| database.batch_execute_statement(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "DeleteTable" => run(body, |request| database.delete_table(request)),
        "DescribeStream" => run(body, |request| database.describe_stream(request)),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => run(body, |request| database.describe_time_to_live(request)),
        "ExecuteStatement" => run(body, |request| database.execute_statement(request)),
        "ExecuteTransaction" => run(body, |request| database.execute_transaction(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "GetRecords" => run(body, |request| database.get_records(request)),
        "GetShardIterator" => run(body, |request| database.get_shard_iterator(request)),
        "ListStreams" => run(body, |request| database.list_streams(request)),
        "ListTables" => run(body, |request| database.list_tables(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "Scan" => run(body, |request| database.scan(request)),
        "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "UpdateTable" => run(body, |request| database.update_table(request)),
        "UpdateTimeToLive" => run(body, |request| database.update_time_to_live(request)),
        other => Err(DynoxideError::ValidationException(format!("the embedded table does not support {other}"))),
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(body);
    let request = request.map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = operation(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    response(status, json!({"__type": code, "message": message}).to_string())
}

fn response(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}
