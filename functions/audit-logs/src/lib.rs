//! The audit log: actor, action, time and origin of every change, with the values before and after it.

mod get;
mod list;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let read = Access::Permitted(Permission::ReadAuditLog);
    R::new().query("listAuditLogs", "/api/v1/audit-logs", read, list::list, list::describe).get(
        "getAuditLog",
        "/api/v1/audit-logs/{id}",
        read,
        get::get,
        get::describe,
    )
}
