//! What the product says of itself: so far, whether it is well.

mod health_check;

use stockroom_api::{Access, Routes};

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/health-check", Access::Public, health_check::health_check).get(
        "/api/v1/health-check",
        Access::Public,
        health_check::health_check,
    )
}
