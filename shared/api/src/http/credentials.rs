//! Extractors of the tenant that a request names, of the refresh cookie, and of the page that sends the request.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{
    auth::{
        browser::{Page, RefreshCookie},
        tenant::NamedTenant,
    },
    http::app::App,
    problem::ApiError,
};

impl FromRequestParts<App> for NamedTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.tenants().named(&parts.headers).map(Self)
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(app.browsers().page(&parts.headers))
    }
}

impl FromRequestParts<App> for RefreshCookie {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(app.browsers().refresh_cookie(&parts.headers))
    }
}
