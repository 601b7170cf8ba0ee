//! Purchase requests: drafts, decisions, receipts and closing.

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

mod submit;
mod transition;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    // The repository limits staff to their own requests.
    let request = Access::Permitted(Permission::RequestPurchases);
    let decide = Access::Permitted(Permission::DecidePurchases);
    R::new()
        .query("listPurchaseRequests", "/api/v1/purchase-requests", request, list::list, list::describe)
        .idempotent_post(
            "createPurchaseRequest",
            "/api/v1/purchase-requests",
            request,
            create::create,
            create::describe,
        )
        .get("getPurchaseRequest", "/api/v1/purchase-requests/{id}", request, get::get, get::describe)
        .put("replacePurchaseRequest", "/api/v1/purchase-requests/{id}", request, replace::replace, replace::describe)
        .patch("updatePurchaseRequest", "/api/v1/purchase-requests/{id}", request, patch::patch, patch::describe)
        .delete("deletePurchaseRequest", "/api/v1/purchase-requests/{id}", request, delete::delete, delete::describe)
        .idempotent_post(
            "submitPurchaseRequest",
            "/api/v1/purchase-requests/{id}/submit",
            request,
            submit::submit,
            submit::describe,
        )
        .idempotent_post(
            "approvePurchaseRequest",
            "/api/v1/purchase-requests/{id}/approve",
            decide,
            approve::approve,
            approve::describe,
        )
        .idempotent_post(
            "rejectPurchaseRequest",
            "/api/v1/purchase-requests/{id}/reject",
            decide,
            reject::reject,
            reject::describe,
        )
        .idempotent_post(
            "markPurchaseRequestOrdered",
            "/api/v1/purchase-requests/{id}/mark-ordered",
            decide,
            mark_ordered::mark_ordered,
            mark_ordered::describe,
        )
        .idempotent_post(
            "receivePurchaseRequest",
            "/api/v1/purchase-requests/{id}/receive",
            decide,
            receive::receive,
            receive::describe,
        )
        .idempotent_post(
            "closePurchaseRequest",
            "/api/v1/purchase-requests/{id}/close",
            decide,
            close::close,
            close::describe,
        )
        .idempotent_post(
            "cancelPurchaseRequest",
            "/api/v1/purchase-requests/{id}/cancel",
            request,
            cancel::cancel,
            cancel::describe,
        )
}
