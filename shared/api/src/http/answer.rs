//! Successful answers.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, LINK, LOCATION, SET_COOKIE},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stockroom_store::Outcome;

use crate::{http::tag::Tag, problem::ApiError};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A successful answer. It can be stored, so that a retry under the same idempotency key gets it byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    link: Option<String>,
    cookie: Option<String>,
    body: Option<Bytes>,
    replayed: bool,
}

/// An answer as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredResponse<'a> {
    #[serde(rename = "s")]
    status: u16,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none", default)]
    location: Option<String>,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    etag: Option<String>,
    #[serde(rename = "b", borrow, skip_serializing_if = "Option::is_none", default)]
    body: Option<&'a RawValue>,
}

impl Answer {
    fn new(status: StatusCode) -> Self {
        Self {
            status: status.as_u16(),
            location: None,
            etag: None,
            link: None,
            cookie: None,
            body: None,
            replayed: false,
        }
    }

    #[expect(clippy::expect_used, reason = "views are structs of texts and numbers, which always serialize")]
    fn with_body(mut self, view: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(view).expect("a view serializes").into());
        self
    }

    /// 200 with a body.
    #[must_use]
    pub fn ok(view: &impl Serialize) -> Self {
        Self::new(StatusCode::OK).with_body(view)
    }

    /// 200 with a body that is already serialized.
    pub(crate) fn page(body: Vec<u8>) -> Self {
        Self { body: Some(body.into()), ..Self::new(StatusCode::OK) }
    }

    /// 201 with a body and its `Location`.
    #[must_use]
    pub fn created(location: String, view: &impl Serialize) -> Self {
        Self { location: Some(location), ..Self::new(StatusCode::CREATED).with_body(view) }
    }

    /// 202 with a body: the change is visible at once, and work on it continues.
    #[must_use]
    pub fn accepted(view: &impl Serialize) -> Self {
        Self::new(StatusCode::ACCEPTED).with_body(view)
    }

    /// 202 without a body: accepted for processing.
    #[must_use]
    pub fn accepted_silently() -> Self {
        Self::new(StatusCode::ACCEPTED)
    }

    /// 204.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(StatusCode::NO_CONTENT)
    }

    /// 303: the browser continues with a `GET` of this location (RFC 9110, 15.4.4).
    #[must_use]
    pub fn see_other(location: String) -> Self {
        Self { location: Some(location), ..Self::new(StatusCode::SEE_OTHER) }
    }

    /// 308: the resource has another path.
    #[must_use]
    pub fn moved(location: &str) -> Self {
        Self { location: Some(location.to_owned()), ..Self::new(StatusCode::PERMANENT_REDIRECT) }
    }

    /// Adds an entity tag: the version, and a digest of the body. Different bodies therefore have different tags, even
    /// where they differ only in data outside the version, such as the time of a login.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        let tag = Tag::new(version, self.body.as_deref().unwrap_or_default());
        Self { etag: Some(tag.to_string()), ..self }
    }

    /// Adds a link to the next page.
    #[must_use]
    pub fn next(self, target: Option<String>) -> Self {
        Self { link: target.map(|target| format!("<{target}>; rel=\"next\"")), ..self }
    }

    /// Adds a cookie.
    #[must_use]
    pub fn cookie(self, cookie: Option<String>) -> Self {
        Self { cookie, ..self }
    }

    /// The bytes that the store keeps.
    #[must_use]
    pub fn stored(&self) -> Vec<u8> {
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let stored =
            StoredResponse { status: self.status, location: self.location.clone(), etag: self.etag.clone(), body };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// The answer to a write: a new one, or the stored response.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the stored response cannot be read.
    pub fn of<T>(outcome: Outcome<T>, present: impl Fn(&T) -> Self) -> Result<Self, ApiError> {
        match outcome {
            Outcome::Done(result) => Ok(present(&result)),
            Outcome::Replayed(stored) => {
                let stored: StoredResponse<'_> =
                    serde_json::from_slice(&stored).map_err(|error| ApiError::Internal(error.to_string()))?;
                Ok(Self {
                    status: stored.status,
                    location: stored.location,
                    etag: stored.etag,
                    link: None,
                    cookie: None,
                    body: stored.body.map(|body| Bytes::copy_from_slice(body.get().as_bytes())),
                    replayed: true,
                })
            }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let has_body = self.body.is_some();
        let mut response = (status, self.body.unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let texts = [(LOCATION, self.location), (ETAG, self.etag), (LINK, self.link), (SET_COOKIE, self.cookie)];
        for (name, value) in texts {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replay_of_a_stored_response_is_byte_for_byte_equal() {
        let answer =
            Answer::created("/api/v1/x/1".to_owned(), &serde_json::json!({"b": [1.50, "é"], "a": null})).version(3);
        let again = Answer::of(Outcome::<()>::Replayed(answer.stored()), |()| Answer::nothing()).unwrap();
        assert_eq!(again, Answer { replayed: true, ..answer });
    }
}
