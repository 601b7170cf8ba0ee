//! `GET /docs/{file}`: serves a file of the documentation pages.
//!
//! Tests: `tests/api/contract/pages.rs`. Publishes no event.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use stockroom_api::{ApiError, Operation, OperationInput};

use crate::page::{Enabled, File};

/// The file name in the path.
pub(crate) struct FileName(String);

impl<S: Sync + Send> FromRequestParts<S> for FileName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let name = params.iter().flatten().find(|(name, _)| *name == "file").map(|(_, file)| file.to_owned());
        Ok(Self(name.unwrap_or_default()))
    }
}

impl OperationInput for FileName {
    fn describe(operation: &mut Operation) {
        let names = ["redoc.standalone.js", "start.js", "swagger-ui-bundle.js", "swagger-ui.css"];
        operation.in_path("file", "Name of a file that the pages load.", &names);
    }
}

pub(crate) async fn asset(_: Enabled, FileName(name): FileName) -> Result<File, ApiError> {
    let script = "text/javascript; charset=utf-8";
    match name.as_str() {
        "redoc.standalone.js" => File::unpacked(script, include_bytes!("../assets/redoc.standalone.js.lzma")),
        "start.js" => Ok(File::new(script, include_str!("../assets/start.js"))),
        "swagger-ui-bundle.js" => File::unpacked(script, include_bytes!("../assets/swagger-ui-bundle.js.lzma")),
        "swagger-ui.css" => File::unpacked("text/css; charset=utf-8", include_bytes!("../assets/swagger-ui.css.lzma")),
        _ => Err(ApiError::RouteNotFound),
    }
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a file of the documentation pages").serves("text/javascript").serves_too("text/css");
}
