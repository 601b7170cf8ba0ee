//! The name of a stage, which API Gateway puts before the product's paths under its own address. Every path in an
//! answer must have it. A custom domain has none.

use http::{
    HeaderMap, HeaderValue,
    header::{LINK, LOCATION, SET_COOKIE},
};
use lambda_http::request::RequestContext as GatewayContext;

/// The path of a stage, such as `/prod`; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stage(String);

impl Stage {
    /// The part of the gateway's path before the path of the function. Only events of REST APIs have one: the product
    /// is deployed as a REST API, and local tools send events of HTTP APIs.
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

    /// Adds it to every path in the headers of an answer.
    pub(crate) fn lead(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        for (name, value) in headers.iter_mut() {
            let before = if name == LOCATION {
                ""
            } else if name == LINK {
                "<"
            } else if name == SET_COOKIE {
                "Path="
            } else {
                continue;
            };
            let Ok(text) = value.to_str() else { continue };
            // An absolute URL stays unchanged.
            let path = text.find(&format!("{before}/")).filter(|at| *at == 0 || name == SET_COOKIE);
            let Some(at) = path.map(|at| at.saturating_add(before.len())) else { continue };
            let led = text.split_at_checked(at).map(|(start, path)| format!("{start}{}{path}", self.0));
            if let Some(Ok(led)) = led.map(|led| HeaderValue::from_str(&led)) {
                *value = led;
            }
        }
    }
}
