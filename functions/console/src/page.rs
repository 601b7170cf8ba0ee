//! The common parts of all pages: their request, their headers, and the switch `CONSOLE_ENABLED`.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    RequestPartsExt as _,
    extract::FromRequestParts,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    request::Parts,
};
use stockroom_api::{ApiError, App, NamedTenant, RequestContext};
use stockroom_domain::organization::Subdomain;
use url::form_urlencoded;

/// The style of all pages, which each of them contains.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// Allows this style, images of this host, and forms to this host. It blocks everything else, including scripts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// The request of a page. Parameters that a page does not know are ignored, because mail programs add their own.
#[derive(Debug)]
pub(crate) struct PageRequest {
    pub(crate) app: App,
    /// The path of the stage: the first part of every path in the page.
    pub(crate) base: String,
    /// The tenant in the name of the host.
    tenant_of_host: Option<String>,
    query: Vec<(String, String)>,
}

impl FromRequestParts<App> for PageRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if !app.pages().has_console {
            return Err(ApiError::RouteNotFound);
        }
        let context: RequestContext = parts.extract_with_state(app).await?;
        let NamedTenant(tenant_of_host) = parts.extract_with_state(app).await?;
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Ok(Self { app: app.clone(), base: context.stage.path().to_owned(), tenant_of_host, query })
    }
}

impl PageRequest {
    /// The first value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The token of a mailed link: letters, digits, `-` and `_`. `None` if the link was cut or changed on its way.
    pub(crate) fn token(&self) -> Option<&str> {
        let is_safe = |token: &&str| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        self.parameter("token").filter(is_safe)
    }

    /// The tenant in the name of the host or in the query. Text that cannot be a tenant is ignored, so that a forged
    /// link cannot put its own text on the page.
    pub(crate) fn tenant(&self) -> Option<&str> {
        let named = self.tenant_of_host.as_deref().or_else(|| self.parameter("tenant"));
        named.filter(|tenant| tenant.parse::<Subdomain>().is_ok())
    }

    pub(crate) fn has_docs(&self) -> bool {
        self.app.pages().has_docs
    }
}

/// A rendered page.
#[derive(Debug)]
pub(crate) struct Page(Response);

impl Page {
    /// # Errors
    /// A template that fails, which none does.
    pub(crate) fn of(template: &impl Template) -> Result<Self, ApiError> {
        let html = template.render().map_err(|error| ApiError::Internal(error.to_string()))?;
        let mut response = Html(html).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::from_str(&POLICY) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        // The address of a page can contain a token, which must not reach other sites.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PERMISSIONS, HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
        Ok(Self(response))
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        *self.0.status_mut() = status;
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        self.0
    }
}
