//! Responses for pages and files, and the switch `DOCS_ENABLED`.

use std::io::Read as _;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    request::Parts,
};
use lzma_rust2::LzmaReader;
use stockroom_api::{ApiError, App, Operation, OperationInput};

/// Allows only resources of this origin, no inline scripts and no `eval`. Both pages use inline styles; `ReDoc` starts
/// a search worker from a blob.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src \
     'self'; font-src 'self' data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Proof that the documentation is enabled (`DOCS_ENABLED`). If it is disabled, its paths return 404.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Enabled;

impl FromRequestParts<App> for Enabled {
    type Rejection = ApiError;

    async fn from_request_parts(_parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if app.pages().has_docs { Ok(Self) } else { Err(ApiError::RouteNotFound) }
    }
}

impl OperationInput for Enabled {
    fn describe(operation: &mut Operation) {
        operation.refuses(404, &["not_found"]);
    }
}

/// A response with a file.
#[derive(Debug)]
pub(crate) struct File {
    media_type: &'static str,
    text: String,
    /// Whether browsers may cache the file without revalidation.
    is_lasting: bool,
}

impl File {
    pub(crate) fn new(media_type: &'static str, text: impl Into<String>) -> Self {
        Self { media_type, text: text.into(), is_lasting: false }
    }

    /// An embedded file in LZMA format. The response is plain text, because every gateway passes text on unchanged.
    pub(crate) fn unpacked(media_type: &'static str, compressed: &[u8]) -> Result<Self, ApiError> {
        Ok(Self { media_type, text: unpack(compressed)?, is_lasting: true })
    }
}

/// The maximum memory of the decoder. The dictionaries of the files have 2 MiB.
const MAX_DECODER_KIB: u32 = 4 * 1024;

/// Decompresses an embedded file in LZMA format.
pub(crate) fn unpack(compressed: &[u8]) -> Result<String, ApiError> {
    let mut text = String::new();
    let mut reader = LzmaReader::new_mem_limit(compressed, MAX_DECODER_KIB, None).map_err(failed)?;
    reader.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn failed(error: std::io::Error) -> ApiError {
    ApiError::Internal(error.to_string())
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        let mut response = self.text.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        let caching = if self.is_lasting { "public, max-age=86400" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        response
    }
}
