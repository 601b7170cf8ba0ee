//! Delivery of the refresh token: in the body, or in a cookie that scripts cannot read.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header::SET_COOKIE};
use serde::Serialize;
use stockroom_api::{Answer, ApiError, FromJson, Node, RefreshCookie, TokenPair, describe};
use stockroom_domain::fault::Fault;
use stockroom_store::StoreError;

const ATTRIBUTES: &str = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth";

/// Where the refresh token is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    Body,
    Cookie,
}

describe!(Delivery as "TokenDelivery": {
    "description": "Where the refresh token is returned. `cookie` keeps it out of the body, so that scripts cannot \
                    read it.",
    "type": "string", "enum": ["body", "cookie"], "examples": ["body"],
});

impl std::str::FromStr for Delivery {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text {
            "body" => Ok(Self::Body),
            "cookie" => Ok(Self::Cookie),
            _ => Err(Fault::new("unknown_value", "must be body or cookie")),
        }
    }
}

impl FromJson for Delivery {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        String::from_json(node)?.parse()
    }
}

/// The answer with both tokens.
pub(crate) fn deliver(mut tokens: TokenPair, delivery: Delivery, cookie_name: &str) -> Answer {
    let lifetime = tokens.refresh_expires_in;
    let cookie = match delivery {
        Delivery::Body => None,
        Delivery::Cookie => {
            let set = |token| format!("{cookie_name}={token}; Max-Age={lifetime}; {ATTRIBUTES}");
            tokens.refresh_token.take().map(set)
        }
    };
    Answer::ok(&tokens).cookie(cookie)
}

/// Clears the cookie, if the request has one.
pub(crate) fn forget(cookie: &RefreshCookie) -> Option<String> {
    cookie.is_there().then(|| format!("{}=; Max-Age=0; {ATTRIBUTES}", cookie.name()))
}

/// A refusal that may clear the cookie.
#[derive(Debug)]
pub(crate) struct Refused {
    error: ApiError,
    cookie: Option<String>,
}

impl Refused {
    /// A refusal of invalid tokens, whose cookie is cleared too.
    pub(crate) fn forgetting(error: ApiError, cookie: &RefreshCookie) -> Self {
        Self { error, cookie: forget(cookie) }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self { error, cookie: None }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.error.into_response();
        if let Some(cookie) = self.cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}
