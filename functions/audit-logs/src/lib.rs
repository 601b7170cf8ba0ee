//! The audit log: who did what, when, from where, and what it changed.

mod get;
mod list;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadAuditLog);
    Routes::new().query("/api/v1/audit-logs", read, list::list).get("/api/v1/audit-logs/{id}", read, get::get)
}
