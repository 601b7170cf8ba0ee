//! Data about a request that does not depend on its credentials.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header::USER_AGENT, request::Parts};
use lambda_http::request::RequestContext as GatewayContext;
use stockroom_store::{Admission, Meter, Origin, Store};

use crate::{
    http::{app::App, limits::Hashes, stage::Stage},
    problem::ApiError,
};

/// A request's id, origin and cost.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The gateway's id of the request, in every answer and log line.
    pub id: String,
    /// The address as the gateway saw it; never from a header.
    pub ip: Option<String>,
    /// The request's `User-Agent`.
    pub user_agent: Option<String>,
    /// The name of the stage, which clients see before all paths.
    pub stage: Stage,
    /// Counts the cost of the request at the table.
    pub meter: Meter,
    /// The rate limits that the request counts against.
    pub(crate) admission: Admission,
    /// The number of passwords it has hashed.
    pub(crate) hashes: Hashes,
}

impl RequestContext {
    pub(crate) fn of(
        headers: &HeaderMap,
        path: &str,
        gateway: Option<&GatewayContext>,
        fallback_id: impl FnOnce() -> String,
    ) -> Self {
        let (id, ip) = match gateway {
            Some(GatewayContext::ApiGatewayV1(context)) => {
                (context.request_id.clone(), context.identity.source_ip.clone())
            }
            Some(GatewayContext::ApiGatewayV2(context)) => (context.request_id.clone(), context.http.source_ip.clone()),
            Some(_) | None => (None, None),
        };
        let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            id: id.unwrap_or_else(fallback_id),
            ip,
            user_agent,
            stage: Stage::of(gateway, path),
            meter: Meter::default(),
            admission: Admission::default(),
            hashes: Hashes::default(),
        }
    }

    /// The store with this request's meter and limits.
    pub(crate) fn store(&self, app: &App) -> Store {
        app.store().metered(self.meter.clone()).admitting(self.admission.clone())
    }

    /// The origin as the log stores it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { ip: self.ip.clone(), user_agent: self.user_agent.clone(), request_id: self.id.clone() }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let context = parts.extensions.get::<Self>();
        context
            .cloned()
            .ok_or_else(|| ApiError::Internal("the request has no context: the edge middleware did not run".to_owned()))
    }
}

/// The store with this request's meter and limits.
#[derive(Debug)]
pub struct RequestStore(Store);

impl Deref for RequestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

impl FromRequestParts<App> for RequestStore {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let context = RequestContext::from_request_parts(parts, app).await?;
        Ok(Self(context.store(app)))
    }
}
