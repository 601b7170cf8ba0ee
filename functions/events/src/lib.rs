//! Domain events, as a list or as a gap-free feed.

mod get;
mod list;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let read = Access::Permitted(Permission::ReadEvents);
    R::new().query("listEvents", "/api/v1/events", read, list::list, list::describe).get(
        "getEvent",
        "/api/v1/events/{id}",
        read,
        get::get,
        get::describe,
    )
}
