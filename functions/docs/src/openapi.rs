//! `GET /openapi.json`: serves the OpenAPI document. A test compares the file with the operations.
//!
//! Tests: `tests/api/contract.rs`. Publishes no event.

use stockroom_api::{ApiError, Operation, RequestContext};

use crate::page::{Enabled, File, unpack};

/// The server URL in the document. It is the root of the host, unless a gateway stage precedes the path.
const SERVER: &str = "\"url\":\"/\"";
const SIGN_IN: &str = "\"tokenUrl\":\"/";

pub(crate) async fn openapi(_: Enabled, context: RequestContext) -> Result<File, ApiError> {
    let document = unpack(include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.lzma")))?;
    let stage = context.stage.path();
    if stage.is_empty() {
        return Ok(File::new("application/json", document));
    }
    let document = document.replacen(SERVER, &format!("\"url\":\"{stage}\""), 1);
    Ok(File::new("application/json", document.replacen(SIGN_IN, &format!("\"tokenUrl\":\"{stage}/"), 1)))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get the OpenAPI document").serves_json();
}
