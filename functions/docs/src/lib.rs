//! What the product says of itself: how it is used, and whether it is well.

mod asset;
mod docs;
mod health_check;
mod openapi;
mod page;
mod redoc;

use stockroom_api::{Access, Routing};

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let anyone = Access::Public;
    R::new()
        .get("/docs", anyone, docs::docs, docs::contract)
        .get("/docs/{file}", anyone, asset::asset, asset::contract)
        .get("/redoc", anyone, redoc::redoc, redoc::contract)
        .get("/openapi.json", anyone, openapi::openapi, openapi::contract)
        .get("/health-check", anyone, health_check::health_check, health_check::contract)
        .get("/api/v1/health-check", anyone, health_check::health_check, health_check::contract)
}
