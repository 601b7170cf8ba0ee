//! Purchase requests: asked for, decided on, ordered, received.

mod approve;
mod body;
mod cancel;
mod close;
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

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    // Staff reach their own requests alone; the repository sees to that.
    let request = Access::Permitted(Permission::RequestPurchases);
    let decide = Access::Permitted(Permission::DecidePurchases);
    R::new()
        .query("/api/v1/purchase-requests", request, list::list, list::contract)
        .post("/api/v1/purchase-requests", request, create::create, create::contract)
        .get("/api/v1/purchase-requests/{id}", request, get::get, get::contract)
        .put("/api/v1/purchase-requests/{id}", request, replace::replace, replace::contract)
        .patch("/api/v1/purchase-requests/{id}", request, patch::patch, patch::contract)
        .delete("/api/v1/purchase-requests/{id}", request, delete::delete, delete::contract)
        .post("/api/v1/purchase-requests/{id}/submit", request, submit::submit, submit::contract)
        .post("/api/v1/purchase-requests/{id}/approve", decide, approve::approve, approve::contract)
        .post("/api/v1/purchase-requests/{id}/reject", decide, reject::reject, reject::contract)
        .post("/api/v1/purchase-requests/{id}/mark-ordered", decide, mark_ordered::mark_ordered, mark_ordered::contract)
        .post("/api/v1/purchase-requests/{id}/receive", decide, receive::receive, receive::contract)
        .post("/api/v1/purchase-requests/{id}/close", decide, close::close, close::contract)
        .post("/api/v1/purchase-requests/{id}/cancel", request, cancel::cancel, cancel::contract)
}
