//! Between Lambda and a router.

use std::convert::Infallible;

use axum::Router;
use http::{HeaderMap, header::HOST};
use lambda_http::{Adapter, LambdaEvent, Service as _, request::LambdaRequest};
use lambda_runtime::{Diagnostic, Error, service_fn};
use stockroom_runtime::{Group, Runtime};

use crate::{http::app::App, serve::routes::Routes};

/// Runs a function until its process ends: settings, client and a first connection to the table, then one event after
/// the other.
///
/// # Errors
/// Settings that cannot be used, or a Lambda runtime that cannot be reached.
pub async fn serve(operations: Routes) -> Result<(), Error> {
    serve_app(App::new(&Runtime::start(&[Group::Http])?)?, operations).await
}

/// As [`serve`], for an application that is there already.
///
/// # Errors
/// A Lambda runtime that cannot be reached.
pub async fn serve_app(app: App, operations: Routes) -> Result<(), Error> {
    // The connection belongs to the start, which runs at full speed; a table that is away is the first request's
    // matter.
    if let Err(error) = app.store().ping().await {
        tracing::warn!(%error, "the table did not respond at start-up");
    }
    let router = operations.into_router(&app);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<LambdaRequest>| {
        let answer = handle(router.clone(), event);
        async move { answer.await.map_err(|never| -> Diagnostic { match never {} }) }
    }))
    .await
}

/// Answers one event with a router.
pub fn handle(
    router: Router,
    mut event: LambdaEvent<LambdaRequest>,
) -> impl Future<Output = Result<impl serde::Serialize + Send + use<>, Infallible>> + Send + use<> {
    prepare(&mut event.payload);
    Adapter::from(router).call(event)
}

/// Puts right what the adapter would lose or trip over.
fn prepare(request: &mut LambdaRequest) {
    match request {
        LambdaRequest::ApiGatewayV1(event) => {
            // The stage is no part of the paths that routers know.
            event.request_context.stage = None;
            // Both hold the same headers, the single-valued ones only their last values; merged, a second
            // `Authorization` would vanish unseen.
            if !event.multi_value_headers.is_empty() {
                event.headers = HeaderMap::new();
            }
            // The adapter would make a URL of it; paths are all that routers know, and hosts are read from the header.
            event.request_context.domain_name = None;
            drop_unusable_host(&mut event.headers);
            drop_unusable_host(&mut event.multi_value_headers);
        }
        LambdaRequest::ApiGatewayV2(event) => {
            // Unlike the first kind, this one carries a named stage in its path.
            if let (Some(stage), Some(path)) = (event.request_context.stage.take(), &mut event.raw_path)
                && let Some(rest) = path.strip_prefix('/').and_then(|path| path.strip_prefix(&stage))
                && rest.starts_with('/')
            {
                *path = rest.to_owned();
            }
            event.request_context.domain_name = None;
            drop_unusable_host(&mut event.headers);
        }
        _ => {}
    }
}

/// The adapter makes a URL of the host and panics where that cannot be.
fn drop_unusable_host(headers: &mut HeaderMap) {
    let usable = |host: &http::HeaderValue| {
        host.to_str().is_ok_and(|host| {
            url::Url::parse(&format!("https://{host}/")).is_ok() && !host.contains(['/', '?', '#', '@'])
        })
    };
    if headers.get(HOST).is_some_and(|host| !usable(host)) {
        headers.remove(HOST);
    }
}
