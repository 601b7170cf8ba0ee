//! Purchase requests: asked for, decided on, ordered, received.

mod approve;
mod body;
mod cancel;
mod create;
mod delete;
mod get;
mod list;
mod mark_ordered;
mod patch;
mod receive;
mod reject;
mod replace;
mod step;
mod submit;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    // Staff reach their own requests alone; the repository sees to that.
    let request = Access::Permitted(Permission::RequestPurchases);
    let decide = Access::Permitted(Permission::DecidePurchases);
    Routes::new()
        .query("/api/v1/purchase-requests", request, list::list)
        .post("/api/v1/purchase-requests", request, create::create)
        .get("/api/v1/purchase-requests/{id}", request, get::get)
        .put("/api/v1/purchase-requests/{id}", request, replace::replace)
        .patch("/api/v1/purchase-requests/{id}", request, patch::patch)
        .delete("/api/v1/purchase-requests/{id}", request, delete::delete)
        .post("/api/v1/purchase-requests/{id}/submit", request, submit::submit)
        .post("/api/v1/purchase-requests/{id}/approve", decide, approve::approve)
        .post("/api/v1/purchase-requests/{id}/reject", decide, reject::reject)
        .post("/api/v1/purchase-requests/{id}/mark-ordered", decide, mark_ordered::mark_ordered)
        .post("/api/v1/purchase-requests/{id}/receive", decide, receive::receive)
        .post("/api/v1/purchase-requests/{id}/cancel", request, cancel::cancel)
}
