//! How a refresh token travels: in the body, or in a cookie that no script can read.

use serde::Serialize;
use stockroom_api::{Answer, FromJson, Node, TokenPair, describe};
use stockroom_domain::fault::Fault;

/// The cookie's name.
pub(crate) const COOKIE: &str = "refresh_token";
const ATTRIBUTES: &str = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth";

/// Where the refresh token goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    Body,
    Cookie,
}

describe!(Delivery: {"type": "string", "enum": ["body", "cookie"]});

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

/// The answer that hands out both tokens.
pub(crate) fn deliver(mut tokens: TokenPair, delivery: Delivery) -> Answer {
    let lifetime = tokens.refresh_expires_in;
    let cookie = match delivery {
        Delivery::Body => None,
        Delivery::Cookie => {
            tokens.refresh_token.take().map(|token| format!("{COOKIE}={token}; Max-Age={lifetime}; {ATTRIBUTES}"))
        }
    };
    Answer::ok(&tokens).cookie(cookie)
}

/// Takes the cookie away.
pub(crate) fn forget() -> String {
    format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}")
}
