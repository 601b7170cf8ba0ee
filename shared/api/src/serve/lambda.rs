//! Conversion between Lambda events and a router.

use std::convert::Infallible;

use axum::Router;
use http::{HeaderMap, header::HOST};
use lambda_http::{Adapter, LambdaEvent, Service as _, request::LambdaRequest};
use lambda_runtime::{Diagnostic, Error, service_fn};
use stockroom_runtime::{Group, Runtime};

use crate::{http::app::App, serve::routes::Routes};

/// Runs a function until its process ends: settings, client and a first connection to the table, then event after
/// event.
///
/// # Errors
/// Invalid settings, or an unreachable Lambda runtime.
pub async fn serve(operations: Routes) -> Result<(), Error> {
    serve_app(App::new(&Runtime::start(&[Group::Http])?)?, operations).await
}

/// Like [`serve`], for an existing application.
///
/// # Errors
/// An unreachable Lambda runtime.
pub async fn serve_app(app: App, operations: Routes) -> Result<(), Error> {
    // Connecting belongs to the start, which runs at full speed. If the table is unreachable, the first request reports
    // it.
    if let Err(error) = app.store().connect().await {
        tracing::warn!(%error, "cannot connect to the table at start-up");
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

/// Corrects events that the adapter would misread.
fn prepare(request: &mut LambdaRequest) {
    match request {
        LambdaRequest::ApiGatewayV1(event) => {
            // The stage is not part of the paths of the router.
            event.request_context.stage = None;
            // Both maps hold the same headers, the single-valued one only their last values. Merging them would
            // silently drop a second `Authorization`. The adapter would also build a URL from the host in the
            // single-valued map; routers need paths only.
            let single = std::mem::take(&mut event.headers);
            if event.multi_value_headers.is_empty() {
                event.multi_value_headers = single;
            }
            // The adapter would take the host from here instead.
            event.request_context.domain_name = None;
        }
        LambdaRequest::ApiGatewayV2(event) => {
            // Unlike events of REST APIs, this kind has a named stage in its path.
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

/// The adapter builds a URL from the host and panics if that is not possible.
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
