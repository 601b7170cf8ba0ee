//! What stands before the product's paths under API Gateway's own address: the name of a stage. A client has to find it in
//! every path that an answer sends it to; under a domain of one's own there is none.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{LINK, LOCATION, SET_COOKIE},
};
use lambda_http::request::RequestContext as GatewayContext;

/// The path of a stage, such as `/prod`; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stage(String);

impl Stage {
    /// What the gateway saw before the path that the function was given. Of the gateway's two kinds only REST APIs take
    /// the stage away.
    pub(crate) fn of(gateway: Option<&GatewayContext>, path: &str) -> Self {
        let whole = match gateway {
            Some(GatewayContext::ApiGatewayV1(context)) => context.path.as_deref(),
            Some(_) | None => None,
        };
        let before = whole.and_then(|whole| whole.strip_suffix(path)).unwrap_or_default();
        Self(before.trim_end_matches('/').to_owned())
    }

    /// The path as text.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0
    }

    /// Puts it before every path in the headers of an answer.
    pub(crate) fn lead(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let mut replace = |name: HeaderName, before: &str, lead: &str| {
            let Some(text) = headers.get(&name).and_then(|value| value.to_str().ok()) else { return };
            let led = text.replacen(&format!("{before}/"), &format!("{lead}/"), 1);
            if let Ok(value) = HeaderValue::from_str(&led) {
                headers.insert(name, value);
            }
        };
        replace(LOCATION, "", &self.0);
        replace(LINK, "<", &format!("<{}", self.0));
        replace(SET_COOKIE, "Path=", &format!("Path={}", self.0));
    }
}
