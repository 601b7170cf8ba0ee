//! Domain events: what happened, as a list or as a feed to follow.

mod get;
mod list;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadEvents);
    Routes::new().query("/api/v1/events", read, list::list).get("/api/v1/events/{id}", read, get::get)
}
