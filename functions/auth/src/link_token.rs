//! The token of a mailed link in the query of a form's target.

use axum::extract::FromRequestParts;
use http::request::Parts;
use stockroom_api::ApiError;
use url::form_urlencoded;

/// The parameter `token`. It is empty if the query has none; no link has an empty token.
pub(crate) struct LinkToken(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for LinkToken {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let token = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
        Ok(Self(token.map(|(_, token)| token.into_owned()).unwrap_or_default()))
    }
}
