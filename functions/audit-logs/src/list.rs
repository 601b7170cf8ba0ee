//! `GET /audit-logs`: lists audit entries, newest first.
//!
//! Tests: `tests/api/log/filters.rs`, `tests/api/log/audit.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, ListQuery, Listing, Operation, RequestStore, Scope, request_query};
use stockroom_domain::{
    id::{EntityId, UserId},
    log::{Action, Entity},
    time::Timestamp,
};
use stockroom_store::EntryFilter;

use crate::view::EntryView;

request_query! {
    /// Filters of the audit log.
    pub(crate) struct Entries(EntryFilter) {
        /// Only changes of this kind of resource.
        optional entity: Entity,
        /// Only changes of the resource with this id.
        optional entity_id: EntityId,
        /// Only changes by the user with this id.
        optional actor as "actor_id": UserId,
        /// Only this action.
        optional action: Action,
        /// Only changes at this time or later (RFC 3339). Compared with `created_at`, inclusive.
        #[example = "2026-11-01T00:00:00Z"]
        optional from: Timestamp,
        /// Only changes before this time (RFC 3339). Compared with `created_at`, exclusive.
        #[example = "2026-12-01T00:00:00Z"]
        optional to: Timestamp,
    }
}

impl ListQuery for Entries {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Entries>) -> Result<Answer, ApiError> {
    let Entries(filter) = &listing.filter;
    let page = store.audit_log(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, EntryView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List audit entries").pages::<EntryView<'_>>().link("getAuditLog", "id", "$response.body#/items/0/id");
}
