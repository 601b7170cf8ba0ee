//! API documentation and health check.

mod asset;
mod docs;
mod docs_redirect;
mod entry;
mod health_check;
mod openapi;
mod page;
mod redoc;
mod redoc_redirect;

use stockroom_api::{Access, Routing};

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let anyone = Access::Public;
    R::new()
        .query("getDocs", "/docs", anyone, docs::docs, docs::describe)
        .get("getDocsAsset", "/docs/{file}", anyone, asset::asset, asset::describe)
        .get("getRedoc", "/redoc", anyone, redoc::redoc, redoc::describe)
        .get("getOpenApi", "/openapi.json", anyone, openapi::openapi, openapi::describe)
        .get("getEntryPoint", "/api/v1", anyone, entry::entry, entry::describe)
        .page("getApiDocs", "/api/v1/docs", docs_redirect::docs_redirect)
        .page("getApiRedoc", "/api/v1/redoc", redoc_redirect::redoc_redirect)
        .get("getHealth", "/health-check", anyone, health_check::health_check, health_check::describe)
        .get("getApiHealth", "/api/v1/health-check", anyone, health_check::health_check, health_check::describe)
}
